"""Answerable and unanswerable questions of the multi-hop sets, and what the product finds for each.

A question is made unanswerable by dropping its supporting passages from the corpus while it is asked.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.corpus import index
from benchmarks.multihop import load
from retrieval.documents import ANYTHING, Audience, Filter, Hit
from retrieval.embedders import Embedder
from retrieval.search import Searcher
from retrieval.stores.lance import LanceStore

SETS = ("musique", "hotpotqa")


@dataclass(frozen=True, slots=True)
class Asked:
    """One question, and the documents that answer it; none where they were dropped."""

    question: str
    relevant: frozenset[str]
    dropped: frozenset[str]


def asked_of(questions: list[dict[str, Any]], half: int) -> list[Asked]:
    """Every second question, once answerable and once not."""
    chosen = [(q["question"], frozenset(q["relevant"])) for n, q in enumerate(questions) if n % 2 == half]
    return [Asked(text, one, frozenset()) for text, one in chosen] + [
        Asked(text, frozenset(), one) for text, one in chosen
    ]


class Without(LanceStore):
    """The store with some documents dropped, for as long as one question is asked."""

    dropped: frozenset[str] = frozenset()

    async def full_text(self, query: str, audience: Audience, limit: int, where: Filter = ANYTHING) -> list[Hit]:
        hits = await super().full_text(query, audience, limit + 20, where)
        return [hit for hit in hits if hit.passage.document not in self.dropped][:limit]

    async def nearest(self, vector: Any, audience: Audience, limit: int, where: Filter = ANYTHING) -> list[Hit]:
        if where.documents is not None:
            where = replace(where, documents=where.documents - self.dropped)
        hits = await super().nearest(vector, audience, limit + 20, where)
        return [hit for hit in hits if hit.passage.document not in self.dropped][:limit]


@asynccontextmanager
async def opened(
    data: Path, name: str, embedder: Embedder, cache: Path | None
) -> AsyncIterator[tuple[Without, Searcher, Any]]:
    """One set indexed: the store, a searcher over it, and its questions."""
    corpus, questions = load(data, name)
    with tempfile.TemporaryDirectory() as folder:
        store = await Without.open(Path(folder) / "knowledge")
        await index(store, embedder, corpus, cache)
        yield store, Searcher(store, embedder), questions
        await store.close()
