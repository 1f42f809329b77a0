"""What many tests stand on: records with their tables, a host of sources, a fetcher that may ask it, an empty store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

import agent.tables
import bot.tables
import evals.tables
from bot.records import open_engine, sqlite_url
from retrieval.embedders.hashing import Hashing
from retrieval.sources.copies import Copies
from retrieval.sources.fetcher import Fetcher
from retrieval.stores import Store
from retrieval.stores.memory import InMemoryStore
from tests.servers.postgres import binaries, postgres
from tests.servers.web_sources import WebSources, web_sources


@pytest.fixture
def host() -> Iterator[WebSources]:
    with web_sources() as made:
        yield made


@pytest.fixture
def fetcher(tmp_path: Path) -> Fetcher:
    return Fetcher(Copies(tmp_path / "copies.sqlite"), ["127.0.0.1"], pause=0.0)


@pytest.fixture
async def store() -> Store:
    made = InMemoryStore()
    await made.bind(Hashing.name, Hashing.dimensions)
    return made


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    opened = open_engine(sqlite_url(tmp_path / "records.sqlite"))
    async with opened.begin() as connection:
        for tables in (agent.tables, evals.tables, bot.tables):
            await connection.run_sync(tables.metadata.create_all)
    yield opened
    await opened.dispose()


@pytest.fixture
async def postgresql() -> AsyncIterator[AsyncEngine]:
    """The records on PostgreSQL."""
    if binaries() is None:
        pytest.skip("PostgreSQL is not installed: install the package postgresql")
    with postgres() as address:
        opened = open_engine(address.replace("postgresql://", "postgresql+psycopg://"))
        async with opened.begin() as connection:
            await connection.run_sync(bot.tables.metadata.create_all)
        yield opened
        await opened.dispose()
