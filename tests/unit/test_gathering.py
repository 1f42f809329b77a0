"""Sources are read once for all processes: whoever reads one says so all the while, and whoever falls silent is replaced."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.digests import gathering
from bot.digests.gathering import AGAIN_SECONDS, FRESH_SECONDS, Gatherer
from bot.digests.items import Items
from bot.digests.stories import Sameness
from bot.tables import digest_sources
from retrieval.documents import Audience, Document
from retrieval.embedders.hashing import Hashing
from retrieval.sources import Listed

NAME = "feed:news"


class Feed:
    """A source of one entry that takes as long as it is told to, and counts how often it was read."""

    keeps = True
    name = NAME

    def __init__(self) -> None:
        self.reads = 0
        self.seconds = 0.0
        self.away = ""

    async def list(self) -> AsyncIterator[Listed]:
        self.reads += 1
        await asyncio.sleep(self.seconds)
        yield Listed("one", "one", away=self.away)

    async def read(self, listed: Listed) -> Document:
        return Document(
            "one", NAME, "https://news.example/one", "One", "It came.", Audience.everyone(), "", modified=1.0
        )


class Processes:
    """Several that share the records, and one clock."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.feed = Feed()
        self.now = 1_000_000.0
        self._engine = engine

    def one(self) -> Gatherer:
        async def sameness() -> Sameness:
            return await Sameness.of(Hashing())

        items = Items(self._engine, Hashing.name)
        return Gatherer(self._engine, items, sameness, lambda name: self.feed, lambda: self.now)


@pytest.fixture
def processes(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> Processes:
    for name, seconds in {"BEAT_SECONDS": 0.02, "SILENT_SECONDS": 0.3, "WAIT_SECONDS": 0.02}.items():
        monkeypatch.setattr(gathering, name, seconds)
    return Processes(engine)


async def test_what_one_process_has_read_no_other_reads_until_it_is_old(processes: Processes) -> None:
    one, two = processes.one(), processes.one()
    assert await one.refresh([NAME]) == {}
    processes.now += FRESH_SECONDS / 2
    assert await two.refresh([NAME]) == {}
    assert processes.feed.reads == 1
    processes.now += FRESH_SECONDS
    assert await two.refresh([NAME]) == {}
    assert processes.feed.reads == 2


async def test_of_several_that_ask_at_once_one_reads_and_the_others_wait_however_long(processes: Processes) -> None:
    processes.feed.seconds = 1.0
    found = await asyncio.gather(*(processes.one().refresh([NAME]) for _ in range(3)))
    assert found == [{}, {}, {}]
    assert processes.feed.reads == 1


async def test_what_a_killed_process_was_reading_one_of_the_others_reads_soon(
    processes: Processes, engine: AsyncEngine
) -> None:
    async with engine.begin() as connection:
        await connection.execute(insert(digest_sources).values(name=NAME, tried_at=processes.now))
    processes.feed.seconds = 0.5
    async with asyncio.timeout(5):
        found = await asyncio.gather(*(processes.one().refresh([NAME]) for _ in range(3)))
    assert found == [{}, {}, {}]
    assert processes.feed.reads == 1


async def test_a_source_that_fails_is_left_alone_for_a_while_by_all(processes: Processes) -> None:
    processes.feed.away = "it is away"
    one, two = processes.one(), processes.one()
    assert await one.refresh([NAME]) == await two.refresh([NAME]) == {NAME: "it is away"}
    assert processes.feed.reads == 1
    processes.feed.away = ""
    processes.now += AGAIN_SECONDS + 1
    assert await two.refresh([NAME]) == {}
    assert processes.feed.reads == 2
