"""While an embedder is away, words decide: nothing fails that needs no vector."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agent.evidence import from_hit
from agent.quoting import QuotingWriter
from agent.reading import fitting
from retrieval.chunking import chunk
from retrieval.documents import Audience, Document, Hit
from retrieval.errors import EmbedderAway

QUESTION = "When does the garden open in the morning?"
TEXTS = ["Invoices are paid monthly by the office.", "The garden does open at nine in the morning."]


class Away:
    """An `Embedder` that gives nothing."""

    name = "away"
    dimensions = 3

    async def passages(self, texts: Sequence[str], *, behind: bool = False) -> NDArray[np.float32]:
        raise EmbedderAway("away answered 503 (not now)", 1.0)

    async def query(self, text: str) -> NDArray[np.float32]:
        raise EmbedderAway("away answered 503 (not now)", 1.0)

    async def close(self) -> None:
        """Nothing is held."""


def hits() -> list[Hit]:
    documents = [Document(str(n), "s", "", f"Note {n}", text, Audience.everyone(), "1") for n, text in enumerate(TEXTS)]
    return [Hit(passage, 1.0) for document in documents for passage in chunk(document)]


async def test_what_fits_a_question_is_chosen_by_its_words() -> None:
    assert [hit.passage.text for hit in await fitting(QUESTION, hits(), Away(), 1)] == [TEXTS[1]]


async def test_a_quote_is_chosen_by_its_words() -> None:
    evidence = [from_hit(hit, comparable=False) for hit in reversed(hits())]
    quoted = [one["text"] async for one in QuotingWriter(Away()).write(QUESTION, evidence)]
    assert quoted[0] == TEXTS[1]
