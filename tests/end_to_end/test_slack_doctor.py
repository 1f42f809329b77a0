"""`footnote doctor` on Slack: every step of the setting up, and what to do next."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.doctor import examine
from bot.slack.doctor import examine_slack
from tests.contract.stages.slack import app_of_manifest, settings_for
from tests.end_to_end.test_slack_http import install, over_http
from tests.servers.slack import App, RateLimits, Slack


def workspace(app: App) -> Slack:
    return Slack(app, rates=RateLimits.off())


async def told(slack: Slack, home: Path, **more: Any) -> list[tuple[str, str]]:
    asked = examine_slack(settings_for(slack, home, **more))
    return [(one.state, f"{one.found} {one.advice}") async for one in asked]


async def found(app: App, home: Path, **more: Any) -> list[tuple[str, str]]:
    async with workspace(app) as slack:
        return await told(slack, home, **more)


async def test_what_is_right_is_said_to_be(tmp_path: Path) -> None:
    async with workspace(app_of_manifest()) as slack:
        slack.add_channel("hiring", kind="private", members=("ada",))
        states = await told(slack, tmp_path)
    assert [state for state, _ in states] == ["ok", "ok", "ok"]
    assert "in Acme, with every scope" in states[0][1]
    assert "#general and #hiring" in states[1][1]


async def test_in_no_channel_it_says_how_it_is_invited(tmp_path: Path) -> None:
    async with workspace(app_of_manifest()) as slack:
        await slack.kick("general")
        state, words = (await told(slack, tmp_path))[1]
    assert state == "missing"
    assert "in no channel" in words
    assert "/invite @footnote" in words


async def test_a_slack_that_does_not_list_channels_is_said(tmp_path: Path) -> None:
    async with workspace(app_of_manifest()) as slack:
        slack.fail("users.conversations", error="internal_error")
        state, words = (await told(slack, tmp_path))[1]
    assert state == "wrong"
    assert "internal_error" in words


async def test_a_token_without_a_way_in_is_said_by_the_whole_doctor(home: Path) -> None:
    async with workspace(app_of_manifest()) as slack:
        chosen = settings_for(slack, home, slack_app_token="")
        found = [one async for one in examine(chosen) if one.what.startswith(("Slack", "Chat"))]
    assert found[-1].state == "wrong"
    assert "FOOTNOTE_SLACK_APP_TOKEN" in found[-1].advice
    assert "FOOTNOTE_SLACK_SIGNING_SECRET" in found[-1].advice


OVER_HTTP = {"slack_app_token": "", "slack_signing_secret": "0" * 32}


@pytest.mark.parametrize(
    ("more", "state", "expected"),
    [
        ({}, "ok", "port 3000"),
        ({"public_url": "https://notes.test/"}, "ok", "https://notes.test/slack/events"),
        ({"slack_signing_secret": "xoxb-1-2"}, "wrong", "FOOTNOTE_SLACK_SIGNING_SECRET"),
        ({"slack_signing_secret": "0" * 31}, "missing", "Signing Secret"),
        ({"slack_port": 0}, "wrong", "FOOTNOTE_SLACK_PORT"),
    ],
)
async def test_the_way_in_over_http_is_looked_at(
    tmp_path: Path, more: dict[str, Any], state: str, expected: str
) -> None:
    states = await found(app_of_manifest(), tmp_path, **OVER_HTTP | more)
    assert states[-1][0] == state
    assert expected in states[-1][1]


def many(app: App, **more: Any) -> dict[str, Any]:
    """The settings for many workspaces."""
    client = {"slack_client_id": app.client_id, "slack_client_secret": app.client_secret}
    return {"slack_bot_token": "", "public_url": "https://notes.test", **client, **more}


@pytest.mark.parametrize(
    ("more", "state", "expected"),
    [
        ({}, "ok", "https://notes.test/slack/oauth_redirect"),
        ({"slack_client_secret": ""}, "wrong", "FOOTNOTE_SLACK_CLIENT_SECRET"),
        ({"slack_client_secret": "another"}, "wrong", "bad_client_secret"),
        ({"slack_client_id": "1.2"}, "wrong", "invalid_client_id"),
        ({"slack_bot_token": "xoxb-1"}, "wrong", "Unset FOOTNOTE_SLACK_BOT_TOKEN"),
        ({"public_url": ""}, "wrong", "no public address"),
        ({"public_url": "http://notes.test"}, "wrong", "FOOTNOTE_PUBLIC_URL"),
        ({"public_url": "https://localhost:8443"}, "wrong", "FOOTNOTE_PUBLIC_URL"),
        ({"slack_api_url": "http://127.0.0.1:9/"}, "wrong", "can't be reached"),
    ],
)
async def test_what_many_workspaces_need_is_looked_at(
    tmp_path: Path, more: dict[str, Any], state: str, expected: str
) -> None:
    app = app_of_manifest()
    states = await found(app, tmp_path, **many(app, **more))
    assert states[0][0] == state
    assert expected in states[0][1]


async def test_whether_anybody_has_installed_it_is_said(tmp_path: Path) -> None:
    async with over_http(tmp_path, oauth=True) as here:
        chosen = here.app.settings
        before = [one async for one in examine_slack(chosen)]
        await install(here)
        after = [one async for one in examine_slack(chosen)]
    assert (before[1].state, before[1].found) == ("missing", "nobody has installed it yet")
    assert "/slack/install" in before[1].advice
    assert (after[1].state, after[1].found) == ("ok", f"installed in {here.slack.team.id}")


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
