"""Knowledge of its own for a file of cases: the documents that it names, indexed apart from the team's."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, replace

from retrieval.documents import Document
from retrieval.embedders import Embedder
from retrieval.sources import Listed
from retrieval.sources.packages import PackagesSource
from retrieval.stores import Store
from retrieval.sync import Report, Syncer, embed_pending


@dataclass(frozen=True, slots=True)
class Pinned:
    """``fingerprint`` changes with a document's content; ``absent`` are documents that are not on this machine."""

    fingerprint: str
    absent: tuple[str, ...]


class Some:
    """Of the documentation that is installed (`PackagesSource`), these documents."""

    name = "pinned"
    keeps = False

    def __init__(self, wanted: Collection[str]) -> None:
        self._wanted = frozenset(wanted)
        self._packages = PackagesSource()

    async def list(self) -> AsyncIterator[Listed]:
        async for listed in self._packages.list():
            if listed.id in self._wanted:
                yield listed

    async def read(self, listed: Listed) -> Document:
        document = await self._packages.read(listed)
        return replace(document, source=self.name)


async def pin(store: Store, embedder: Embedder, wanted: Collection[str], report: Report) -> Pinned:
    """Bring the store to exactly these documents, with vectors; what has not changed is not read again."""
    await store.bind(embedder.name, embedder.dimensions)
    await Syncer(store).sync(Some(wanted), report)
    await embed_pending(store, embedder, report)
    hashes = await store.hashes(Some.name)
    told = "\n".join(f"{name} {content}" for name, content in sorted(hashes.items()))
    absent = tuple(sorted(set(wanted) - hashes.keys()))
    return Pinned(hashlib.blake2b(told.encode(), digest_size=8).hexdigest(), absent)
