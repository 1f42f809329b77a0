"""What LangChain's `init_embeddings` names: openai:…, ollama:…, bedrock:… The extra `langchain`.

API: https://reference.langchain.com/python/langchain/embeddings/ . The provider's own package must be installed too, and
reads its key from the environment, as OPENAI_API_KEY.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from langchain.embeddings import init_embeddings
from langchain_core.embeddings import Embeddings

from retrieval.embedders.remote import Rows
from retrieval.errors import EmbedderAway

SECONDS = 20.0
"""What a call may take; within it the provider's client tries again by itself."""
WAIT = 10.0
"""Seconds after which asking again may help; what was said of it differs by provider."""


class LangChainEmbedding:
    """A `Service` over any of LangChain's embedding models."""

    batch = 64

    def __init__(self, name: str, model: Embeddings) -> None:
        self.name = name
        self._model = model

    @classmethod
    def named(cls, model: str) -> LangChainEmbedding:
        """Raises what `init_embeddings` raises: ImportError without the provider's package, ValueError for a name."""
        return cls(f"langchain:{model}", init_embeddings(model))

    async def embed(self, texts: Sequence[str], *, query: bool) -> tuple[Rows, int]:
        try:
            async with asyncio.timeout(SECONDS):
                if query:
                    return [await self._model.aembed_query(text) for text in texts], 0
                return await self._model.aembed_documents(list(texts)), 0
        except Exception as error:  # every provider has exceptions of its own, and their words may hold the key
            raise EmbedderAway(f"{self.name} failed ({type(error).__name__})", WAIT) from error

    async def close(self) -> None:
        """Providers' clients close with their connections."""
