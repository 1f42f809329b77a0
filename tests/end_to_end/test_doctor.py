"""What doctor says of the models that are named, over real sockets."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.doctor import Finding, examine
from bot.settings import load_settings
from tests.servers.providers import KEY, Fail, Provider, Say
from tests.servers.running import running
from tests.servers.searxng import searxng


async def told(**settings: str) -> dict[str, Finding]:
    return {one.what: one async for one in examine(load_settings(**settings))}


async def test_without_a_judge_it_says_what_one_would_add(home: Path) -> None:
    judge = (await told())["Judge"]
    assert judge.state == "missing"
    assert "FOOTNOTE_JUDGE" in judge.advice


@pytest.mark.parametrize(("step", "state"), [(Say("OK"), "ok"), (Fail(401), "wrong")])
async def test_a_judge_is_asked_whether_it_answers(home: Path, step: Say | Fail, state: str) -> None:
    with running(Provider(step).app) as url:
        found = await told(judge="openai-compatible:large", judge_url=f"{url}/v1", judge_key=KEY)
    assert found["Judge"].state == state
    assert "openai-compatible:large" in found["Judge"].found
    assert found["Model"].state == "missing"


async def test_a_judge_that_is_misspelt_is_named_by_its_own_setting(home: Path) -> None:
    judge = (await told(judge="nobody:large"))["Judge"]
    assert judge.state == "wrong"
    assert "FOOTNOTE_JUDGE" in judge.found


async def test_a_search_server_is_asked_whether_it_gives_json_and_its_engines_answer(home: Path) -> None:
    missing = (await told())["Web search"]
    assert (missing.state, "FOOTNOTE_SEARCH_URL" in missing.advice) == ("missing", True)
    with searxng() as server:
        server.find("footnote", ("Footnote", "https://example.org/footnote", "A note.", None))
        found = (await told(search_url=server.url))["Web search"]
        assert (found.state, "1 page;" in found.found) == ("ok", True)
        server.silent = [("google", "CAPTCHA")]
        server.find("footnote")
        silent = (await told(search_url=server.url))["Web search"]
        assert (silent.state, "did not answer: google (CAPTCHA)" in silent.found) == ("wrong", True)
        server.formats = {"html"}
        refused = (await told(search_url=server.url))["Web search"]
        assert (refused.state, "add json to search.formats" in refused.found) == ("wrong", True)
