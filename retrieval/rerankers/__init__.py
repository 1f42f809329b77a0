"""The port `Reranker`: how well each text answers a question, read together with it. One file an adapter.

What every adapter promises (tests/contract/test_reranker.py): one score a text, in the texts' order, from 0 to 1; what
answers scores above what does not; an empty text, a very long one and any language are no error; no more is asked
than the texts it is given; what fails is a `RerankerAway`, in bounded time; the event loop is never blocked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Reranker(Protocol):
    name: str

    async def rerank(self, question: str, texts: Sequence[str]) -> list[float]:
        """One score a text. Scores of two questions must never be compared. Raises `RerankerAway`."""
        ...

    async def close(self) -> None: ...
