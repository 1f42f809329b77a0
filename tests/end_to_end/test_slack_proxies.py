"""What a proxy on the way says in Slack's place is a Slack that is away, and it is heard again after."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.slack.doctor import examine_slack
from tests.contract.stages.slack import settings_for
from tests.end_to_end.on_slack import HOTELS, team, workspace
from tests.servers.slack import Slack

ODD: list[dict[str, Any]] = [
    {"status": 503, "says": ("text/plain", "upstream connect error")},
    {"status": 200, "says": ("text/plain", "no healthy upstream")},
    {"status": 200, "says": ("application/json", "{broken")},
    {"status": 200, "says": ("application/json", "[]")},
    {"status": 200, "says": ("text/html", "<html>Sign in</html>")},
]


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with workspace() as made:
        yield made


@pytest.mark.parametrize("odd", ODD)
async def test_an_odd_answer_to_opening_a_connection_leaves_nobody_deaf(
    slack: Slack, tmp_path: Path, odd: dict[str, Any]
) -> None:
    async with team(slack, tmp_path) as here:
        slack.fail("apps.connections.open", times=2, **odd)
        slack.sockets.drop()
        await slack.until(lambda: len(slack.called("apps.connections.open")) >= 3, 15)
        asked = await slack.mention("ada", "general", HOTELS)
        assert "150 euros" in here.text(await here.answered("general", asked.ts))


@pytest.mark.parametrize("odd", ODD)
async def test_the_doctor_says_so(slack: Slack, tmp_path: Path, odd: dict[str, Any]) -> None:
    slack.fail("auth.test", **odd)
    slack.fail("apps.connections.open", **odd)
    found = [one async for one in examine_slack(settings_for(slack, tmp_path / "home"))]
    assert [one.state for one in found] == ["wrong", "wrong"]
    assert all(one.found.startswith("Slack can't be reached") and "a proxy" in one.advice for one in found)


@pytest.mark.parametrize("odd", ODD)
async def test_it_starts_behind_a_proxy_that_answers_oddly(slack: Slack, tmp_path: Path, odd: dict[str, Any]) -> None:
    slack.fail("auth.test", **odd)
    slack.fail("apps.connections.open", **odd)
    async with team(slack, tmp_path) as here:
        await slack.until(lambda: slack.sockets.live, 10)
        asked = await slack.mention("ada", "general", HOTELS)
        assert "150 euros" in here.text(await here.answered("general", asked.ts))


@pytest.mark.parametrize("odd", ODD)
async def test_an_answer_that_a_proxy_keeps_back_is_posted_all_the_same_and_once(
    slack: Slack, tmp_path: Path, odd: dict[str, Any]
) -> None:
    async with team(slack, tmp_path) as here:
        slack.fail("chat.startStream", **odd)
        slack.fail("chat.postMessage", **odd)
        asked = await slack.mention("ada", "general", HOTELS)
        assert "150 euros" in here.text(await here.answered("general", asked.ts))
        await here.settled()
        assert len(here.said("general")) == 1
