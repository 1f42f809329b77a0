"""docs/platforms.md names the cases that there are."""

from __future__ import annotations

from pathlib import Path

from tests.contract import test_chat
from tests.contract.platforms import cases, page, table

PAGE = (Path(__file__).parents[2] / "docs" / "platforms.md").read_text(encoding="utf-8")


def test_the_page_names_exactly_the_cases_and_the_platforms_of_the_suite() -> None:
    written = table(PAGE)
    assert list(written) == cases(test_chat), "run `make docs`"
    assert {tuple(on) for on in written.values()} == {tuple(test_chat.STAGES)}


def test_every_case_passed_or_says_why_it_can_not_be() -> None:
    written = table(PAGE)
    assert [case for case, on in written.items() if {"failed", ""} & set(on.values())] == []
    assert page(written, list(test_chat.STAGES)) == PAGE
