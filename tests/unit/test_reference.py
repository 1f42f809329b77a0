"""The reference pages say what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.page import page as benchmarks_page
from benchmarks.page import results
from bot.reference import pages
from bot.settings import Settings

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["settings.md", "commands.md"])
def test_a_reference_page_is_what_the_code_says(name: str) -> None:
    kept = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert kept == pages()[name], "run `make docs`"


def test_the_page_of_the_benchmarks_shows_their_results() -> None:
    assert (ROOT / "docs/benchmarks.md").read_text(encoding="utf-8") == benchmarks_page(results()), "run `make docs`"


def test_every_setting_says_what_it_does() -> None:
    assert not [name for name, info in Settings.model_fields.items() if not info.description]


def test_every_link_between_the_documents_leads_somewhere() -> None:
    broken = []
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:\s]+)[^):\s]*\)", page.read_text(encoding="utf-8")):
            if not (page.parent / target).exists():
                broken.append(f"{page.name}: {target}")
    assert not broken
