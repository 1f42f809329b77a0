"""Deliveries are kept before they are acknowledged, handled in order after, and never lost to a crash."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.arrivals import Arrivals
from bot.records import open_engine, sqlite_url
from bot.tables import metadata


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    opened = open_engine(sqlite_url(tmp_path / "records.sqlite"))
    async with opened.begin() as connection:
        await connection.run_sync(metadata.create_all)
    yield opened
    await opened.dispose()


async def until(true: Any) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.01)


async def test_a_thousand_at_once_are_kept_and_handled_in_their_order(engine: AsyncEngine) -> None:
    handled: list[int] = []

    async def handle(payload: Any) -> None:
        handled.append(payload["n"])

    arrivals = Arrivals(engine, "slack", handle, lambda: 0.0)
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

    first = Arrivals(engine, "slack", never, lambda: 0.0)
    first.start()
    await first.keep({"n": 1})
    await first.stop()
    second = Arrivals(engine, "slack", handle, lambda: 0.0)
    second.start()
    await until(lambda: handled == [{"n": 1}])
    await second.stop()


async def test_one_that_breaks_holds_up_none_after_it(engine: AsyncEngine) -> None:
    handled: list[int] = []

    async def handle(payload: Any) -> None:
        if payload["n"] == 1:
            raise ValueError("nonsense")
        handled.append(payload["n"])

    arrivals = Arrivals(engine, "slack", handle, lambda: 0.0)
    arrivals.start()
    for n in range(3):
        await arrivals.keep({"n": n})
    await until(lambda: handled == [0, 2])
    await arrivals.stop()


async def test_where_nothing_can_be_kept_the_platform_is_not_told_that_it_was(tmp_path: Path) -> None:
    engine = open_engine(sqlite_url(tmp_path / "empty.sqlite"))

    async def handle(payload: Any) -> None:
        """Nothing comes."""

    arrivals = Arrivals(engine, "slack", handle, lambda: 0.0)
    arrivals.start()
    with pytest.raises(Exception, match="no such table"):
        await arrivals.keep({"n": 1})
    await arrivals.stop()
    await engine.dispose()
