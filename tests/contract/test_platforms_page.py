"""docs/platforms.md names the cases that there are."""

from __future__ import annotations

from pathlib import Path

from tests.contract import test_chat, test_conversation
from tests.contract.platforms import SUITES, cases, page, tables

PAGE = (Path(__file__).parents[2] / "docs" / "platforms.md").read_text(encoding="utf-8")


def test_the_page_names_exactly_the_cases_and_the_platforms_of_the_suites() -> None:
    written = tables(PAGE)
    for suite, platforms in ((test_chat, tuple(test_chat.STAGES)), (test_conversation, test_conversation.PLATFORMS)):
        found = written[suite.__name__.rpartition(".")[2]]
        assert list(found) == cases(suite), "run `make docs`"
        assert {tuple(on) for on in found.values()} == {platforms}
    assert list(written) == list(SUITES)


def test_every_case_passed_or_says_why_it_can_not_be() -> None:
    written = tables(PAGE)
    ended = [(case, on) for suite in written.values() for case, on in suite.items()]
    assert [case for case, on in ended if {"failed", ""} & set(on.values())] == []
    assert page(written) == PAGE
