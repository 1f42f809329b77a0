"""An embedder that computes each text once: for benchmarks that ask the same of several."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from retrieval.embedders import Embedder


class Remembering:
    """The embedder, which computes each text once."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._kept: dict[str, NDArray[np.float32]] = {}
        self.name, self.dimensions = embedder.name, embedder.dimensions

    async def passages(self, texts: Sequence[str], *, behind: bool = False) -> NDArray[np.float32]:
        fresh = [text for text in dict.fromkeys(texts) if text not in self._kept]
        if fresh:
            self._kept |= dict(zip(fresh, await self._embedder.passages(fresh), strict=True))
        return np.stack([self._kept[text] for text in texts])

    async def query(self, text: str) -> NDArray[np.float32]:
        key = f"?{text}"
        if key not in self._kept:
            self._kept[key] = await self._embedder.query(text)
        return self._kept[key]

    async def close(self) -> None:
        await self._embedder.close()
