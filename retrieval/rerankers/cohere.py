"""Cohere's rerank models through its own client. The extra `cohere`.

API: https://docs.cohere.com/reference/rerank (v2). A hundred texts are one search unit, which is what is billed.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from pydantic import SecretStr

from retrieval.cohere_client import OPTIONS, CohereClient, CohereFailed
from retrieval.errors import RerankerAway
from retrieval.metering import Meter, metered

BATCH = 100
MAX_CHARS, MAX_QUESTION_CHARS = 8_000, 4_000
Ranked = Sequence[tuple[int, float]]
"""Which of the texts, and its score."""

log = structlog.get_logger()


class CohereReranker:
    """A `Reranker`."""

    def __init__(self, model: str, key: SecretStr, url: str = "", meter: Meter | None = None) -> None:
        self.name = f"cohere:{model}"
        self._model = model
        self._meter = meter
        self._client = CohereClient(key, url)

    async def rerank(self, question: str, texts: Sequence[str]) -> list[float]:
        scores = [0.0] * len(texts)
        asked = [n for n, text in enumerate(texts) if question.strip() and text.strip()]
        for start in range(0, len(asked), BATCH):
            batch = asked[start : start + BATCH]
            ranked = await self._ranked(question[:MAX_QUESTION_CHARS], [texts[n][:MAX_CHARS] for n in batch])
            for index, score in ranked:
                scores[batch[index]] = score
        return scores

    async def close(self) -> None:
        await self._client.close()

    async def _ranked(self, question: str, texts: list[str]) -> Ranked:
        async def call() -> tuple[Ranked, int]:
            answer = await self._client.v2.rerank(
                model=self._model, query=question, documents=texts, request_options=OPTIONS
            )
            billed = answer.meta.billed_units if answer.meta else None
            ranked = [(int(one.index), float(one.relevance_score)) for one in answer.results]
            return ranked, int(billed.search_units or 0) if billed else 0

        try:
            async with metered(self._meter, self.name, "rerank", texts) as spent:
                ranked, spent.searches = await self._client.ask(self.name, call)
        except CohereFailed as error:
            raise RerankerAway(str(error)) from error
        log.info("reranked", model=self.name, texts=len(texts), units=spent.searches)
        if sorted(index for index, _ in ranked) != list(range(len(texts))):
            raise RerankerAway(f"{self.name} gave {len(ranked)} scores for {len(texts)} texts, or not one for each")
        if not all(0 <= score <= 1 for _, score in ranked):
            raise RerankerAway(f"{self.name} gave a score that is not between 0 and 1")
        return ranked
