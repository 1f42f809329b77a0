"""Cohere's embedding models through its own client. The extra `cohere`.

API: https://docs.cohere.com/reference/embed (v2).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog
from cohere.core.parse_error import ParsingError
from pydantic import SecretStr

from retrieval.cohere_client import OPTIONS, CohereClient, CohereFailed
from retrieval.embedders.remote import Rows
from retrieval.errors import EmbedderAway

DIMENSIONS = 1024
"""Where the name does not say: what the third generation has, and two thirds of the fourth's most."""
BATCH = 32
"""Cohere takes 96; its client reads so many numbers in one go, and would hold the event loop for a fifth of a second."""
_FIXED = ("-v2.0", "-v3.0")
"""Models of these generations have one size, and refuse to be asked for another."""

log = structlog.get_logger()


class CohereEmbedding:
    """A `Service`."""

    batch = BATCH

    def __init__(self, model: str, dimensions: int, key: SecretStr, url: str = "") -> None:
        self.name = f"cohere:{model}@{dimensions}"
        self._model = model
        self._size: dict[str, Any] = {} if model.endswith(_FIXED) else {"output_dimension": dimensions}
        self._client = CohereClient(key, url)

    async def embed(self, texts: Sequence[str], *, query: bool) -> tuple[Rows, int]:
        async def call() -> tuple[Rows, int]:
            answer = await self._client.v2.embed(
                model=self._model,
                texts=texts,
                input_type="search_query" if query else "search_document",
                embedding_types=["float"],
                request_options=OPTIONS,
                **self._size,
            )
            if answer.embeddings.float_ is None:
                raise ParsingError
            billed = answer.meta.billed_units if answer.meta else None
            return answer.embeddings.float_, int(billed.input_tokens or 0) if billed else 0

        try:
            rows, tokens = await self._client.ask(self.name, call)
        except CohereFailed as error:
            raise EmbedderAway(str(error), error.wait) from error
        log.info("embedded", model=self.name, texts=len(texts), tokens=tokens)
        return rows, tokens

    async def close(self) -> None:
        await self._client.close()
