"""What ended is forgotten after a while; what waits is not, and neither is what was said."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from agent.approvals import State
from benchmarks.rig import PERSON, open_rig
from bot.chat import Action, Place, Press
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
