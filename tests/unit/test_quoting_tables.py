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
FROM_TEXT = "Prices are per month.\n\nSeed | 19 EUR | 5\nOrchard | 79 EUR | 50\n\nAnnual payment saves two months."


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
    assert support(first["text"], [row["quote"], head["quote"]]) > 0.9


async def test_a_row_without_a_head_is_read_by_its_cells() -> None:
    (first, *_) = await quoted("What does the Orchard plan cost?", FROM_TEXT)
    assert first["text"] == "Orchard, 79 EUR, 50"
    assert [one["quote"] for one in first["citations"]] == ["Orchard | 79 EUR | 50"]


async def test_a_passage_that_begins_within_a_table_has_no_head() -> None:
    (first, *_) = await quoted("What does the Orchard plan cost?", "| Seed | 19 EUR | 5 |\n| Orchard | 79 EUR | 50 |\n")
    assert first["text"] == "Orchard, 79 EUR, 50"
    (first, *_) = await quoted("What does the Seed plan cost?", "| Seed | 19 EUR | 5 |\n| Orchard | 79 EUR | 50 |\n")
    assert first["text"] == "Seed, 19 EUR, 5"


async def test_neither_a_head_nor_the_line_under_it_is_quoted() -> None:
    assert all(one["text"] != "Plan, Price, Users" for one in await quoted("Which plan, price and users?", MARKDOWN))


def test_rows_are_sentences_of_their_own_and_what_follows_a_table_too() -> None:
    for text in (MARKDOWN, FROM_TEXT):
        found = [text[start:end] for start, end in sentences(text)]
        assert "Annual payment saves two months." in found
        assert any(one.strip("| ") == "Orchard | 79 EUR | 50" for one in found)
    after = "| a | b |\n| c | d |\nThen it goes on."
    assert [after[start:end] for start, end in sentences(after)] == ["| a | b |", "| c | d |", "Then it goes on."]


@pytest.mark.parametrize("text", ["a || b", "x = y | z", "Either this or that.", "cat log | grep x; echo"])
def test_code_is_no_row(text: str) -> None:
    assert not is_row(text)


def test_cells_that_do_not_fit_the_head_stand_alone() -> None:
    assert in_words("| a | b |", "| one | two | three |") == "a, b"
    assert in_words("| a |  | c |", "| one | two | three |") == "one: a, three: c"
