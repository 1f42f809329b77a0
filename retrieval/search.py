"""Finding the passages that answer: words, meaning, names, and one hop along what the best ones mention."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from retrieval.documents import Audience, Hit
from retrieval.embedders import Embedder
from retrieval.errors import RetrievalError
from retrieval.ranking import reciprocal_rank_fusion
from retrieval.stores import Store

CANDIDATES = 60


@dataclass(frozen=True, slots=True)
class Found:
    """Hits, best first, and what was plainer than usual, in words for a person."""

    hits: list[Hit]
    notes: tuple[str, ...] = ()


class Searcher:
    """Searches one store with the embedder it is bound to."""

    def __init__(self, store: Store, embedder: Embedder) -> None:
        self._store = store
        self._embedder = embedder

    async def search(self, question: str, audience: Audience, limit: int = 10) -> Found:
        """What this audience may see. Raises `StoreUnavailable` where the store can't be read."""
        words = asyncio.create_task(self._store.full_text(question, audience, CANDIDATES))
        vector = await self._embedder.query(question)
        near = await self._store.nearest(vector.tolist(), audience, CANDIDATES)
        text = await words
        return Found(reciprocal_rank_fusion([(1.0, near), (0.3, text)])[:limit])


__all__ = ["Found", "RetrievalError", "Searcher"]
