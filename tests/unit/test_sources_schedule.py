"""When a source is read again, what becomes of one that fails, and how a person names one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from bot.freshness import keep_fresh
from bot.knowledge import FIRST_PAUSE, LONGEST_PAUSE, Knowledge
from bot.records import open_engine, sqlite_url
from bot.sources import EVERY, label, named
from bot.tables import metadata
from retrieval.documents import Audience, Document
from retrieval.errors import Away, RetrievalError, Unreadable
from retrieval.sources import Listed
from retrieval.stores import Store


class Scripted:
    """A source with one document; what stands in ``errors`` under its name is raised instead."""

    keeps = False

    def __init__(self, name: str, here: Here) -> None:
        self.name = name
        self._here = here

    async def list(self) -> AsyncIterator[Listed]:
        self._here.read.append(self.name)
        if before := self._here.before_reading:
            await before()
        if error := self._here.errors.get(self.name):
            raise error
        yield Listed(f"{self.name}#1", "1")

    async def read(self, listed: Listed) -> Document:
        return Document(listed.id, self.name, "", self.name, "Some words.", Audience.everyone(), listed.content_hash)


class Here:
    """A knowledge whose clock stands still until it is set."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.errors: dict[str, Exception] = {}
        self.read: list[str] = []
        self.before_reading: Callable[[], Awaitable[object]] | None = None
        self.knowledge: Knowledge

    async def error(self, name: str) -> str:
        return next(one.error for one in (await self.knowledge.state()).sources if one.name == name)


@pytest.fixture
async def here(store: Store, tmp_path: Path) -> AsyncIterator[Here]:
    made = Here()
    engine = open_engine(sqlite_url(tmp_path / "records.sqlite"))
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)

    def open_source(kind: str, location: str) -> Scripted:
        return Scripted(f"{kind}:{location}", made)

    made.knowledge = Knowledge(store, None, engine, open_source, tmp_path / "uploads", lambda: made.now)
    yield made
    await made.knowledge.stop()
    await engine.dispose()


async def test_a_source_is_due_when_its_kinds_time_has_come(here: Here) -> None:
    site = await here.knowledge.add("web", "https://x.example/")
    feed = await here.knowledge.add("feed", "https://x.example/feed")
    assert set(await here.knowledge.due()) == {site, feed}
    await here.knowledge.refresh(site)
    await here.knowledge.refresh(feed)
    assert await here.knowledge.due() == []
    here.now += EVERY["feed"]
    assert await here.knowledge.due() == [feed]
    here.now += EVERY["web"]
    assert set(await here.knowledge.due()) == {site, feed}
    assert await here.knowledge.due(["web"]) == [site, feed]


async def test_a_failing_source_waits_longer_each_time_and_keeps_what_was_known(here: Here) -> None:
    feed = await here.knowledge.add("feed", "https://x.example/feed")
    await here.knowledge.refresh(feed)
    read_at = (await here.knowledge.state()).sources[0].synced_at
    here.errors[feed] = Away("https://x.example/feed", "it answered 500", 500)
    here.now += EVERY["feed"]
    pauses = []
    for _ in range(9):
        await here.knowledge.refresh(feed)
        start = here.now
        while not await here.knowledge.due():
            here.now += 60.0
        pauses.append(here.now - start)
    assert pauses[:3] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert pauses[-1] == LONGEST_PAUSE
    state = (await here.knowledge.state()).sources[0]
    assert state.error == "https://x.example/feed: it answered 500"
    assert (state.documents, state.synced_at) == (1, read_at)
    here.errors.clear()
    await here.knowledge.refresh(feed)
    assert await here.error(feed) == ""
    here.now += EVERY["feed"]
    assert await here.knowledge.due() == [feed]


async def test_a_host_that_wants_to_be_left_alone_longer_is(here: Here) -> None:
    feed = await here.knowledge.add("feed", "https://x.example/feed")
    here.errors[feed] = Away(feed, "it answered 429", 429, wait=3_000.0)
    await here.knowledge.refresh(feed)
    here.now += 2_999.0
    assert await here.knowledge.due() == []
    here.now += 1.0
    assert await here.knowledge.due() == [feed]


@pytest.mark.parametrize("broken", [Unreadable("b", "it is away"), RuntimeError("a fault with words in it")])
async def test_a_source_that_fails_stops_no_other(here: Here, broken: Exception) -> None:
    for one in "abc":
        await here.knowledge.add("feed", one)
    here.errors["feed:b"] = broken
    task = asyncio.create_task(keep_fresh(here.knowledge))
    async with asyncio.timeout(10):
        while len(here.read) < 3 or not await here.error("feed:b"):
            await asyncio.sleep(0.01)
    task.cancel()
    assert sorted(here.read) == ["feed:a", "feed:b", "feed:c"]
    assert "words in it" not in await here.error("feed:b")
    assert (await here.knowledge.counts()).documents == 2


async def test_a_source_that_was_removed_while_it_was_due_is_no_error(here: Here) -> None:
    await here.knowledge.refresh("feed:never")


async def test_a_source_that_is_removed_while_it_is_read_leaves_nothing_behind(here: Here) -> None:
    feed = await here.knowledge.add("feed", "a")
    here.before_reading = lambda: here.knowledge.remove(feed)
    await here.knowledge.refresh(feed)
    assert here.read == [feed]
    assert (await here.knowledge.counts()).documents == 0


@pytest.mark.parametrize(
    ("text", "kind", "location"),
    [
        ("https://x.example/a", "web", "https://x.example/a"),
        ("feed:https://x.example/rss", "feed", "https://x.example/rss"),
        ("github:mei/garden", "github", "mei/garden"),
        ("arxiv:cat:cs.CL", "arxiv", "cat:cs.CL"),
        ("readwise", "readwise", ""),
        ("kindle:/media/My Clippings.txt", "kindle", "/media/My Clippings.txt"),
        ("slack-export:/srv/x.zip", "slack-export", "/srv/x.zip"),
        ("/srv/notes", "folder", "/srv/notes"),
        ("folder:/srv/notes", "folder", "/srv/notes"),
        ("/srv/odd:name", "folder", "/srv/odd:name"),
    ],
)
def test_a_source_is_named_as_it_is_written(text: str, kind: str, location: str) -> None:
    assert named(text) == (kind, location)


def test_a_name_without_its_location_is_one_line() -> None:
    with pytest.raises(RetrievalError, match="missing behind the colon"):
        named("feed:")


def test_a_label_says_the_kind_where_the_location_does_not() -> None:
    assert label("feed", "https://x.example/rss") == "feed: https://x.example/rss"
    assert label("web", "https://x.example/") == "https://x.example/"
    assert label("feed", "https://x.example/rss?token=hush") == "feed: https://x.example/rss?…"
