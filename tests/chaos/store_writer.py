"""A process that writes documents until it is done or killed: python -m tests.chaos.store_writer PLACE NAME COUNT.

A place is a folder of the embedded store, or a tenant on a Weaviate server: http://KEY@HOST:PORT/TENANT#GRPC_PORT.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from retrieval.chunking import chunk
from retrieval.documents import Audience, Document, content_hash
from retrieval.embedders.hashing import Hashing
from retrieval.stores import Store
from retrieval.stores.choose import open_store
from retrieval.stores.place import Weaviate
from retrieval.sync import embed_pending


def document(name: str, number: int, version: int) -> Document:
    """A document of a good many passages, each of which says which version it is of."""
    text = "\n\n".join(f"Part {part} of {name} {number} in version {version}. " + "Words. " * 150 for part in range(12))
    return Document(
        f"{name}-{number}", name, "", f"{name} {number}", text, Audience.everyone(), content_hash(text.encode())
    )


async def open_place(place: str) -> Store:
    if not place.startswith("http"):
        return await open_store(Path(place))
    at = urlsplit(place)
    url, key = f"http://{at.hostname}:{at.port}", SecretStr(at.username or "")
    return await open_store(Weaviate(url, key, int(at.fragment), at.path.removeprefix("/")))


async def main(place: str, name: str, count: int) -> None:
    store = await open_place(place)
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
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
