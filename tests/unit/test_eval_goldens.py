"""The cases that ship: enough of each kind, and every quote stands in its document."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import evals
from evals.cases import CaseFile, Expected, load
from evals.pinned import Some
from evals.running import located

GOLDENS = Path(evals.__file__).parent / "goldens"


@pytest.fixture
async def demo() -> CaseFile:
    return (await load([GOLDENS / "demo.yaml"]))[0]


async def test_there_are_enough_of_each_kind(demo: CaseFile) -> None:
    assert demo.problems == []
    kinds = Counter(case.expects for case in demo.cases)
    assert kinds[Expected.ANSWER] >= 40
    assert kinds[Expected.REFUSAL] >= 10
    assert kinds[Expected.ACTION] >= 2
    assert sum("multi-hop" in case.tags for case in demo.cases) >= 3


async def test_every_quote_stands_in_its_document(demo: CaseFile) -> None:
    source = Some(demo.sources)
    texts = {listed.id: (await source.read(listed)).text async for listed in source.list()}
    assert set(demo.sources) == texts.keys()
    quoted = [one for case in demo.cases for one in case.evidence]
    assert [one.quote for one in quoted if located(one.document, texts[one.document], one.quote) is None] == []
