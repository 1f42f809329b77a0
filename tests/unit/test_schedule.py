"""Jobs by the clock: each moment once, the last missed one caught up, alerts that come once, delivery apart from the work."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.chat import Action, ChatAway, ChatRefused, Reply
from bot.cron import Cron
from bot.jobs import Job, iso
from bot.records import open_engine, sqlite_url
from bot.schedule import AGAIN_SECONDS, MOST_FAILURES, Schedule
from bot.tables import metadata

DAY = 86_400.0
START = datetime(2026, 3, 1, tzinfo=UTC).timestamp()


class World:
    """A clock that stands still, a queue that takes each key once, a job that may fail or be unable to deliver."""

    def __init__(self) -> None:
        self.now = START
        self.keys: set[str] = set()
        self.waiting: list[tuple[str, float]] = []
        self.ran: list[float] = []
        self.delivered = 0
        self.told: dict[str, Reply] = {}
        self.tellings = 0
        self.breaks: Exception | None = None
        self.refused: Exception | None = None
        self.away = False
        self.nobody = False
        self.schedule: Schedule

    async def job(self, key: str, lane: str, name: str, moment: float) -> None:
        if key not in self.keys:
            self.keys.add(key)
            self.waiting.append((name, moment))

    async def run(self, moment: float) -> None:
        if self.breaks:
            raise self.breaks
        self.ran.append(moment)

    async def deliver(self) -> None:
        if self.away:
            raise ChatAway("the platform is away")
        if self.refused:
            raise self.refused
        self.delivered += 1

    async def tell(self, key: str, reply: Reply) -> None:
        if self.nobody:
            raise ChatAway("the platform is away")
        self.told[key] = reply
        self.tellings += 1

    async def pass_time(self, seconds: float) -> None:
        """Two replicas look, then everything that waits is handled."""
        self.now += seconds
        for _ in range(2):
            await self.schedule.tick(self)
        while self.waiting:
            await self.schedule.run(*self.waiting.pop(0))

    def lines(self) -> list[str]:
        return [reply.text for reply in self.told.values()]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World()
    engine = open_engine(sqlite_url(tmp_path / "records.sqlite"))
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    made.schedule = Schedule(engine, lambda: made.now, made.tell)
    made.schedule.add(Job("nightly", Cron("0 8 * * *"), made.run, made.deliver, "The nightly report"))
    await made.pass_time(0)
    yield made
    await engine.dispose()


def days(*numbers: int) -> list[float]:
    return [START + number * DAY + 8 * 3_600 for number in numbers]


async def test_every_moment_runs_once_and_never_early(world: World) -> None:
    await world.pass_time(8 * 3_600 - 1)
    assert world.ran == []
    await world.pass_time(1)
    assert world.ran == days(0)
    for _ in range(20):
        await world.pass_time(DAY / 10)
    assert world.ran == days(0, 1, 2)
    assert world.delivered == 3
    assert world.keys == {f"job:nightly:{iso(moment)}" for moment in world.ran}


async def test_after_downtime_the_latest_is_caught_up_once(world: World) -> None:
    await world.pass_time(DAY)
    await world.pass_time(7 * DAY)
    assert world.ran == days(0, 7)
    await world.pass_time(60)
    assert world.ran == days(0, 7)


async def test_a_clock_that_is_set_back_repeats_nothing(world: World) -> None:
    await world.pass_time(DAY)
    await world.pass_time(-3 * 3_600)
    await world.pass_time(-20 * 3_600)
    await world.pass_time(23 * 3_600)
    assert world.ran == days(0)


async def test_after_a_clock_was_a_year_ahead_all_goes_on_from_today(world: World) -> None:
    await world.pass_time(DAY)
    await world.pass_time(366 * DAY)
    await world.pass_time(-366 * DAY)
    await world.pass_time(DAY)
    assert world.ran == [*days(0), *days(366), *days(1)]
    for _ in range(368):
        await world.pass_time(DAY)
    assert len(world.ran) == len(set(world.ran)) == 370


async def test_a_crash_before_it_was_noted_runs_the_same_moment_again_and_no_other(world: World) -> None:
    world.now += 9 * 3_600
    await world.schedule.tick(world)
    name, moment = world.waiting.pop()
    await world.schedule.run(name, moment)
    await world.schedule.run(name, moment)  # recovered after its end: nothing runs again
    assert world.ran == days(0)
    assert world.delivered == 1


async def test_what_could_not_be_delivered_is_delivered_later_without_running_again(world: World) -> None:
    world.away = True
    await world.pass_time(DAY)
    for _ in range(3):
        await world.pass_time(AGAIN_SECONDS)
    assert (world.ran, world.delivered) == (days(0), 0)
    world.away = False
    await world.pass_time(AGAIN_SECONDS)
    await world.pass_time(AGAIN_SECONDS)
    assert (world.ran, world.delivered) == (days(0), 1)
    assert world.told == {}


async def test_a_job_that_fails_is_told_once_and_its_recovery_once(world: World) -> None:
    world.breaks = RuntimeError("private words")
    for _ in range(4):
        await world.pass_time(DAY)
    assert len(world.told) == world.tellings == 1
    assert "The nightly report failed: RuntimeError at" in world.lines()[0]
    assert "private words" not in world.lines()[0]
    world.breaks = None
    for _ in range(3):
        await world.pass_time(DAY)
    assert world.tellings == 2
    assert "works again, after 4 in a row" in world.lines()[1]


async def test_a_moment_that_failed_is_run_again_where_the_job_wants_that(world: World) -> None:
    world.schedule.add(
        Job("digest", Cron("0 8 * * *"), world.run, world.deliver, "The digest", since=START, again=True)
    )
    world.breaks = RuntimeError()
    await world.pass_time(8 * 3_600)
    await world.pass_time(AGAIN_SECONDS)
    failed = [line for line in world.lines() if "The digest failed" in line]
    assert len(failed) == 1
    world.breaks = None
    await world.pass_time(AGAIN_SECONDS)
    assert (world.ran, world.delivered) == (days(0), 1)
    assert "The digest works again, after 1 in a row that failed." in world.lines()[-1]
    await world.pass_time(AGAIN_SECONDS)
    assert world.ran == days(0)


async def test_a_moment_that_fails_all_morning_is_left_and_counts_once(world: World) -> None:
    world.schedule.add(Job("digest", Cron("0 8 * * *"), world.run, label="The digest", since=START, again=True))
    world.breaks = RuntimeError()
    await world.pass_time(8 * 3_600)
    for _ in range(30):
        await world.pass_time(AGAIN_SECONDS)
    state = await world.schedule.state("digest")
    assert state is not None
    assert state.failures == 1
    world.breaks = None
    await world.pass_time(AGAIN_SECONDS)
    assert world.ran == []


async def test_a_job_that_fails_ten_times_is_paused_and_says_so(world: World) -> None:
    world.breaks = RuntimeError()
    for _ in range(MOST_FAILURES + 5):
        await world.pass_time(DAY)
    assert world.tellings == 2
    paused = list(world.told.values())[-1]
    assert "failed 10 times in a row and is paused" in paused.text
    assert [(button.action, button.subject) for button in paused.buttons] == [(Action.RESUME, "job:nightly")]
    state = await world.schedule.state("nightly")
    assert state is not None
    assert (state.paused, state.failures) == (True, MOST_FAILURES)
    world.breaks = None
    assert await world.schedule.resume("nightly")
    await world.pass_time(60)
    assert world.ran == []  # what it missed while it was paused is not caught up
    await world.pass_time(DAY)
    assert len(world.ran) == 1


async def test_a_paused_job_whose_last_report_is_delivered_after_all_is_not_said_to_work(world: World) -> None:
    world.refused = RuntimeError()
    for _ in range(MOST_FAILURES):
        await world.pass_time(DAY)
    assert "is paused" in world.lines()[-1]
    world.refused = None
    await world.pass_time(AGAIN_SECONDS)
    assert world.delivered == 1
    await world.pass_time(3 * DAY)
    assert "is paused" in world.lines()[-1]
    assert await world.schedule.resume("nightly")
    await world.pass_time(DAY)
    assert len(world.ran) == MOST_FAILURES + 1
    assert world.tellings == 2


async def test_what_a_platform_refuses_for_good_is_told_and_not_tried_again(world: World) -> None:
    world.refused = ChatRefused("Slack refused chat.postMessage: automod")
    await world.pass_time(DAY)
    assert world.lines() == ["⚠️ The nightly report failed: Slack refused chat.postMessage: automod"]
    world.refused = None
    await world.pass_time(3 * AGAIN_SECONDS)
    assert (world.delivered, world.tellings) == (0, 1)
    await world.pass_time(DAY)
    assert (world.delivered, len(world.ran)) == (1, 2)
    assert "works again, after 1 in a row" in world.lines()[-1]


async def test_a_job_whose_every_report_is_refused_is_paused_after_ten(world: World) -> None:
    world.refused = ChatRefused("Slack refused chat.postMessage: automod")
    for _ in range(MOST_FAILURES):
        await world.pass_time(DAY)
    assert "failed 10 times in a row and is paused: Slack refused" in world.lines()[-1]
    assert len(world.ran) == MOST_FAILURES


async def test_the_same_moment_failing_again_after_a_crash_counts_once(world: World) -> None:
    world.breaks = RuntimeError()
    world.now += DAY
    await world.schedule.tick(world)
    name, moment = world.waiting.pop()
    for _ in range(3):
        await world.schedule.run(name, moment)
    state = await world.schedule.state("nightly")
    assert state is not None
    assert (state.failures, len(world.told)) == (1, 1)


async def test_an_alert_that_could_not_be_told_is_told_later(world: World) -> None:
    world.breaks, world.nobody = RuntimeError(), True
    await world.pass_time(DAY)
    world.nobody = False
    await world.pass_time(AGAIN_SECONDS)
    await world.pass_time(AGAIN_SECONDS)
    assert world.tellings == 1
    assert world.ran == []


async def test_nothing_is_due_of_before_its_times_were_changed(world: World) -> None:
    world.now += 9 * 3_600
    await world.schedule.restart("nightly")
    await world.pass_time(0)
    assert world.ran == []
    await world.pass_time(DAY)
    assert world.ran == days(1)


async def test_what_another_process_has_put_into_the_inbox_meanwhile_is_not_put_there_again(
    world: World, engine: AsyncEngine
) -> None:
    """Of ten jobs that are due at once, the other process takes the rest while this one puts the first."""
    put: list[str] = []
    here, there = (Schedule(engine, lambda: world.now, world.tell) for _ in range(2))

    class Slow:
        async def job(self, key: str, lane: str, name: str, moment: float) -> None:
            put.append(key)
            if len(put) == 1:
                await there.tick(self)

    for number in range(10):
        for one in (here, there):
            one.add(Job(f"job {number}", Cron("0 8 * * *"), world.run, since=START))
    world.now += DAY
    await here.tick(Slow())
    assert sorted(set(put)) == [f"job:job {number}:{iso(*days(0))}" for number in range(10)]
    assert len(put) == 11
