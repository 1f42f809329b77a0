"""What ended is forgotten after a while; what waits is not, and neither is what was said."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from agent.approvals import State
from benchmarks.rig import PERSON, Rig, TimedChat, open_rig
from bot.chat import Action, ChatAway, Place, Press, Reply
from bot.desk import run_id
from bot.settings import Settings
from bot.upkeep import tidy
from tests.end_to_end.conftest import write_handbook


async def test_what_ended_is_forgotten_and_what_waits_is_kept(tmp_path: Path) -> None:
    write_handbook(tmp_path / "handbook")
    place = Place("console", "local", "general", "t")
    async with open_rig(Settings(home=tmp_path / "home", embedder="hashing")) as rig:
        await rig.learn(tmp_path / "handbook")
        await rig.say("asked", place, "What may a hotel cost a night?")
        await rig.say("acted", place, "remember that doors close at six")
        await rig.finished(2)
        assert await tidy(rig.app, rig.inbox, time.time() - 60) == 0
        assert await tidy(rig.app, rig.inbox, time.time() + 60) == 2
        assert await rig.app.desk.answer(run_id("asked")) is None
        (approval,) = await rig.app.ledger.by_run(run_id("acted"))
        await rig.app.desk.resume(approval.run)
        assert len(await rig.app.records.transcript(place)) == 4
        assert await rig.inbox.ended(time.time() + 60) == []


async def test_what_was_proposed_at_a_terminal_is_decided_later_in_the_console(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", embedder="hashing")
    async with open_rig(settings) as rig:
        terminal = Place("terminal", "local", "terminal", "t")
        run = await rig.say("proposed", terminal, "remember that doors close at six")
        while not (waiting := await rig.app.ledger.by_run(run)):
            await asyncio.sleep(0.05)
        press = Press("press", terminal, PERSON, Action.APPROVE, waiting[0].id, time.time())
        await rig.inbox.accept(press)
        async with asyncio.timeout(20):
            while (await rig.app.ledger.by_run(run))[0].state is not State.DONE:
                await asyncio.sleep(0.05)
    assert [path.suffix for path in (tmp_path / "home" / "notes").iterdir()] == [".md"]


async def test_a_press_after_the_expiry_is_refused_and_the_asker_is_told(tmp_path: Path) -> None:
    async with open_rig(Settings(home=tmp_path, embedder="hashing", approval_hours=0.0001)) as rig:
        place = Place("console", "local", "general", "t")
        run = await rig.say("proposed", place, "remember that doors close at six")
        await rig.finished(1)
        await asyncio.sleep(0.5)
        (waiting,) = await rig.app.ledger.by_run(run)
        await rig.inbox.accept(Press("press", place, PERSON, Action.APPROVE, waiting.id, time.time()))
        async with asyncio.timeout(20):
            while "Nobody decided" not in rig.chat.texts.get(run, ""):
                await asyncio.sleep(0.05)
        assert "This has expired" in rig.chat.whispers[0]
        await rig.app.desk.expire()
    assert not (tmp_path / "notes").exists()


HERE = Place("console", "local", "general", "t")


class Elsewhere(TimedChat):
    """Another platform, which can be away."""

    away = False

    async def show(self, place: Place, key: str, reply: Reply) -> None:
        if self.away:
            raise ChatAway("it does not answer")
        await super().show(place, key, reply)


async def test_a_platform_that_is_away_keeps_no_other_from_hearing_of_an_expiry_and_hears_of_it_when_it_is_back(
    tmp_path: Path,
) -> None:
    async with open_rig(Settings(home=tmp_path, embedder="hashing", approval_hours=0.0005)) as rig:
        rig.app.chats["elsewhere"] = elsewhere = Elsewhere("elsewhere")
        there, here = (Place(platform, "local", "general", "t") for platform in ("elsewhere", "console"))
        lost, told = [
            await rig.say(f"in {at.platform}", at, "remember that doors close at six") for at in (there, here)
        ]
        async with asyncio.timeout(20):
            while len(elsewhere.texts) + len(rig.chat.texts) < 2:
                await asyncio.sleep(0.05)
        await asyncio.sleep(2)
        elsewhere.away = True
        await rig.app.desk.expire()
        async with asyncio.timeout(20):
            while "Nobody decided" not in rig.chat.texts.get(told, ""):
                await asyncio.sleep(0.05)
        assert lost not in elsewhere.texts
        elsewhere.away = False
        async with asyncio.timeout(20):
            while "Nobody decided" not in elsewhere.texts.get(lost, ""):
                await asyncio.sleep(0.05)
        await rig.app.desk.expire()
        assert not await rig.app.ledger.unfinished()


async def test_what_a_crash_kept_from_being_told_of_an_expiry_is_told_however_late(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, embedder="hashing", approval_hours=0.0005)
    place = Place("console", "local", "general", "t")
    async with open_rig(settings) as rig:
        run = await rig.say("proposed", place, "remember that doors close at six")
        await rig.finished(1)
        await asyncio.sleep(2)
        before = rig.app.ledger.expire

        async def killed(approval: str) -> None:
            raise OSError("killed")

        rig.app.ledger.expire = killed  # type: ignore[method-assign]
        with pytest.raises(OSError, match="killed"):
            await rig.app.desk.expire()
        rig.app.ledger.expire = before  # type: ignore[method-assign]
        await rig.app.desk.expire()
        async with asyncio.timeout(20):
            while "Nobody decided" not in rig.chat.texts.get(run, ""):
                await asyncio.sleep(0.05)


async def asked_among(rig: Rig, channels: set[str], text: str) -> str:
    """Ask for something where there are these channels; returns the run that has answered or put up a card."""
    rig.chat.channels = channels
    run = await rig.say("asked", HERE, text)
    await rig.finished(1)
    return run


async def test_a_message_into_no_channel_is_refused_before_anybody_is_asked(tmp_path: Path) -> None:
    async with open_rig(Settings(home=tmp_path, embedder="hashing")) as rig:
        run = await asked_among(rig, {"random"}, "post in #nowhere: hello")
        assert "nowhere here that both of us can post in" in rig.chat.texts[run]
        assert await rig.app.ledger.by_run(run) == []


async def test_an_edit_that_could_not_work_leaves_the_approval_waiting(tmp_path: Path) -> None:
    async with open_rig(Settings(home=tmp_path, embedder="hashing")) as rig:
        run = await asked_among(rig, {"random"}, "post in #random: hello")
        (waiting,) = await rig.app.ledger.by_run(run)
        await rig.app.desk.press(
            Press("edit", HERE, PERSON, Action.EDIT, waiting.id, time.time(), {"channel": "nowhere"})
        )
        assert rig.chat.whispers == ["There is no channel #nowhere here that both of us can post in."]
        (row,) = await rig.app.ledger.by_run(run)
        assert (row.state, row.arguments["channel"]) == (State.PROPOSED, "random")
