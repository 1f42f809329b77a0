"""What is quoted beside the best sentence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agent.evidence import from_hit
from agent.quoting import QuotingWriter
from retrieval.documents import Audience, Hit, Passage

LEAVE = "Everybody has 27 days of paid leave a year."
HOTELS = "Hotels may cost up to 150 euros a night."
GARDEN = "The garden is watered on Mondays."
CARRIED = "Days of leave that are left are carried over until March."


class Near:
    """An embedder for which every sentence is as near to every question, but what is of the garden."""

    name = "near"
    dimensions = 2

    async def query(self, text: str) -> NDArray[np.float32]:
        return np.array([1.0, 0.0], dtype=np.float32)

    async def passages(self, texts: Sequence[str], *, behind: bool = False) -> NDArray[np.float32]:
        return np.array([[0.0 if GARDEN in text else 1.0, 0.0] for text in texts], dtype=np.float32)

    async def close(self) -> None:
        """Nothing is held."""


def hit(document: str, text: str) -> Hit:
    passage = Passage(f"{document}#0", document, "s", document, (), text, 0, len(text), Audience.everyone())
    return Hit(passage, 0.9, 0.95, "meaning")


async def quoted(question: str, *hits: Hit) -> list[str]:
    writer = QuotingWriter(Near())
    return [one["text"] async for one in writer.write(question, [from_hit(one) for one in hits])]


async def test_what_has_to_do_with_neither_the_question_nor_the_best_quote_is_left_out() -> None:
    found = await quoted(
        "How much vacation do I have?", hit("Holidays", LEAVE), hit("Travel", HOTELS), hit("Garden", GARDEN)
    )
    assert found == [LEAVE]


async def test_what_shares_a_word_with_the_best_quote_is_quoted_too() -> None:
    found = await quoted(
        "How much vacation do I have?", hit("Holidays", LEAVE), hit("Rules", CARRIED), hit("Garden", GARDEN)
    )
    assert found == [LEAVE, CARRIED]
