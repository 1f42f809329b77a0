"""What people deleted and edited on Discord while the assistant was away counts as if it had been there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path

import pytest
from sqlalchemy import insert
from structlog.testing import capture_logs

from bot import heard
from bot.chat import Mention, Person, Place
from bot.discord import catching_up, intake
from bot.discord.chat import DiscordChat
from bot.tables import arrivals
from tests.end_to_end.conftest import heard_until, unwritten
from tests.end_to_end.held import Held
from tests.end_to_end.test_discord import HOTELS, PIRATES, Team, team
from tests.servers.discord import Discord, Message, P

ARCHIVED = "GET /channels/{channel_id}/threads/archived/{which}"
MEALS = "are meals while travelling refunded?"


@pytest.fixture
async def discord() -> AsyncIterator[Discord]:
    async with Discord(rate_limits=False) as server:
        yield server


async def begun(here: Team, asked: Message) -> None:
    """It is being answered, which people see."""
    await here.discord.until(
        lambda: asked.thread and any("⏳" in one.text for one in here.discord.messages(asked.thread)), within=15
    )


def words(discord: Discord, asked: Message) -> list[str]:
    """Whatever the assistant has in the thread on a question."""
    found = discord.messages(asked.thread) if asked.thread else []
    return [one.text for one in found if one.author is discord.bot]


async def test_in_a_busy_channel_what_was_asked_last_and_first_is_answered(discord: Discord, tmp_path: Path) -> None:
    """More was said there than one request brings."""
    async with team(discord, tmp_path) as here:
        await here.settled()
    first = await discord.mention("alice", "general", PIRATES)
    for number in range(230):
        await discord.say("bob", "general", f"so much to talk about, {number}")
    last = await discord.mention("alice", "general", HOTELS)
    async with team(discord, tmp_path) as here:
        assert "pirate" in (await here.answered(first.id)).text
        assert "150 euros" in (await here.answered(last.id)).text


async def test_what_was_asked_before_the_last_minutes_is_answered_where_nobody_listened_since(
    discord: Discord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catching_up, "BACK_SECONDS", 0.0)
    asked = await discord.mention("alice", "general", HOTELS)
    before = time.time() - 5
    async with team(discord, tmp_path) as here:
        await here.settled()
        assert not here.said(asked.id)
    async with team(discord, tmp_path, away_since=before) as here:
        assert "150 euros" in (await here.answered(asked.id)).text


@pytest.mark.parametrize("forum", [False, True])
async def test_what_was_asked_in_a_thread_that_was_archived_meanwhile_is_answered(
    discord: Discord, tmp_path: Path, forum: bool
) -> None:
    if forum:
        thread = await discord.forum_post("bob", "ideas", "Travel", "Let us talk.")
    else:
        thread = await discord.create_thread("bob", "general", "Travel")
    await discord.mention("alice", thread, HOTELS)
    await discord.archive(thread)
    async with team(discord, tmp_path, away_since=time.time() - 2 * catching_up.ASLEEP_AFTER) as here:
        assert "150 euros" in (await here.answered(thread)).text
        await here.settled()
        assert len(here.said(thread)) == 1


async def test_what_is_lively_is_looked_at_before_what_is_archived(discord: Discord, tmp_path: Path) -> None:
    asked = await discord.mention("alice", "general", HOTELS)
    discord.fail(ARCHIVED, "hang", times=99)
    async with team(discord, tmp_path, away_since=time.time() - 2 * catching_up.ASLEEP_AFTER) as here:
        assert "150 euros" in (await here.answered(asked.id)).text
        discord.rest.failures.planned.clear()
        discord.release()


async def test_only_so_many_channels_are_asked_for_archived_threads_and_the_log_says_so(
    discord: Discord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catching_up, "MOST_PARENTS", 2)
    monkeypatch.setattr(heard, "EVERY_SECONDS", 0.2)
    async with team(discord, tmp_path) as here:
        await here.settled()
        with capture_logs() as lines:
            await heard_until(here.app, "discord", time.time() - 2 * catching_up.ASLEEP_AFTER)
            await discord.until(lambda: len(discord.asked(ARCHIVED)) >= 2, within=15)
            await here.settled()
        assert len(discord.asked(ARCHIVED)) == 2
        assert [line["most"] for line in lines if line["event"] == "catching up in part"] == [2]


async def test_what_a_start_missed_that_ended_before_it_had_looked_is_found_by_the_next(
    discord: Discord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catching_up, "BACK_SECONDS", 0.0)
    before = time.time() - 5
    asked = await discord.mention("alice", "general", HOTELS)
    refused = discord.fail("GET /channels/{channel_id}/messages", 503, times=99)
    async with team(discord, tmp_path, away_since=before) as here:
        await discord.until(lambda: refused.times < 99, within=15)
        await here.settled()
    discord.rest.failures.planned.clear()
    async with team(discord, tmp_path) as here:
        assert "150 euros" in (await here.answered(asked.id)).text


async def test_nobody_is_answered_more_than_a_day_later(
    discord: Discord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catching_up, "LONGEST_AWAY", 0.0)
    asked = await discord.mention("alice", "general", HOTELS)
    async with team(discord, tmp_path, away_since=time.time() - 5) as here:
        await here.settled()
        assert not here.said(asked.id)


async def test_what_was_asked_while_the_connection_was_lost_for_long_is_answered(
    discord: Discord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catching_up, "BACK_SECONDS", 0.5)
    async with team(discord, tmp_path) as here:
        discord.gateway.refuse_next = 2
        discord.gateway.drop(forget=True)
        await asyncio.sleep(0.1)
        asked = await discord.mention("alice", "general", HOTELS)
        assert "150 euros" in (await here.answered(asked.id)).text


async def test_records_that_can_not_be_read_for_a_moment_do_not_end_it(
    discord: Discord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catching_up, "AGAIN_SECONDS", 0.2)
    async with team(discord, tmp_path) as here:
        await here.settled()
        async with unwritten(here.app):
            discord.gateway.drop(forget=True)
            asked = await discord.mention("alice", "general", HOTELS)
            await discord.until(lambda: discord.connected, within=15)
            await asyncio.sleep(1)
        assert "150 euros" in (await here.answered(asked.id)).text


async def test_what_came_while_the_records_could_not_be_read_is_answered_when_they_can(
    discord: Discord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway tells nothing twice."""
    monkeypatch.setattr(catching_up, "AGAIN_SECONDS", 0.2)
    monkeypatch.setattr(intake, "KEEP_WAITS", (0.1,))
    async with team(discord, tmp_path) as here:
        begun = await discord.mention("alice", "general", HOTELS)
        await here.answered(begun.id)
        assert begun.thread is not None
        async with unwritten(here.app):
            await discord.say("bob", begun.thread, MEALS)
            asked = await discord.mention("alice", "random", PIRATES)
            await asyncio.sleep(1)
        assert "40 euros" in (await here.answered(begun.thread, 2)).text
        assert "pirate" in (await here.answered(asked.id)).text
        await here.settled()
        assert [len(here.said(one.id)) for one in (begun, asked)] == [2, 1]


