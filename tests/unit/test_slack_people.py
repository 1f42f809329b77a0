"""Who is a full member of a workspace on Slack, and how seldom it is asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.chat import ChatAway, Openness, Place, Readers
from bot.slack import people as module
from bot.slack.calls import Calls
from bot.slack.pace import Pace
from bot.slack.people import ASKED_SECONDS, People, is_member
from tests.servers.slack import RateLimits, Slack


@dataclass
class Tokens:
    """One token for every workspace."""

    slack: Slack

    async def client(self, workspace: str) -> AsyncWebClient:
        return AsyncWebClient(self.slack.bot_token, base_url=self.slack.api_url, timeout=5, retry_handlers=[])

    def forget(self, workspace: str) -> None: ...


@dataclass
class Here:
    slack: Slack
    people: People
    now: list[float]

    def place(self, channel: str) -> Place:
        return Place("slack", self.slack.team.id, self.slack.channel(channel).id)


@pytest.fixture
async def here() -> AsyncIterator[Here]:
    async with Slack(rates=RateLimits.off()) as slack:
        now = [0.0]
        yield Here(slack, People(Calls(Tokens(slack), Pace()), lambda: now[0]), now)


async def test_many_who_ask_at_once_ask_slack_once(here: Here) -> None:
    found = await asyncio.gather(*(here.people.readers(here.place("general")) for _ in range(50)))
    assert set(found) == {Readers(Openness.WORKSPACE)}
    assert [call.method for call in here.slack.calls] == ["conversations.info", "users.list"]


async def test_a_guest_who_comes_into_a_channel_is_noticed_within_a_minute(here: Here) -> None:
    guest = here.slack.add_user("gwen", is_restricted=True)
    assert await here.people.readers(here.place("general")) == Readers(Openness.WORKSPACE)
    here.slack.channel("general").members.append(guest.id)
    here.now[0] = ASKED_SECONDS + 1
    assert await here.people.readers(here.place("general")) == Readers(Openness.WORKSPACE, outsiders=True)


async def test_a_list_is_read_to_its_end_or_counts_as_not_known(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGE", 10)
    for number in range(60):
        here.slack.add_user(f"user{number}")
    last = here.slack.add_user("gwen", is_ultra_restricted=True)
    here.slack.channel("general").members.append(last.id)
    assert (await here.people.readers(here.place("general"))).outsiders
    for number in range(60, 110):
        here.slack.add_user(f"user{number}")
    here.now[0] = ASKED_SECONDS + 1
    with pytest.raises(ChatAway, match=r"users\.list tells of more than 100"):
        await here.people.readers(here.place("general"))


async def test_channels_of_somebody_are_read_page_by_page(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGE", 2)
    for number in range(5):
        here.slack.add_channel(f"plans{number}", kind="private", members=("ada",))
    here.slack.add_channel("board", kind="private", members=("ben",))
    keys = [here.place(name).channel_key for name in ("plans0", "plans4", "board")]
    found = await here.people.membership(here.place("general"), here.slack.user("ada").id, keys)
    assert found.channels == set(keys[:2])
    here.slack.user("ada").deleted, here.now[0] = True, 1.0
    gone = await here.people.membership(here.place("general"), here.slack.user("ada").id, keys)
    assert (gone.channels, gone.workspaces) == (frozenset(), frozenset())


@pytest.mark.parametrize(
    ("user", "member"),
    [
        ({"team_id": "T1"}, True),
        ({"team_id": "T1", "is_restricted": True}, False),
        ({"team_id": "T1", "is_ultra_restricted": True}, False),
        ({"team_id": "T2"}, False),
        ({"team_id": "T2", "is_stranger": False}, False),
        ({"team_id": "T2", "enterprise_user": {"enterprise_id": "E1", "teams": ["T1", "T2"]}}, True),
        ({"team_id": "T2", "enterprise_user": {"enterprise_id": "E1", "teams": ["T2"]}}, False),
        ({}, False),
    ],
)
def test_a_full_member_is_of_the_workspace_and_no_guest(user: dict[str, Any], member: bool) -> None:
    assert is_member(user, "T1") is member


def test_an_organisation_as_a_whole_has_all_its_members() -> None:
    user = {"team_id": "T2", "enterprise_user": {"enterprise_id": "E1", "teams": ["T2"]}}
    assert is_member(user, "E1")
    assert not is_member({"team_id": ""}, "E1")
