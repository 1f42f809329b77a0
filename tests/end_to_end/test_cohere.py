"""Embedding and reranking at Cohere's: the product as a process, and Cohere on loopback."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bot.doctor import examine
from bot.settings import load_settings
from tests.end_to_end.conftest import footnote
from tests.servers.cohere import ScriptedCohere
from tests.servers.providers import KEY, Fail
from tests.servers.running import running

EMBEDDER = "cohere:embed-v4.0@256"


def environment(url: str, key: str = KEY) -> dict[str, str]:
    return {"FOOTNOTE_EMBEDDER": EMBEDDER, "FOOTNOTE_COHERE_KEY": key, "FOOTNOTE_COHERE_URL": url}


async def test_documents_are_embedded_and_questions_find_them(home: Path, handbook: Path) -> None:
    cohere = ScriptedCohere()
    with running(cohere.app) as url:
        code, _, err = await footnote("sync", str(handbook), **environment(url))
        assert code == 0, err
        documents = sum(len(one["texts"]) for one in cohere.requests)
        code, out, err = await footnote("ask", "how much may hotels cost a night?", **environment(url))
    assert code == 0, err
    assert "150 euros" in out
    assert documents > 0
    assert any(one["input_type"] == "search_query" for one in cohere.requests)
    assert KEY not in err


async def test_a_knowledge_that_was_thrown_away_is_embedded_again_for_nothing(home: Path, handbook: Path) -> None:
    cohere = ScriptedCohere()
    with running(cohere.app) as url:
        await footnote("sync", str(handbook), **environment(url))
        paid = len(cohere.requests)
        shutil.rmtree(home / "knowledge")
        code, _, err = await footnote("sync", str(handbook), **environment(url))
    assert code == 0, err
    assert len(cohere.requests) == paid > 0


@pytest.mark.parametrize(
    ("key", "broken", "expected"),
    [
        (KEY, False, [("ok", "cohere:embed-v4.0@256 answers"), ("ok", "cohere:rerank-v4.0-fast answers")]),
        (KEY, True, [("wrong", "answered 400 (not now)"), ("wrong", "answered 400 (not now)")]),
        ("another", False, [("wrong", "answered 401"), ("wrong", "answered 401")]),
    ],
)
async def test_doctor_asks_both(home: Path, key: str, broken: bool, expected: list[tuple[str, str]]) -> None:
    cohere = ScriptedCohere([Fail(400)] * 2 if broken else [])
    with running(cohere.app) as url:
        settings = load_settings(embedder=EMBEDDER, reranker="cohere:rerank-v4.0-fast", cohere_key=key, cohere_url=url)
        found = {one.what: one async for one in examine(settings)}
    for what, (state, words) in zip(("Embedder", "Reranker"), expected, strict=True):
        assert found[what].state == state
        assert words in found[what].found


async def test_the_chat_models_key_serves_where_it_is_coheres() -> None:
    own = load_settings(model="cohere:command-a-03-2025", model_key="chat")
    assert own.key_for_cohere.get_secret_value() == "chat"
    both = load_settings(model="cohere:command-a-03-2025", model_key="chat", cohere_key="own")
    assert both.key_for_cohere.get_secret_value() == "own"
    other = load_settings(model="anthropic:claude-sonnet-5", model_key="chat")
    assert not other.key_for_cohere.get_secret_value()