async def test_what_was_deleted_meanwhile_is_not_answered_and_what_was_edited_is_answered_as_edited(
    discord: Discord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with team(discord, tmp_path, Held()) as here:
        deleted, edited, turned = [await discord.mention("alice", "general", one) for one in (HOTELS, PIRATES, MEALS)]
        kept = await discord.mention("bob", "random", HOTELS)
        for one in (deleted, edited, turned, kept):
            await begun(here, one)
        assert edited.thread is not None
        queued = [await discord.mention("carol", edited.thread, one) for one in (PIRATES, HOTELS)]
        await here.settled()
        monkeypatch.setattr(DiscordChat, "close", nothing)  # it is killed: what it had written so far stands
    for one in (deleted, queued[0]):
        await discord.delete(one)
    await discord.edit(edited, f"{discord.bot.mention} {MEALS}")
    await discord.edit(queued[1], f"{discord.bot.mention} {MEALS}")
    await discord.edit(turned, f"{discord.carol.mention} {MEALS}")
    async with team(discord, tmp_path) as here:
        await here.answered(kept.id)
        await here.answered(edited.thread, 2)
        await here.settled()
        assert words(discord, deleted) == []
        assert words(discord, turned) == []
        assert ["40 euros" in one for one in words(discord, edited)] == [True, True]
        assert ["150 euros" in one for one in words(discord, kept)] == [True]


async def test_what_was_deleted_before_it_came_as_far_as_the_inbox_is_not_answered(
    discord: Discord, tmp_path: Path
) -> None:
    async with team(discord, tmp_path) as here:
        engine = here.app.records.engine
        asked = [await discord.say("alice", "general", HOTELS) for _ in range(2)]
    for one in asked:
        place = Place("discord", str(discord.team.id), str(discord.general.id), str(one.id))
        alice = Person(f"discord/{discord.alice.id}", "Alice")
        kept = Mention(f"discord:{one.id}", place, alice, HOTELS, time.time(), message=str(one.id))
        row = {"platform": "discord", "payload": {"kind": "mention", "event": asdict(kept)}, "at": time.time()}
        async with engine.begin() as connection:
            await connection.execute(insert(arrivals).values(row))
    await discord.delete(asked[0])
    async with team(discord, tmp_path) as here:
        await here.answered(asked[1].id)
        await here.settled()
        assert discord.world.channels.get(asked[0].id) is None


async def test_what_was_deleted_while_the_connection_was_lost_is_not_answered(discord: Discord, tmp_path: Path) -> None:
    model = Held()
    async with team(discord, tmp_path, model) as here:
        asked = await discord.mention("alice", "general", HOTELS)
        await begun(here, asked)
        discord.gateway.refuse_next = 1
        discord.gateway.drop(forget=True)
        await discord.delete(asked)
        await discord.until(lambda: not words(discord, asked), within=15)
        model.may.set()
        await here.settled()
        assert words(discord, asked) == []


async def test_what_another_replica_heard_to_be_deleted_is_not_answered(discord: Discord, tmp_path: Path) -> None:
    model = Held()
    async with team(discord, tmp_path, model) as here:
        asked = await discord.mention("alice", "general", HOTELS)
        await begun(here, asked)
        place = Place("discord", str(discord.team.id), str(discord.general.id), str(asked.id))
        await here.app.records.withdraw(place, str(asked.id), "")
        model.may.set()
        await discord.until(lambda: not words(discord, asked), within=15)
        await here.settled()
        assert words(discord, asked) == []


async def test_where_its_history_may_not_be_read_nothing_counts_as_deleted(discord: Discord, tmp_path: Path) -> None:
    async with team(discord, tmp_path, Held()) as here:
        asked = await discord.mention("alice", "general", HOTELS)
        await begun(here, asked)
    await discord.remove_permission(discord.general, P.READ_MESSAGE_HISTORY)
    async with team(discord, tmp_path) as here:
        assert "150 euros" in (await here.answered(asked.id)).text


async def nothing(chat: DiscordChat) -> None:
    """It has no time to."""
