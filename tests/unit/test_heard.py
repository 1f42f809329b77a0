"""Until when everything was heard, on a real database: who may move that on."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import heard
from bot.heard import Heard, assume

GAP = 60.0


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heard, "EVERY_SECONDS", 0.01)


class Line:
    """A platform: since when it is connected, and what was looked for."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.since: float | None = None
        self.looked: list[float] = []
        self.ends = asyncio.Event()
        self.ends.set()

    async def catch_up(self, since: float) -> None:
        self.looked.append(since)
        await self.ends.wait()

    def heard(self, engine: AsyncEngine) -> Heard:
        return Heard(engine, "slack", lambda: self.now)


async def test_an_upgrade_knows_when_anybody_last_ran_and_a_later_start_that_failed_changes_nothing(
    engine: AsyncEngine,
) -> None:
    await assume(engine, ["slack"], 0.0)
    assert await Line().heard(engine).until() == 0.0
    for last in (100.0, 500.0):
        await assume(engine, ["slack", "discord"], last)
    assert await Line().heard(engine).until() == 100.0


async def test_it_never_goes_back(engine: AsyncEngine) -> None:
    one = Line().heard(engine)
    for until in (100.0, 300.0, 200.0):
        await one.note(until)
    assert await one.until() == 300.0


async def test_who_is_not_connected_or_still_looks_has_heard_nothing(engine: AsyncEngine) -> None:
    line = Line()
    one = line.heard(engine)
    await one.note(100.0)
    async with one.kept(lambda: line.since, GAP, line.catch_up):
        await asyncio.sleep(0.1)
    assert (await one.until(), line.looked) == (100.0, [])
    line.since = line.now
    line.ends.clear()
    async with one.kept(lambda: line.since, GAP, line.catch_up):
        await asyncio.sleep(0.1)
    assert (await one.until(), line.looked) == (100.0, [100.0])


async def test_who_has_looked_once_looks_again_only_after_another_gap(engine: AsyncEngine) -> None:
    line = Line()
    one = line.heard(engine)
    await one.note(100.0)
    line.since = line.now
    line.ends.clear()
    async with one.kept(lambda: line.since, GAP, line.catch_up):
        await asyncio.sleep(0.1)
        line.now = 2_000.0  # it looked for long
        line.ends.set()
        await asyncio.sleep(0.1)
        assert (await one.until(), line.looked) == (2_000.0, [100.0])
        line.since = None
        line.now = 5_000.0
        await asyncio.sleep(0.1)
        assert await one.until() == 2_000.0
        line.since = line.now
        await asyncio.sleep(0.1)
    assert (await one.until(), line.looked) == (5_000.0, [100.0, 2_000.0])


async def test_where_the_connection_was_cut_while_it_looked_it_looks_again(engine: AsyncEngine) -> None:
    line = Line()
    one = line.heard(engine)
    await one.note(100.0)
    line.since = line.now
    line.ends.clear()
    async with one.kept(lambda: line.since, GAP, line.catch_up):
        await asyncio.sleep(0.1)
        line.now = line.since = 2_000.0
        line.ends.set()
        await asyncio.sleep(0.1)
    assert (await one.until(), line.looked) == (2_000.0, [100.0, 100.0])
