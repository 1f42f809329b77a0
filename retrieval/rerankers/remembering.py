"""Scores that were paid for, in memory: a question that is searched again asks only for the texts that are new."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence

from retrieval.rerankers import Reranker

MOST = 20_000
"""Scores that are kept, those asked for last; some 3 MB."""


class Remembering:
    """A `Reranker` that asks another one once for each question and text."""

    def __init__(self, reranker: Reranker, most: int = MOST) -> None:
        self.name = reranker.name
        self._reranker = reranker
        self._most = most
        self._scores: OrderedDict[bytes, float] = OrderedDict()

    async def rerank(self, question: str, texts: Sequence[str]) -> list[float]:
        keys = [_key(question, text) for text in texts]
        known = {key: self._scores[key] for key in keys if key in self._scores}
        wanted = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if wanted:
            known |= zip(wanted, await self._reranker.rerank(question, list(wanted.values())), strict=True)
        for key in keys:
            self._scores[key] = known[key]
            self._scores.move_to_end(key)
        while len(self._scores) > self._most:
            self._scores.popitem(last=False)
        return [known[key] for key in keys]

    async def close(self) -> None:
        await self._reranker.close()


def _key(question: str, text: str) -> bytes:
    """A name for the pair, whatever is in the two."""
    return hashlib.blake2b(f"{len(question)}\0{question}{text}".encode(), digest_size=16).digest()
