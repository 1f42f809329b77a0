"""A process that embeds what waits until it is done or killed: python -m tests.chaos.store_embedder PLACE EMBEDDER."""

from __future__ import annotations

import asyncio
import sys

from retrieval.embedders.hashing import Hashing
from retrieval.sync import embed_pending
from tests.chaos.store_writer import open_place


class Coarse(Hashing):
    """Another embedder, with vectors of another size."""

    name = "coarse-1"
    dimensions = 64


async def main(place: str, embedder: Hashing) -> None:
    store = await open_place(place)
    await store.bind(embedder.name, embedder.dimensions)
    await embed_pending(store, embedder, lambda progress: print(progress.done, flush=True))
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Coarse() if sys.argv[2] == Coarse.name else Hashing()))
