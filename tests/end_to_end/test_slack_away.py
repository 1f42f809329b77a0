"""What was said on Slack while nothing ran, for longer than Slack repeats itself."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot import heard
from bot.slack import catching_up, connect
from bot.slack.chat import SlackChat
from tests.end_to_end.conftest import heard_until, unwritten
from tests.end_to_end.held import Held
from tests.end_to_end.on_slack import HOTELS, MEALS, team, workspace


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What failed is tried again soon."""
    monkeypatch.setattr(catching_up, "AGAIN_SECONDS", 0.05)


async def test_what_was_asked_while_it_was_away_is_answered_once(tmp_path: Path) -> None:
    async with workspace() as slack:
        slack.add_channel("random", members=("ada", "ben"))
        async with team(slack, tmp_path) as here:
            before = await slack.mention("ada", "general", HOTELS)
            await here.answered("general", before.ts)
            direct = await slack.dm("ada", HOTELS)
            await here.answered(slack.direct("ada"), direct.ts)
            await here.settled()
        since = time.time() - 300
        asked = await slack.mention("ben", "random", MEALS)
        began = await slack.say("ben", "random", "We have a question.")
        inside = await slack.mention("ben", "random", HOTELS, began.ts)
        follow_up = await slack.say("ada", "general", MEALS, before.ts)
        private = await slack.dm("ada", MEALS)
        talk = await slack.say("ada", "general", "Nobody is asked here.")
        await slack.courier.give_up()
        async with team(slack, tmp_path, away_since=since) as here:
            assert "40 euros" in here.text(await here.answered("random", asked.ts, within=30))
            assert "150 euros" in here.text(await here.answered("random", inside.root, within=30))
            assert "40 euros" in here.text(await here.answered("general", follow_up.root, 2, within=30))
            await here.answered(slack.direct("ada"), private.ts, within=30)
            await here.settled()
            assert len(here.said("general", before.ts)) == 2
            assert len(here.said(slack.direct("ada"), direct.ts)) == 1
            assert here.said("general", talk.ts) == []


async def test_a_moment_away_asks_slack_for_nothing(tmp_path: Path) -> None:
    async with workspace() as slack:
        for since in (0.0, time.time() - 20):
            async with team(slack, tmp_path, away_since=since) as here:
                await here.settled()
        assert slack.called("conversations.history") == []


async def test_a_channel_that_can_not_be_read_keeps_no_other_from_being_caught_up_with(tmp_path: Path) -> None:
    async with workspace() as slack:
        slack.add_channel("random", members=("ada",))
        asked = await slack.mention("ada", "random", HOTELS)
        await slack.courier.give_up()
        slack.fail("conversations.history", error="channel_not_found")
        async with team(slack, tmp_path, away_since=time.time() - 300) as here:
            assert "150 euros" in here.text(await here.answered("random", asked.ts, within=30))


async def test_an_answer_that_is_lost_does_not_end_it(tmp_path: Path) -> None:
    async with workspace() as slack:
        slack.add_channel("random", members=("ada",))
        asked = await slack.mention("ada", "random", HOTELS)
        await slack.courier.give_up()
        slack.fail("users.conversations", drop=True)
        slack.fail("conversations.history", status=503, times=3)
        async with team(slack, tmp_path, away_since=time.time() - 300) as here:
            assert "150 euros" in here.text(await here.answered("random", asked.ts, within=30))


async def test_records_that_can_not_be_written_for_a_moment_do_not_end_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heard, "EVERY_SECONDS", 0.2)
    async with workspace() as slack:
        asked = await slack.mention("ada", "general", HOTELS)
        await slack.courier.give_up()
        async with team(slack, tmp_path) as here:
            async with unwritten(here.app):
                await heard_until(here.app, "slack", time.time() - 300)
                await slack.until(lambda: slack.called("conversations.history"), 15)
                await asyncio.sleep(0.5)
            assert "150 euros" in here.text(await here.answered("general", asked.ts, within=30))
            assert len(slack.called("conversations.history")) == 1


