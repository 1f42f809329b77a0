"""Markdown as Discord shows it."""

from __future__ import annotations

import pytest

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
        ("see https://evil.example/x.", ["see `https://evil.example/x.`"]),
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
