"""An embedder of hashed words: no model, instant, the same everywhere. For tests and for machines with nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from retrieval.scripts import WORD


class Hashing:
    """An `Embedder` after the hashing trick (Weinberger et al., ICML 2009): texts that share words are near."""

    name = "hashing-1"
    dimensions = 256

    async def passages(self, texts: Sequence[str], *, behind: bool = False) -> NDArray[np.float32]:
        return np.array([self._vector(text) for text in texts], dtype=np.float32).reshape(-1, self.dimensions)

    async def query(self, text: str) -> NDArray[np.float32]:
        return self._vector(text)

    async def close(self) -> None:
        """Nothing is held."""

    def _vector(self, text: str) -> NDArray[np.float32]:
        vector = np.zeros(self.dimensions, dtype=np.float32)
        for token in WORD.findall(text[:20_000].lower()) or ["\0"]:
            digest = hashlib.blake2b(token.encode(), digest_size=8).digest()
            vector[int.from_bytes(digest[:4], "big") % self.dimensions] += 1.0 if digest[4] & 1 else -1.0
        norm = float(np.linalg.norm(vector))
        if norm == 0:
            vector[0] = norm = 1.0
        return vector / norm
