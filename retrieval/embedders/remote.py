"""What every embedder that is asked over the network shares: batches, checks, length 1, and paying once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from retrieval.embedders.cache import VectorCache
from retrieval.errors import EmbedderAway
from retrieval.metering import Meter, metered

MAX_CHARS = 8_000
"""No passage is longer; of an attached file's or a question's text, more would be cut by the model."""
NOTHING = "."
"""Sent for an empty text, which services refuse."""
Rows = Sequence[Sequence[float]]


class Service(Protocol):
    """An embedding service: the bare call, of up to ``batch`` texts. What fails is an `EmbedderAway`.

    With the vectors come the tokens that were billed, 0 where the service does not tell.
    """

    name: str
    batch: int

    async def embed(self, texts: Sequence[str], *, query: bool) -> tuple[Rows, int]: ...

    async def close(self) -> None: ...


class Remote:
    """An `Embedder` over a service. What is no vector of the promised size is an `EmbedderAway`, and is not kept."""

    def __init__(self, service: Service, cache: VectorCache, dimensions: int, meter: Meter | None = None) -> None:
        self.name = service.name
        self.dimensions = dimensions
        self._service = service
        self._cache = cache
        self._meter = meter

    @classmethod
    async def asked(cls, service: Service, cache: VectorCache, meter: Meter | None = None) -> Self:
        """The embedder of a service whose dimensions are not known, learnt from one word."""
        embedder = cls(service, cache, 0, meter)
        embedder.dimensions = len(await embedder.query("dimensions"))
        return embedder

    async def passages(self, texts: Sequence[str], *, behind: bool = False) -> NDArray[np.float32]:
        return await self._vectors(texts, query=False)

    async def query(self, text: str) -> NDArray[np.float32]:
        vector: NDArray[np.float32] = (await self._vectors([text], query=True))[0]
        return vector

    async def close(self) -> None:
        await self._service.close()

    async def _vectors(self, texts: Sequence[str], *, query: bool) -> NDArray[np.float32]:
        """The vectors in the order of the texts; only those not had before are asked for."""
        cut = [text.replace("\0", " ")[:MAX_CHARS].strip() or NOTHING for text in texts]
        keys = [self._key(text, query=query) for text in cut]
        vectors = {key: one for key, one in (await self._cache.get(keys)).items() if self._fits(one)}
        wanted = [(key, text) for key, text in dict(zip(keys, cut, strict=True)).items() if key not in vectors]
        for start in range(0, len(wanted), self._service.batch):
            batch = wanted[start : start + self._service.batch]
            asked_for = [text for _, text in batch]
            async with metered(self._meter, self.name, "embed", asked_for) as spent:
                rows, spent.tokens = await self._service.embed(asked_for, query=query)
            fresh = dict(zip([key for key, _ in batch], self._checked(rows, len(batch)), strict=True))
            await self._cache.put(fresh)
            vectors |= fresh
        return np.array([vectors[key] for key in keys], dtype=np.float32).reshape(
            len(texts), -1 if texts else self.dimensions
        )

    def _key(self, text: str, *, query: bool) -> bytes:
        return hashlib.blake2b(f"{self.name}\0{query:d}\0{text}".encode(), digest_size=16).digest()

    def _fits(self, vector: NDArray[np.float32]) -> bool:
        return self.dimensions in {0, len(vector)}

    def _checked(self, rows: Rows, count: int) -> NDArray[np.float32]:
        try:
            vectors = np.array(rows, dtype=np.float32)
        except (ValueError, TypeError) as error:
            raise EmbedderAway(f"{self.name} gave vectors of different sizes, or none") from error
        if vectors.ndim != 2 or len(vectors) != count or not self._fits(vectors[0]):
            raise EmbedderAway(
                f"{self.name} gave vectors of the shape {vectors.shape}, not {(count, self.dimensions or 'any')}"
            )
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not (np.isfinite(lengths).all() and lengths.all()):
            raise EmbedderAway(f"{self.name} gave vectors without a direction")
        unit: NDArray[np.float32] = vectors / lengths
        return unit
