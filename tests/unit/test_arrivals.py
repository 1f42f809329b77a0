"""Deliveries are kept before they are acknowledged, handled in their lane's order after, and never lost to a crash."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import arrivals as module
from bot.arrivals import AT_ONCE, GIVEN_UP_SECONDS, Arrivals, Handle
from bot.chat import ChatAway
from bot.records import open_engine, sqlite_url
from bot.replicas import DEAD_SECONDS, Replicas


async def until(true: Any) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.01)


async def test_a_thousand_at_once_are_kept_and_handled_in_their_order(engine: AsyncEngine) -> None:
    handled: list[int] = []

    async def handle(payload: Any) -> None:
        handled.append(payload["n"])

    arrivals = Arrivals(engine, "one", "slack", handle, lambda: 0.0)
    arrivals.start()
    await asyncio.gather(*(arrivals.keep({"n": n}) for n in range(1_000)))
    await until(lambda: len(handled) == 1_000)
    await arrivals.stop()
    assert handled == list(range(1_000))


async def test_what_was_kept_and_not_handled_is_handled_by_the_next_process(engine: AsyncEngine) -> None:
    async def never(payload: Any) -> None:
        await asyncio.sleep(60)

    handled: list[Any] = []

    async def handle(payload: Any) -> None:
        handled.append(payload)

    first = Arrivals(engine, "one", "slack", never, lambda: 0.0)
    first.start()
    await first.keep({"n": 1})
    await first.stop()
    second = Arrivals(engine, "one", "slack", handle, lambda: 0.0)
    second.start()
    await until(lambda: handled == [{"n": 1}])
    await second.stop()


async def test_one_that_breaks_holds_up_none_after_it(engine: AsyncEngine) -> None:
    handled: list[int] = []

    async def handle(payload: Any) -> None:
        if payload["n"] == 1:
            raise ValueError("nonsense")
        handled.append(payload["n"])

    arrivals = Arrivals(engine, "one", "slack", handle, lambda: 0.0)
    arrivals.start()
    for n in range(3):
        await arrivals.keep({"n": n})
    await until(lambda: handled == [0, 2])
    await arrivals.stop()


class Lanes:
    """A handler that keeps what it is told to hold, until it may go on."""

    def __init__(self, *held: str) -> None:
        self._held = set(held)
        self._may = asyncio.Event()
        self.handled: list[tuple[str, int]] = []
        self.running = 0
        self.most = 0

    async def handle(self, payload: Any) -> None:
        lane, number = payload
        self.running += 1
        self.most = max(self.most, self.running)
        if lane in self._held:
            await self._may.wait()
        await asyncio.sleep(0.01)
        self.running -= 1
        self.handled.append((lane, number))

    def go_on(self) -> None:
        self._may.set()

    def of(self, lane: str) -> list[int]:
        return [number for name, number in self.handled if name == lane]


async def test_a_slow_lane_holds_up_no_other_and_each_keeps_its_order(engine: AsyncEngine) -> None:
    lanes = Lanes("slow")
    arrivals = Arrivals(engine, "one", "slack", lanes.handle, lambda: 0.0)
    arrivals.start()
    for number in range(50):
        for lane in ("slow", "a", "b"):
            await arrivals.keep([lane, number], lane)
    await until(lambda: len(lanes.handled) == 100)
    assert lanes.of("slow") == []
    lanes.go_on()
    await until(lambda: len(lanes.handled) == 150)
    await arrivals.stop()
    assert {tuple(lanes.of(lane)) for lane in ("slow", "a", "b")} == {tuple(range(50))}


async def test_no_more_than_so_many_lanes_go_at_once(engine: AsyncEngine) -> None:
    names = [f"lane-{number}" for number in range(100)]
    lanes = Lanes(*names)
    arrivals = Arrivals(engine, "one", "slack", lanes.handle, lambda: 0.0)
    arrivals.start()
    await asyncio.gather(*(arrivals.keep([name, 0], name) for name in names))
    await until(lambda: lanes.running == AT_ONCE)
    lanes.go_on()
    await until(lambda: len(lanes.handled) == 100)
    await arrivals.stop()
    assert lanes.most == AT_ONCE


async def test_what_a_crash_left_keeps_its_lane_and_order(engine: AsyncEngine) -> None:
    lanes = Lanes("a", "b")
    first = Arrivals(engine, "one", "slack", lanes.handle, lambda: 0.0)
    first.start()
    for number in range(3):
        for lane in ("a", "b"):
            await first.keep([lane, number], lane)
    await first.stop()
    again = Lanes("a")
    second = Arrivals(engine, "one", "slack", again.handle, lambda: 0.0)
    second.start()
    await until(lambda: again.of("b") == [0, 1, 2])
    again.go_on()
    await until(lambda: again.of("a") == [0, 1, 2])
    await second.stop()


async def test_what_waits_for_something_away_goes_first_in_its_lane_and_holds_up_no_other(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AGAIN_SECONDS", 0.05)
    handled: list[tuple[str, int]] = []
    tried: list[int] = []

    async def handle(payload: Any) -> None:
        lane, number = payload
        if lane == "away" and number == 0 and len(tried) < 3:
            tried.append(number)
            raise ChatAway("nobody answers")
        handled.append((lane, number))

    arrivals = Arrivals(engine, "one", "slack", handle, lambda: 0.0)
    arrivals.start()
    for number in range(2):
        for lane in ("away", "here"):
            await arrivals.keep([lane, number], lane)
    await until(lambda: len(handled) == 4)
    await arrivals.stop()
    assert handled == [("here", 0), ("here", 1), ("away", 0), ("away", 1)]


async def test_what_was_tried_for_a_day_is_given_up(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AGAIN_SECONDS", 0.01)
    now = [0.0]
    handled: list[int] = []

    async def handle(payload: Any) -> None:
        if payload == 0:
            now[0] += GIVEN_UP_SECONDS / 3
            raise ChatAway("nobody answers")
        handled.append(payload)

    arrivals = Arrivals(engine, "one", "slack", handle, lambda: now[0])
    arrivals.start()
    for number in range(2):
        await arrivals.keep(number)
    await until(lambda: handled == [1])
    await arrivals.stop()


async def test_records_that_are_away_for_a_moment_lose_nothing(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AGAIN_SECONDS", 0.05)
    lanes = Lanes("a")
    arrivals = Arrivals(engine, "one", "slack", lanes.handle, lambda: 0.0)
    arrivals.start()
    for number in range(2):
        await arrivals.keep(["a", number], "a")
    await until(lambda: lanes.running == 1)
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE arrivals RENAME TO elsewhere"))
    lanes.go_on()
    await until(lambda: len(lanes.handled) > 1)  # it could not be forgotten, and is handled again
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE elsewhere RENAME TO arrivals"))
    await until(lambda: 1 in lanes.of("a"))
    await arrivals.stop()
    assert lanes.of("a") == [*([0] * (len(lanes.handled) - 1)), 1]


async def test_where_nothing_can_be_kept_the_platform_is_not_told_that_it_was(tmp_path: Path) -> None:
    engine = open_engine(sqlite_url(tmp_path / "empty.sqlite"))

    async def handle(payload: Any) -> None:
        """Nothing comes."""

    arrivals = Arrivals(engine, "one", "slack", handle, lambda: 0.0)
    arrivals.start()
    with pytest.raises(Exception, match="no such table"):
        await arrivals.keep({"n": 1})
    await arrivals.stop()
    await engine.dispose()


# several replicas


@pytest.fixture(params=["engine", "postgresql"])
def shared(request: pytest.FixtureRequest) -> AsyncEngine:
    """The records that replicas share."""
    found: AsyncEngine = request.getfixturevalue(request.param)
    return found


class Now:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


async def replica(engine: AsyncEngine, name: str, handle: Handle, clock: Now) -> Arrivals:
    await Replicas(engine, name, clock).live()
    arrivals = Arrivals(engine, name, "slack", handle, clock)
    arrivals.start()
    return arrivals


async def test_of_several_replicas_one_handles_each_delivery_in_its_lanes_order(shared: AsyncEngine) -> None:
    lanes, clock = Lanes(), Now()
    replicas = [await replica(shared, name, lanes.handle, clock) for name in ("one", "two", "three")]
    for number in range(15):
        for lane in ("a", "b", "c", "d"):
            await replicas[number % 3].keep([lane, number], lane)
    await until(lambda: len(lanes.handled) >= 60)
    await asyncio.sleep(0.2)  # whatever would be handled twice has its chance
    for one in replicas:
        await one.stop()
    assert [lanes.of(lane) for lane in "abcd"] == [list(range(15))] * 4


async def test_what_a_silent_replica_was_handling_goes_to_another_and_not_before(
    shared: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.05)
    stuck, lanes, clock = Lanes("a"), Lanes(), Now()
    one = await replica(shared, "one", stuck.handle, clock)
    for number in range(2):
        await one.keep(["a", number], "a")
    await until(lambda: stuck.running == 1)
    two = await replica(shared, "two", lanes.handle, clock)
    await two.keep(["b", 0], "b")
    await until(lambda: [0] in (lanes.of("b"), stuck.of("b")))  # whichever looks first
    await asyncio.sleep(0.3)
    assert lanes.of("a") == []
    clock.now += DEAD_SECONDS + 1
    await Replicas(shared, "two", clock).live()
    await until(lambda: lanes.of("a") == [0, 1])
    stuck.go_on()  # it was not dead after all, and takes nothing more of that lane
    await until(lambda: stuck.of("a"))
    await asyncio.sleep(0.2)
    await one.stop()
    await two.stop()
    assert stuck.of("a") == [0]


async def test_what_a_replica_was_handling_when_it_was_stopped_goes_to_another_at_once(
    postgresql: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.05)
    stuck, lanes, clock = Lanes("a"), Lanes(), Now()
    one = await replica(postgresql, "one", stuck.handle, clock)
    two = await replica(postgresql, "two", lanes.handle, clock)
    await one.keep(["a", 0], "a")
    await until(lambda: stuck.running + len(lanes.handled) == 1)
    await one.stop()
    await until(lambda: lanes.of("a") == [0])
    await two.stop()
