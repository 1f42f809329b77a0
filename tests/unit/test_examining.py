"""What a night examines: each file's own documents, on the night's own bill, at nobody's cost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from agent.tables import usage
from bot.examining import examined
from bot.settings import Settings
from evals.running import AUDIENCE, missing, opened
from tests.servers.cohere import ScriptedCohere
from tests.servers.providers import KEY
from tests.servers.running import running

WAITS, FUSION = "footnote:docs/how-it-waits.md", "footnote:docs/decisions/0002-fusion.md"


def cases(tmp_path: Path, name: str, document: str, quote: str) -> Path:
    path = tmp_path / f"{name}.yaml"
    path.write_text(
        f"sources: [{document}]\ncases:\n  - id: {name}\n    question: How do I make LangGraph wait for a person?\n"
        f"    evidence:\n      - document: {document}\n        quote: {quote}\n",
        encoding="utf-8",
    )
    return path


@pytest.fixture
def url() -> Iterator[str]:
    with running(ScriptedCohere().app) as address:
        yield address


async def test_two_files_of_cases_keep_their_documents_apart(tmp_path: Path, home: Path) -> None:
    files = [
        cases(tmp_path, "waits", WAITS, "whatever stands before the call runs twice"),
        cases(tmp_path, "fusion", FUSION, "Scores are combined, not ranks"),
    ]
    for _ in range(2):
        async with examined(Settings(home=home, embedder="hashing"), files, lambda progress: None, time.time) as made:
            held = [[one.id for one in await group.subject.store.documents(AUDIENCE)] for group in made.groups]
            assert held == [[WAITS], [FUSION]]
            assert [await missing(group.cases[0], group.subject.store) for group in made.groups] == ["", ""]


async def test_what_a_case_embeds_and_reranks_is_on_the_night_s_bill_and_under_no_person_s_ceiling(
    url: str, tmp_path: Path, home: Path
) -> None:
    file = cases(tmp_path, "waits", WAITS, "whatever stands before the call runs twice")
    remote: dict[str, Any] = {"embedder": "cohere:embed-v4.0@256", "reranker": "cohere:rerank-v4.0-fast"}
    settings = Settings(home=home, cohere_key=SecretStr(KEY), cohere_url=url, **remote)
    settings = settings.model_copy(update={"budget_person": 0.0, "budget_channel": 0.0})
    async with examined(settings, [file], lambda progress: None, time.time) as made:
        (group,) = made.groups
        async with opened(group.subject) as examiner:
            outcome = await examiner.examine(group.cases[0], "tonight")
        async with made.app.records.engine.connect() as connection:
            rows = (await connection.execute(select(usage.c.channel, usage.c.purpose))).all()
    assert outcome.failed == ""
    assert {purpose for channel, purpose in rows if channel == "evals/local/tonight"} == {"embed", "rerank"}