async def test_what_a_start_missed_that_ended_before_it_had_looked_is_found_by_the_next(tmp_path: Path) -> None:
    async with workspace() as slack:
        asked = await slack.mention("ada", "general", HOTELS)
        await slack.courier.give_up()
        slack.fail("conversations.history", status=503, times=10_000)
        async with team(slack, tmp_path, away_since=time.time() - 300) as here:
            await slack.until(lambda: slack.called("conversations.history"), 15)
            await here.settled()
            assert here.said("general", asked.ts) == []
        slack.faults.clear()
        async with team(slack, tmp_path) as here:
            assert "150 euros" in here.text(await here.answered("general", asked.ts, within=30))
            await here.settled()
        looked = len(slack.called("conversations.history"))
        async with team(slack, tmp_path) as here:
            await here.settled()
        assert len(slack.called("conversations.history")) == looked


async def test_what_was_asked_while_the_connection_was_cut_for_long_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heard, "EVERY_SECONDS", 0.2)
    async with workspace() as slack:
        async with team(slack, tmp_path) as here:
            await here.settled()
            monkeypatch.setattr(connect, "REPEATED", 1.5)
        async with team(slack, tmp_path) as here:
            await here.settled()
            assert slack.called("conversations.history") == []
            slack.sockets.away = True
            slack.sockets.drop()
            asked = await slack.mention("ada", "general", HOTELS)
            await slack.courier.give_up()
            await asyncio.sleep(5)
            assert slack.called("conversations.history") == []
            slack.sockets.away = False
            assert "150 euros" in here.text(await here.answered("general", asked.ts, within=30))
            looked = len(slack.called("conversations.history"))
            await asyncio.sleep(2)
            assert len(slack.called("conversations.history")) == looked


async def test_channels_are_read_by_pages_and_the_log_says_where_they_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heard, "EVERY_SECONDS", 0.2)
    monkeypatch.setattr(catching_up, "PAGE", 1)
    monkeypatch.setattr(catching_up, "PAGES", 3)
    async with workspace() as slack:
        asked = []
        for name in ("one", "two", "three"):
            slack.add_channel(name, members=("ada",))
            asked.append(await slack.mention("ada", name, HOTELS))
        await slack.courier.give_up()
        async with team(slack, tmp_path) as here:
            with capture_logs() as lines:
                await heard_until(here.app, "slack", time.time() - 300)
                for name, one in zip(("one", "two"), asked, strict=False):
                    assert "150 euros" in here.text(await here.answered(name, one.ts, within=30))
                await here.settled()
            assert here.said("three", asked[2].ts) == []
        assert [line["of"] for line in lines if line["event"] == "caught up in part"] == ["channels"]


async def test_what_was_edited_meanwhile_is_answered_as_edited_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with workspace() as slack:
        async with team(slack, tmp_path, Held()) as here:
            begun, turned = [await slack.mention("ada", "general", HOTELS) for _ in range(2)]
            for one in (begun, turned):
                await slack.until(
                    lambda one=one: slack.by_app("general", one.ts) or slack.status("general", one.ts), 15
                )
            monkeypatch.setattr(SlackChat, "close", nothing)  # it is killed: what it had written so far stands
        since = time.time() - 300
        asked = await slack.mention("ben", "general", HOTELS)
        bot = slack.bot.id
        await slack.edit(begun, f"<@{bot}> {MEALS}")
        await slack.edit(asked, f"<@{bot}> {MEALS}")
        await slack.edit(turned, "Never mind.")
        await slack.courier.give_up()
        model = Held()
        async with team(slack, tmp_path, model, away_since=since) as here:
            await slack.until(lambda: slack.called("conversations.history"), 30)
            await here.settled()
            model.may.set()
            for one in (begun, asked):
                assert "40 euros" in here.text(await here.answered("general", one.ts, within=30))
            await here.settled()
            assert [len(here.said("general", one.ts)) for one in (begun, asked, turned)] == [1, 1, 0]


async def nothing(chat: SlackChat) -> None:
    """It has no time to."""
