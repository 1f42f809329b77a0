"""A row of a table is quoted as people read it out, behind the names of its columns."""

from __future__ import annotations

import pytest

from agent.evidence import Evidence, Sentence
from agent.quoting import QuotingWriter
from agent.support import support
from agent.table_rows import in_words, is_row
from retrieval.sentences import sentences

MARKDOWN = """Prices are per month.

| Plan | Price | Users |
|------|------:|:-----:|
| Seed | 19 EUR | 5 |
| Orchard | 79 EUR | 50 |
| Estate | 240 EUR | 500 |

Annual payment saves two months."""


def evidence(text: str) -> Evidence:
    return Evidence(
        passage="p#0",
        document="p",
        title="Pricing",
        headings=[],
        text=text,
        start=100,
        end=100 + len(text),
        uri="",
        score=1.0,
        similarity=0.9,
        via="meaning",
    )


async def quoted(question: str, text: str) -> list[Sentence]:
    return [one async for one in QuotingWriter().write(question, [evidence(text)])]


@pytest.mark.parametrize("text", [MARKDOWN, MARKDOWN.replace("|------|------:|:-----:|\n", "")], ids=["ruled", "read"])
@pytest.mark.parametrize("question", ["What does the Orchard plan cost?", "Which plan has a price of 79 EUR?"])
async def test_a_row_is_read_with_its_head(question: str, text: str) -> None:
    (first, *_) = await quoted(question, text)
    assert first["text"] == "Plan: Orchard, Price: 79 EUR, Users: 50"
    row, head = first["citations"]
    assert row["quote"] == "| Orchard | 79 EUR | 50 |"
    assert head["quote"] == "| Plan | Price | Users |"
    for one in (row, head):
        assert text[one["start"] - 100 : one["end"] - 100] == one["quote"]
    assert support(first["text"], [row["quote"], head["quote"]]) == 1.0
    assert support(first["text"].replace("79", "97"), [row["quote"], head["quote"]]) == 0.0


async def test_a_passage_that_begins_within_a_table_has_no_head() -> None:
    (first, *_) = await quoted("What does the Orchard plan cost?", "| Seed | 19 EUR | 5 |\n| Orchard | 79 EUR | 50 |\n")
    assert first["text"] == "Orchard, 79 EUR, 50"
    (first, *_) = await quoted("What does the Seed plan cost?", "| Seed | 19 EUR | 5 |\n| Orchard | 79 EUR | 50 |\n")
    assert first["text"] == "Seed, 19 EUR, 5"


async def test_neither_a_head_nor_the_line_under_it_is_quoted() -> None:
    assert all(one["text"] != "Plan, Price, Users" for one in await quoted("Which plan, price and users?", MARKDOWN))


def test_rows_are_sentences_of_their_own_and_what_follows_a_table_too() -> None:
    found = [MARKDOWN[start:end] for start, end in sentences(MARKDOWN)]
    assert "Annual payment saves two months." in found
    assert "| Orchard | 79 EUR | 50 |" in found
    after = "| a | b |\n| c | d |\nThen it goes on."
    assert [after[start:end] for start, end in sentences(after)] == ["| a | b |", "| c | d |", "Then it goes on."]


@pytest.mark.parametrize(
    "text",
    [
        "Use `cat log | grep ERROR` to find them.",
        "It takes int | None and\ngives str | bytes back.",
        "The distance is\n|x| + |y|\nat most.",
        "| lonely | line |",
        "```\n| a | b = 1 |\n| c | d = 2 |\n```",
    ],
)
def test_what_is_no_table_stands_as_it_is(text: str) -> None:
    assert not any(is_row(text, start, end) for start, end in sentences(text))


def test_cells_that_do_not_fit_the_head_stand_alone() -> None:
    assert in_words("| a | b |", "| one | two | three |") == "a, b"
    assert in_words("| a |  | c |", "| one | two | three |") == "one: a, three: c"
