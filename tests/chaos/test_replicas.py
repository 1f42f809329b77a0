"""Two processes on one PostgreSQL: what a killed one was at, the other finishes."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.desk import run_id
from bot.records import open_engine, sqlite_url
from bot.replicas import Replicas
from bot.tables import metadata
from tests.servers.postgres import binaries, postgres


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


async def test_what_a_silent_replica_left_goes_to_one_other(tmp_path: Path) -> None:
    engine = open_engine(sqlite_url(tmp_path / "records.sqlite"))
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    clock = Clock()
    one, two, three = (Replicas(engine, name, clock) for name in ("one", "two", "three"))
    for replica in (one, two, three):
        await replica.live()
    clock.now += 60
    await two.live()
    await three.live()
    assert await two.take_over() == []
    clock.now += 61
    assert await two.take_over() + await three.take_over() == ["one"]
    await engine.dispose()


async def start(home: Path, address: str, hold: str = "") -> asyncio.subprocess.Process:
    environment = {"FOOTNOTE_HOME": str(home), "FOOTNOTE_DATABASE_URL": address, "FOOTNOTE_TEST_HOLD": hold}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.chaos.worker"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"READY\n"
    return process


async def answered(engine: AsyncEngine, event: str) -> int:
    async with engine.connect() as connection:
        found = await connection.execute(
            text("select count(*) from messages where kind = 'assistant' and key = :key"), {"key": run_id(event)}
        )
        return int(found.scalar() or 0)


@pytest.mark.timeout(180)
async def test_what_a_killed_replica_was_at_is_finished_by_the_other(tmp_path: Path) -> None:
    if binaries() is None:
        pytest.skip("PostgreSQL is not installed: install the package postgresql")
    with postgres() as address:
        engine = create_async_engine(address.replace("postgresql://", "postgresql+psycopg://"))
        first = await start(tmp_path / "one", address, hold="stuck")
        assert first.stdin is not None
        assert first.stdout is not None
        first.stdin.write(b"M event stuck where is thing one?\n")
        assert await first.stdout.readline() == b"ACK event\n"
        await asyncio.sleep(2)
        first.kill()
        await first.wait()
        async with engine.begin() as connection:
            pending = await connection.execute(
                text("select status from dbos.workflow_status where workflow_uuid = 'event'")
            )
            assert pending.scalar() == "PENDING"
            await connection.execute(text("update replicas set seen_at = 0"))
        second = await start(tmp_path / "two", address)
        deadline = time.monotonic() + 60
        while not await answered(engine, "event"):
            assert time.monotonic() < deadline, "nobody took over what the killed replica was at"
            await asyncio.sleep(0.2)
        second.kill()
        await second.wait()
        await engine.dispose()
