"""What ended is forgotten after a while; what waits is not, and neither is what was said."""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks.rig import open_rig
from bot.chat import Place
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
