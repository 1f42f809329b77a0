"""The nightly job: a process of its own, its failures in one line, its report and what the report's buttons do."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.chat import Action, Person, Place, Press, Reply
from bot.nightly import Nightly, report_reply
from bot.operators import Operators
from bot.records import Records, open_engine, sqlite_url
from bot.settings import SettingsInvalid, load_settings
from bot.tables import metadata as bot_metadata
from bot.terminal import Terminal
from evals.errors import EvalError
from evals.results import Night, Nights
from evals.tables import metadata
from tests.nights import keep_night

OPS = "terminal/local/ops"


class Rig:
    """Two nights of twenty cases: everything passed, then it did not."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.now = 1_000_000.0
        self.engine = engine
        self.nights = Nights(engine, lambda: self.now)
        self.terminal = Terminal(Console(file=StringIO(), width=200))
        self.whispered: list[Reply] = []
        self.terminal.whisper = self._whisper  # type: ignore[method-assign]

    async def _whisper(self, place: Place, person: Person, reply: Reply) -> None:
        self.whispered.append(reply)

    def nightly(self, *command: str, longest: float = 30.0, operators: str = OPS, **settings: str) -> Nightly:
        chats = {"terminal": self.terminal}
        told = Operators(operators, chats, Records(self.engine), lambda: self.now)
        made = load_settings(operators=operators, **settings)
        return Nightly(made, self.engine, told, chats, lambda: self.now, command=command, longest=longest)

    async def night(self, *, passed: bool, before: Night | None = None) -> Night:
        self.now += 86_400
        return await keep_night(self.nights, str(self.now), passed=passed, before=before)


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    engine = open_engine(sqlite_url(tmp_path / "records.sqlite"))
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
        await connection.run_sync(bot_metadata.create_all)
    yield Rig(engine)
    await engine.dispose()


async def test_a_night_runs_in_a_process_of_its_own_over_this_home(rig: Rig, home: Path, tmp_path: Path) -> None:
    script = f"import os, pathlib; pathlib.Path({str(tmp_path / 'ran')!r}).write_text(os.environ['FOOTNOTE_HOME'])"
    await rig.nightly(sys.executable, "-c", script).run(0.0)
    assert (tmp_path / "ran").read_text() == str(home)


async def test_a_night_that_fails_is_told_by_its_last_line(rig: Rig) -> None:
    nightly = rig.nightly(sys.executable, "-c", "import sys; print('x', file=sys.stderr); sys.exit('No disk is left.')")
    with pytest.raises(EvalError, match=r"The night ended with 1: No disk is left\."):
        await nightly.run(0.0)


async def test_a_night_that_does_not_end_is_ended(rig: Rig) -> None:
    nightly = rig.nightly(sys.executable, "-c", "import time; time.sleep(60)", longest=0.5)
    with pytest.raises(EvalError, match="The night was ended after"):
        await nightly.run(0.0)


async def test_a_night_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    """As a kill -9 leaves it: whoever takes over must not run the same night beside it."""
    child = "import os, pathlib, sys, time; from bot.evaluate import end_with_input; end_with_input(); "
    child += f"pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(os.getpid())); time.sleep(60)"
    parent = f"""
import asyncio, sys
from bot.nightly import Nightly
from bot.settings import load_settings
from sqlalchemy.ext.asyncio import create_async_engine
from evals.tables import metadata
async def main():
    engine = create_async_engine("sqlite+aiosqlite://")
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    await Nightly(load_settings(), engine, None, {{}}, lambda: 0.0, command=(sys.executable, "-c", {child!r})).run(0.0)
asyncio.run(main())
"""
    process = subprocess.Popen([sys.executable, "-c", parent])
    try:
        pid = int(await _written(tmp_path / "pid"))
    finally:
        process.kill()
        process.wait()
    for _ in range(100):
        if not _lives(pid):
            return
        await asyncio.sleep(0.1)
    os.kill(pid, signal.SIGKILL)
    raise AssertionError("the night goes on, though nobody waits for it")


async def test_a_night_that_came_to_its_end_before_a_crash_could_note_that_is_not_run_again(
    rig: Rig, tmp_path: Path
) -> None:
    night = await rig.night(passed=True)
    script = f"import pathlib; pathlib.Path({str(tmp_path / 'ran')!r}).touch()"
    await rig.nightly(sys.executable, "-c", script).run(night.started_at)
    assert not (tmp_path / "ran").exists()
    await rig.nightly(sys.executable, "-c", script).run(night.started_at + 1)
    assert (tmp_path / "ran").exists()


async def test_the_report_says_what_got_worse_and_offers_what_to_do(rig: Rig) -> None:
    first = await rig.night(passed=True)
    second = await rig.night(passed=False, before=first)
    await rig.nightly().post()
    reply = rig.terminal.replies[f"night:{second.id}"]
    assert "0 of 20 cases passed (0%)." in reply.text
    assert "Worse than last night: cases passed 100.0 % → 0.0 %" in reply.text
    assert "broke: case-0, case-1, case-10, case-11, case-12 and 15 more" in reply.text
    assert reply.text.startswith("`█▁`")
    assert [button.label for button in reply.buttons] == ["Accept as baseline", "Open the broken cases"]


async def test_both_answers_of_what_broke_are_shown_side_by_side(rig: Rig) -> None:
    first = await rig.night(passed=True)
    second = await rig.night(passed=False, before=first)
    await rig.nightly().press(press(Action.BROKEN, second.id))
    (reply,) = rig.whispered
    assert "Before: It is 150." in reply.text
    assert "Now: It is 90. \\<@everyone\\>" in reply.text
    assert "and 15 more, on the console's page Nights" in reply.text


async def test_a_night_is_accepted_as_baseline_with_a_press(rig: Rig) -> None:
    first = await rig.night(passed=True)
    await rig.nightly().press(press(Action.BASELINE, first.id))
    assert (await rig.nights.get(first.id)).is_baseline
    await rig.nightly().press(press(Action.BASELINE, "1999"))
    assert rig.whispered[-1].text.startswith("There is no night “1999”")


async def test_without_a_channel_of_the_operators_nothing_is_posted(rig: Rig) -> None:
    await rig.night(passed=True)
    await rig.nightly(operators="").post()
    assert rig.terminal.replies == {}


async def test_nothing_is_offered_to_open_where_nothing_broke(rig: Rig) -> None:
    night = await rig.night(passed=True)
    reply = report_reply([await rig.nights.get(night.id)], "https://footnote.example.org/")
    assert [button.action for button in reply.buttons] == [Action.BASELINE]
    assert reply.notes == (f"All of it: https://footnote.example.org/nights?night={night.id}",)


def test_when_it_runs_is_a_setting(rig: Rig) -> None:
    job = rig.nightly(nightly="15 4 * * *", zone="Europe/Berlin").job()
    assert job is not None
    assert job.cron.expression == "15 4 * * *"
    assert rig.nightly(nightly="off").job() is None
    with pytest.raises(SettingsInvalid, match="FOOTNOTE_NIGHTLY: “at night” is no schedule"):
        rig.nightly(nightly="at night").job()


async def _written(path: Path) -> str:
    for _ in range(300):
        if path.exists() and (text := path.read_text()):
            return text
        await asyncio.sleep(0.1)
    raise AssertionError(f"{path} was not written")


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def press(action: Action, subject: str) -> Press:
    return Press("e", Place.parse(f"{OPS}/"), Person("terminal/mei", "Mei"), action, subject, 0.0)
