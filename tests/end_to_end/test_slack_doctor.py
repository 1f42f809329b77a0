"""`footnote doctor` on Slack: every step of the setting up, and what to do next."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.slack.doctor import examine_slack
from tests.contract.stages.slack import app_of_manifest, settings_for
from tests.servers.slack import App, RateLimits, Slack


async def found(app: App, home: Path, **more: Any) -> list[tuple[str, str]]:
    async with Slack(app, rates=RateLimits.off()) as slack:
        return [
            (one.state, f"{one.found} {one.advice}") async for one in examine_slack(settings_for(slack, home, **more))
        ]


async def test_what_is_right_is_said_to_be(tmp_path: Path) -> None:
    states = await found(app_of_manifest(), tmp_path)
    assert [state for state, _ in states] == ["ok", "ok"]
    assert "in Acme, with every scope" in states[0][1]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"slack_bot_token": "xoxp-1"}, "another kind of token"),
        ({"slack_bot_token": "xoxb-1"}, "invalid_auth"),
        ({"slack_app_token": "xoxb-1"}, "app-level token"),
        ({"slack_app_token": "xapp-1"}, "app-level token"),
        ({"slack_api_url": "http://127.0.0.1:9/"}, "can't be reached"),
    ],
)
async def test_what_is_wrong_is_named_with_what_to_do(tmp_path: Path, more: dict[str, str], expected: str) -> None:
    states = await found(app_of_manifest(), tmp_path, **more)
    assert any(state == "wrong" and expected in words for state, words in states)


async def test_a_missing_scope_is_named(tmp_path: Path) -> None:
    app = replace(app_of_manifest(), scopes=("chat:write",))
    states = await found(app, tmp_path)
    assert "scopes are missing: app_mentions:read" in states[0][1]
