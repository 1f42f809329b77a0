"""Several shards of one process: every guild has its own, and each is lost and found by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.discord.events import Listener
from tests.end_to_end.test_discord import HOTELS, PIRATES, Team, team
from tests.servers.discord import Discord
from tests.servers.discord.models import Channel, Guild


@pytest.fixture
async def discord() -> AsyncIterator[Discord]:
    async with Discord(shards=2, rate_limits=False) as server:
        yield server


@pytest.fixture
def elsewhere(discord: Discord) -> Channel:
    """A channel of a guild on the other shard."""
    guild = discord.add_guild("Other", discord.bob)
    assert shard_of(guild) != shard_of(discord.team)
    return discord.add_channel("elsewhere", guild=guild)


@pytest.fixture
async def here(
    discord: Discord, elsewhere: Channel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Team]:
    async def at_once(client: Listener, shard_id: int | None, *, initial: bool = False) -> None:
        """The library would wait five seconds before each shard but the first."""

    monkeypatch.setattr(Listener, "before_identify_hook", at_once)
    async with team(discord, tmp_path) as made:
        yield made


def shard_of(guild: Guild) -> int:
    return (guild.id >> 22) % 2


async def test_each_guild_and_direct_messages_are_answered_once(
    discord: Discord, elsewhere: Channel, here: Team
) -> None:
    assert {one.shard for one in discord.world.sessions} == {(0, 2), (1, 2)}
    asked = [await discord.mention("alice", "general", HOTELS), await discord.mention("bob", elsewhere, HOTELS)]
    await discord.dm("carol", HOTELS)
    used = await (await discord.slash("bob", elsewhere, "ask", {"question": HOTELS})).answered()
    assert used.response is not None
    for place in (asked[0].id, asked[1].id, discord.dm_channel("carol"), used.response.id):
        assert "150 euros" in (await here.answered(place)).text
    await (await discord.press("bob", here.said(asked[1].id)[0], "👍")).answered()
    await here.settled()
    assert [len(here.said(one)) for one in (asked[0].id, asked[1].id, used.response.id)] == [1, 1, 1]


async def test_what_was_asked_while_one_shard_was_away_is_answered(
    discord: Discord, elsewhere: Channel, here: Team
) -> None:
    before = await discord.mention("alice", "general", HOTELS)
    await here.answered(before.id)
    assert elsewhere.guild is not None
    await here.settled()
    discord.requests.clear()
    discord.gateway.refuse_next = 1
    discord.gateway.drop(forget=True, shard=shard_of(elsewhere.guild))
    missed = await discord.mention("bob", elsewhere, PIRATES)
    assert "pirate flag" in (await here.answered(missed.id)).text
    await here.settled()
    assert [len(here.said(one.id)) for one in (before, missed)] == [1, 1]
    looked = [one.path["channel_id"] for one in discord.asked("GET /channels/{channel_id}/messages")]
    assert str(discord.general.id) not in looked
