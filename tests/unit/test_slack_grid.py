"""Who the app is in organisations of several workspaces (Enterprise Grid), whatever Slack leaves out of a payload."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from slack_sdk.oauth.installation_store import Bot
from slack_sdk.oauth.token_rotation.async_rotator import AsyncTokenRotator

from bot.records import open_engine, sqlite_url
from bot.slack.clients import Clients
from bot.slack.delivery import lane_of
from bot.slack.events import Where
from bot.slack.installations import Installations
from bot.tables import metadata

AUTHORIZED = [{"team_id": "T1", "enterprise_id": "E1", "is_enterprise_install": False}]
BY_ORGANISATION = [{"team_id": None, "enterprise_id": "E1", "is_enterprise_install": True}]


def installed(enterprise: str, team: str | None) -> Bot:
    where = team or enterprise
    return Bot(
        enterprise_id=enterprise,
        team_id=team,
        is_enterprise_install=team is None,
        bot_token=f"xoxb-{where}",
        bot_id=f"B-{where}",
        bot_user_id=f"U-{where}",
        installed_at=0.0,
    )


@pytest.fixture
async def installations(tmp_path: Path) -> AsyncIterator[Installations]:
    engine = open_engine(sqlite_url(tmp_path / "records.sqlite"))
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    yield Installations(
        engine, Fernet(Fernet.generate_key()), AsyncTokenRotator(client_id="id", client_secret="secret"), lambda: 0.0
    )
    await engine.dispose()


@pytest.fixture
def clients(installations: Installations) -> Clients:
    session: Any = None  # nothing is called
    return Clients(session, "http://127.0.0.1/", "", installations)


async def user(clients: Clients, enterprise: str, team: str | None) -> str | None:
    found = await clients.authorize(enterprise, team)
    return found.bot_user_id if found else None


async def test_each_organisation_has_its_own_bot_though_no_workspace_is_named(
    installations: Installations, clients: Clients
) -> None:
    for enterprise in ("E1", "E2"):
        await installations.async_save_bot(installed(enterprise, None))
    assert [await user(clients, enterprise, None) for enterprise in ("E1", "E2", "E3")] == ["U-E1", "U-E2", None]
    assert [await user(clients, enterprise, "T1") for enterprise in ("E1", "E1")] == ["U-E1", "U-E1"]


async def test_a_workspace_that_leaves_takes_nothing_from_its_organisation(
    installations: Installations, clients: Clients
) -> None:
    await installations.async_save_bot(installed("E1", None))
    await installations.async_save_bot(installed("E1", "T1"))
    assert await user(clients, "E1", "T1") == "U-T1"
    for _ in range(2):  # tokens_revoked and app_uninstalled both say so
        await clients.gone("T1", "E1", whole=False)
    assert [await user(clients, "E1", team) for team in ("T1", "T2", None)] == ["U-E1"] * 3
    await clients.gone("", "E1", whole=True)
    assert [await user(clients, "E1", team) for team in ("T1", "T2", None)] == [None] * 3


@pytest.mark.parametrize(
    ("body", "workspace", "enterprise"),
    [
        ({"team_id": "T1"}, "T1", ""),
        ({"team_id": "T9", "context_team_id": "T1", "enterprise_id": "E1"}, "T1", "E1"),
        ({"team_id": "T9", "authorizations": AUTHORIZED, "context_enterprise_id": "E1"}, "T1", "E1"),
        ({"team_id": "T1", "authorizations": BY_ORGANISATION, "enterprise_id": "E1"}, "T1", "E1"),
        ({"authorizations": BY_ORGANISATION, "enterprise_id": "E1"}, "E1", "E1"),
        ({"team_id": None, "context_team_id": None, "authorizations": [], "context_enterprise_id": "E1"}, "E1", "E1"),
    ],
)
def test_an_event_is_told_to_the_workspace_that_slack_names_or_to_its_organisation(
    body: dict[str, Any], workspace: str, enterprise: str
) -> None:
    where = Where.of(body, "U1")
    assert (where.workspace, where.enterprise) == (workspace, enterprise)


@pytest.mark.parametrize(
    ("body", "lane"),
    [
        ({"event": {"type": "message", "channel": "C1"}, "team_id": "T1"}, "C1"),
        ({"event": {"type": "tokens_revoked"}, "team_id": "T1"}, ""),
        ({"command": "/ask", "channel_id": "C1", "team_id": "T1"}, "C1"),
        ({"type": "block_actions", "channel": {"id": "C1"}, "team": None}, "C1"),
        ({"type": "message_action", "channel": {"id": "C1"}}, "C1"),
        ({"type": "view_submission", "view": {"private_metadata": '{"press": "", "place": "slack/T1/C1/1.2"}'}}, "C1"),
    ],
)
def test_whatever_is_done_in_a_channel_goes_in_one_lane(body: dict[str, Any], lane: str) -> None:
    assert lane_of(body) == lane
