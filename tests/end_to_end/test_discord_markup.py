"""Markdown as Discord shows it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.discord import markup

LINKS = {"https://docs.example/a"}


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("The garden opens at nine. [1]", ["The garden opens at nine. \\[1\\]"]),
        ("# One\n\ntwo **three** *four* ~~five~~ `six`", ["# One", "two **three** *four* ~~five~~ `six`"]),
        ("#### Deep", ["**Deep**"]),
        ("- a\n- b\n  - c", ["- a\n- b\n  - c"]),
        ("3. a\n4. b", ["3. a\n4. b"]),
        ("> quoted\n> words", ["> quoted\n> words"]),
        ("| a | b |\n|---|---|\n| 1 | long |", ["```\na  b\n─  ────\n1  long\n```"]),
        ("[here](https://docs.example/a)", ["[here](<https://docs.example/a>)"]),
        ("[here](https://evil.example/?q=secret)", ["here (`https://evil.example/?q=secret`)"]),
        ("see https://evil.example/x.", ["see `https://evil.example/x`."]),
        ("![picture](https://evil.example/p.png)", ["picture"]),
        ("<@123> @everyone <#5> \\[x\\](https://evil.example)", None),
        ("\\# no heading\n\\- no list", ["\\# no heading\n\\- no list"]),
        ("snake_case_name", ["snake\\_case\\_name"]),
        ("\x1b[2J\x00", ["\\[2J"]),
        ("", []),
    ],
)
def test_it_becomes_discords(source: str, shown: list[str] | None) -> None:
    found = markup.blocks(source, LINKS)
    if shown is None:
        assert found == ["\\<@123\\> @\u200beveryone \\<#5\\> \\[x\\](`https://evil.example)`"]
    else:
        assert found == shown


def test_a_mark_in_quoted_words_is_no_link_and_no_code_is_ended_by_its_content() -> None:
    assert markup.blocks("a claim [1](https://evil.example)") == ["a claim \\[1\\](`https://evil.example)`"]
    fenced = markup.blocks("````\n```\n@everyone\n````")[0]
    assert fenced.count("```") == 2


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("The [docs](https://docs.exa", "The "),
        ("The [docs", "The "),
        ("See https://docs.exa", "See "),
        ("The [docs](https://docs.example/a) say", "The [docs](https://docs.example/a) say"),
        ("The [docs](https://docs.example/a)", "The [docs](https://docs.example/a)"),
        ("It opens. [1]", "It opens. [1]"),
    ],
)
def test_half_a_link_is_not_shown(written: str, shown: str) -> None:
    assert markup.whole(written) == shown


def test_what_is_long_is_cut_at_lines_and_code_stays_code() -> None:
    lines = "\n".join(f"line {number}" for number in range(300))
    parts = markup.pieces(f"```\n{lines}\n```", 500)
    assert all(len(part) <= 500 and part.startswith("```\n") and part.endswith("\n```") for part in parts)
    assert "\n".join(part.removeprefix("```\n").removesuffix("\n```") for part in parts) == lines
    words = markup.pieces("word \\* " * 300, 100)
    assert all(len(part) <= 100 and not part.endswith("\\") for part in words)
    assert "".join(words).replace(" ", "") == "word\\*" * 300


CODE = "\n".join(f"line {number}  of code" for number in range(60))


@pytest.mark.parametrize(
    ("source", "prefix"),
    [
        (f"- item\n\n  ```\n{CODE.replace('line', '  line')}\n  ```\n", "  "),
        ("> before\n>\n> ```\n> " + CODE.replace("\n", "\n> ") + "\n> ```\n", "> "),
    ],
)
def test_code_in_a_list_or_a_quote_stays_code_where_it_is_cut(source: str, prefix: str) -> None:
    parts = [part for block in markup.blocks(source) for part in markup.pieces(block, 300)]
    assert len(parts) > 3
    assert all(len(part) <= 300 and part.count("```") == 2 for part in parts)
    lines = [line for part in parts for line in part.split("\n") if "of code" in line]
    assert lines == [f"{prefix}line {number}  of code" for number in range(60)]


@pytest.mark.parametrize(
    "whole",
    [
        "[a label of some words \\[x\\] and more](<https://docs.example/a>)",
        "`some code of a few words`",
        "`` code with a ` in it ``",
        "`https://evil.example/a b`",
    ],
)
@pytest.mark.parametrize("before", range(40, 101, 4))
def test_a_link_or_code_in_a_line_is_never_cut_in_two(whole: str, before: int) -> None:
    text = "word " * (before // 5) + "x" * (before % 5) + whole + " word" * 30
    parts = markup.pieces(text, 124)
    assert [whole in part for part in parts].count(True) == 1
    assert all(len(part) <= 124 for part in parts)


def test_a_quote_that_is_cut_goes_on_as_a_quote() -> None:
    parts = markup.pieces("> " + "quoted words " * 40, 200)
    assert len(parts) > 2
    assert all(part.startswith(("> quoted", "> words")) for part in parts)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab \n`*[]()<>\\|#->1.https:/", max_size=400))
def test_whatever_the_words_are_they_are_cut_to_size_and_nothing_is_lost(text: str) -> None:
    for block in markup.blocks(text):
        parts = markup.pieces(block, 80)
        assert all(0 < len(part) <= 80 for part in parts)
        assert re.sub(r"[\s`>]", "", "".join(parts)) == re.sub(r"[\s`>]", "", block)
