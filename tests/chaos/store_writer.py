"""A process that writes documents until it is done or killed: python -m tests.chaos.store_writer FOLDER NAME COUNT."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from retrieval.chunking import chunk
from retrieval.documents import Audience, Document, content_hash
from retrieval.embedders.hashing import Hashing
from retrieval.stores.lance import LanceStore
from retrieval.sync import embed_pending


def document(name: str, number: int, version: int) -> Document:
    """A document of a good many passages, each of which says which version it is of."""
    text = "\n\n".join(f"Part {part} of {name} {number} in version {version}. " + "Words. " * 150 for part in range(12))
    return Document(
        f"{name}-{number}", name, "", f"{name} {number}", text, Audience.everyone(), content_hash(text.encode())
    )


async def main(folder: Path, name: str, count: int) -> None:
    store = await LanceStore.open(folder)
    await store.bind(Hashing.name, Hashing.dimensions)
    for number in range(count):
        for version in (1, 2):
            whole = document(name, number, version)
            await store.put([(whole, chunk(whole))])
            print(number, version, flush=True)
        if number % 4 == 3:
            await embed_pending(store, Hashing(), lambda progress: None)
            await store.optimize()
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
