"""What a model wrote, and which of its sentences a person sees with which passage behind them."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from agent.evidence import Evidence, Sentence
from agent.marks import Claim, claims
from agent.models import Cited, Completion, Request
from agent.models.scripted import ScriptedModel
from agent.writing import ProseWriter

GARDEN = "The garden opens at nine in the morning and closes at six. Dogs are welcome in it."
TRAVEL = "Travel above 150 euros is approved by the head of finance. Trains are preferred to planes."


def evidence(*texts: str) -> list[Evidence]:
    return [
        Evidence(
            passage=f"p{n}",
            document=f"d{n}",
            title=f"Title {n}",
            headings=[],
            text=text,
            start=100 * n,
            end=100 * n + len(text),
            uri=f"file:///{n}",
            score=1.0,
            similarity=None,
            via="words",
        )
        for n, text in enumerate(texts, 1)
    ]


async def written(prose: str | Completion) -> list[Sentence]:
    writer = ProseWriter(ScriptedModel(lambda request: prose))
    return [sentence async for sentence in writer.write("When?", evidence(GARDEN, TRAVEL))]


def cited(sentences: list[Sentence]) -> list[tuple[str, list[str]]]:
    return [(one["text"], [citation["document"] for citation in one["citations"]]) for one in sentences]


OPENS = "The garden opens at nine in the morning."


@pytest.mark.parametrize(
    "prose",
    [
        "The garden opens at nine in the morning. [1]",
        "The garden opens at nine in the morning [1]",
        "The garden opens at nine in the morning [1].",
        "The garden opens at nine in the morning.[1]\n",
        "The garden opens at nine in the morning 【1】.",
        "The garden opens at nine in the morning [^1].",
        "[1] The garden opens at nine in the morning.",
        "The garden opens at nine in the morning.\n[1]",
        "According to [1], the garden opens at nine in the morning.",
        "Based on the passages, the garden opens at nine in the morning [1].",
        "Passage [1] states that the garden opens at nine in the morning.",
        "Here is what the passages say:\n\n- The garden opens at nine in the morning. [1]",
    ],
)
async def test_a_claim_keeps_its_passage_wherever_its_mark_stands(prose: str) -> None:
    [(text, documents)] = cited(await written(prose))
    assert text.rstrip(".") == OPENS.rstrip(".")
    assert documents == ["d1"]


@pytest.mark.parametrize("mark", ["[1, 2]", "[1,2]", "[1-2]", "[1][2]", "[1] [2]", "[2] [1] [9]"])
async def test_a_mark_of_several_passages_cites_them_all_and_none_that_was_not_given(mark: str) -> None:
    [(text, documents)] = cited(await written(f"The garden opens at nine in the morning {mark}."))
    assert text == OPENS
    assert sorted(documents) == ["d1", "d2"]


async def test_a_claim_does_not_borrow_the_mark_of_its_neighbour() -> None:
    smuggled = "Napoleon planted the garden in Paris and sold it later. The garden opens at nine in the morning [1]."
    assert cited(await written(smuggled)) == [
        ("Napoleon planted the garden in Paris and sold it later.", []),
        (OPENS, ["d1"]),
    ]
    after = await written("The garden is in building B [1]. Napoleon planted it.\nNapoleon sold it")
    assert cited(after)[1:] == [("Napoleon planted it.", []), ("Napoleon sold it", [])]


async def test_each_sentence_cites_the_words_it_rests_on() -> None:
    sentences = await written("Dogs are welcome [1]. Planes come after trains [2].")
    assert [one["citations"][0]["quote"] for one in sentences] == [
        "Dogs are welcome in it.",
        "Trains are preferred to planes.",
    ]


async def test_chinese_sentences_stand_close_together() -> None:
    assert cited(await written("花园九点开门。[1]六点关门 [2]。狗可以进。")) == [
        ("花园九点开门。", ["d1"]),
        ("六点关门。", ["d2"]),
        ("狗可以进。", []),
    ]


async def test_code_and_links_hold_no_marks() -> None:
    prose = "Use items[0], `x[1]` or [1](https://example.org/a) [2]."
    assert cited(await written(prose)) == [("Use items[0], `x[1]` or [1](https://example.org/a).", ["d2"])]


@pytest.mark.parametrize("prose", ["NO ANSWER", "NO ANSWER.\n\nThe passages say nothing of it [1].", "**No answer**"])
async def test_no_answer_is_none(prose: str) -> None:
    assert await written(prose) == []


async def test_a_provider_s_own_citations_count_where_the_prose_has_no_marks() -> None:
    prose = "It is said. The garden opens at nine in the morning."
    whole = Completion(prose, citations=(Cited(12, len(prose), ("1",)),))
    assert cited(await written(whole)) == [("It is said.", []), (OPENS, ["d1"])]


@pytest.mark.parametrize(("said", "text"), [("It opens at nine [1].", "It opens at nine."), ("DROP", None)])
async def test_a_mended_sentence_has_no_marks_and_what_can_t_be_mended_is_dropped(said: str, text: str | None) -> None:
    [sentence] = await written("The garden opens at ten in the morning [1].")
    mended = await ProseWriter(ScriptedModel(lambda request: said)).mend(sentence)
    assert (mended and mended["text"]) == text


class Slow:
    """A model that tells a character at a time."""

    name = "slow"

    def __init__(self, prose: str) -> None:
        self.prose = prose
        self.told = 0

    async def stream(self, request: Request) -> AsyncGenerator[str | Completion]:
        for char in self.prose:
            self.told += 1
            yield char
        yield Completion(self.prose)

    async def close(self) -> None:
        """Nothing is open."""


async def test_a_sentence_is_shown_as_soon_as_the_next_one_begins_and_never_a_half_one() -> None:
    model = Slow("The garden opens at nine. [1] [2] Dogs are welcome [1]. Trains are preferred. [2]")
    shown = [
        (one["text"], len(one["citations"]), model.prose[: model.told].endswith(("] D", ". T")))
        async for one in ProseWriter(model).write("When?", evidence(GARDEN, TRAVEL))
    ]
    assert shown == [
        ("The garden opens at nine.", 2, True),
        ("Dogs are welcome.", 1, True),
        ("Trains are preferred.", 1, False),
    ]


@pytest.mark.parametrize("step", [1, 2, 3, 5, 7])
def test_the_pieces_it_came_in_change_nothing(step: int) -> None:
    prose = (
        "A is b, e.g. c [1, 2]. 九点开门。[3]\n[1] It costs 3.5 euros.\n- One [^2]\n"
        "- Two.[1][3] And [so on](http://x) [2].\n[3]"
    )
    found: list[Claim] = []
    buffer = ""
    for start in range(0, len(prose), step):
        ready, buffer = claims(buffer + prose[start : start + step], more=True)
        found.extend(ready)
    assert [*found, *claims(buffer)[0]] == claims(prose)[0]
