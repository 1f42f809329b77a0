"""When a source is read again, what becomes of one that fails, and how a person names one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from bot import freshness
from bot.audiences import Audiences
from bot.chat import Person, Place
from bot.commands import Invocation, commands
from bot.console.adapter import ConsoleChat
from bot.freshness import keep_fresh
from bot.knowledge import FIRST_PAUSE, LONGEST_PAUSE, Knowledge
from bot.records import Records, open_engine, sqlite_url
from bot.sources import EVERY, ON_DISK, label, named
from bot.syncing import run_sync
from bot.tables import metadata
from retrieval.documents import Audience, Document
from retrieval.errors import Away, RetrievalError, Unreadable
from retrieval.sources import Listed
from retrieval.sources.folder import FolderSource
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
        if self._here.away:
            yield Listed(self.name, "", away=self._here.away)

    async def read(self, listed: Listed) -> Document:
        return Document(listed.id, self.name, "", self.name, "Some words.", Audience.everyone(), listed.content_hash)


class Here:
    """A knowledge whose clock stands still until it is set."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.errors: dict[str, Exception] = {}
        self.away = ""
        self.shut: Exception | None = None
        self.read: list[str] = []
        self.before_reading: Callable[[], Awaitable[object]] | None = None
        self.knowledge: Knowledge
        self.audiences: Audiences

    async def error(self, name: str) -> str:
        return next(one.error for one in (await self.knowledge.state()).sources if one.name == name)


@pytest.fixture
async def here(store: Store, tmp_path: Path) -> AsyncIterator[Here]:
    made = Here()
    engine = open_engine(sqlite_url(tmp_path / "records.sqlite"))
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)

    def open_source(kind: str, location: str) -> Scripted:
        if made.shut:
            raise made.shut
        return Scripted(f"{kind}:{location}", made)

    made.knowledge = Knowledge(store, None, engine, open_source, "here", lambda: made.now)
    made.audiences = Audiences(store, {"console": ConsoleChat(Records(engine))})
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
    assert await here.knowledge.due(["feed"], at_once=True) == [feed]


async def test_a_source_that_can_not_be_opened_any_more_says_why(here: Here) -> None:
    name = await here.knowledge.add("readwise", "")
    here.shut = Unreadable("readwise", "set FOOTNOTE_READWISE_KEY")
    await here.knowledge.refresh(name)
    assert await here.error(name) == "readwise: set FOOTNOTE_READWISE_KEY"


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


@pytest.mark.parametrize("wait", [31_536_000.0, float("inf")])
async def test_no_host_parks_a_source_for_good(here: Here, wait: float) -> None:
    feed = await here.knowledge.add("feed", "https://x.example/feed")
    here.errors[feed] = Away(feed, "it answered 429", 429, wait=wait)
    await here.knowledge.refresh(feed)
    here.now += EVERY["web"]
    assert await here.knowledge.due() == [feed]


async def test_a_slow_site_does_not_keep_what_is_on_disk_from_being_read(
    here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freshness, "LOOK_SECONDS", 0.01)
    folder = await here.knowledge.add("folder", str(tmp_path))
    site = await here.knowledge.add("web", "https://x.example/")

    async def slow() -> None:
        if here.read[-1] == site:
            await asyncio.Event().wait()

    here.before_reading = slow
    task = asyncio.create_task(keep_fresh(here.knowledge))
    async with asyncio.timeout(10):
        while set(here.read) != {folder, site} or await here.knowledge.due(ON_DISK):
            await asyncio.sleep(0.01)
        here.now += EVERY["folder"]
        while here.read.count(folder) < 2:
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


async def test_footnote_sync_goes_on_after_a_source_that_breaks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = FolderSource.list
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "note.md").write_text(f"# Note {name}")

    def broken(source: FolderSource) -> AsyncIterator[Listed]:
        if source.name.endswith("/a"):
            raise RuntimeError("a fault with words in it")
        return listed(source)

    monkeypatch.setattr(FolderSource, "list", broken)
    assert await run_sync([str(tmp_path / "a"), str(tmp_path / "b")], packages=False) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert "reading it broke off (RuntimeError at" in said
    assert "1 new, 0 changed" in said
    assert "words in it" not in said


async def test_what_is_shown_of_a_source_in_a_chat_holds_no_path_and_no_token(here: Here, tmp_path: Path) -> None:
    (tmp_path / "My Clippings.txt").touch()
    for kind in ("folder", "kindle", "slack-export"):
        name = await here.knowledge.add(kind, str(tmp_path / "My Clippings.txt"))
        here.errors[name] = Unreadable(str(tmp_path / "My Clippings.txt"), "it is away")
        await here.knowledge.refresh(name)
    listed = commands(here.knowledge, here.audiences, _nothing)
    known = next(one.run for one in listed if one.name == "knowledge")
    assert known is not None
    said = await known(Invocation(Place("console", "", "home"), Person("console/mei", "Mei"), ""))
    assert str(tmp_path) not in said
    assert "- My Clippings.txt: 0 documents. ⚠️ My Clippings.txt: it is away" in said
    assert "- kindle: My Clippings.txt: 0 documents" in said


async def test_what_could_not_be_read_of_a_site_is_named_without_what_may_be_a_secret(here: Here) -> None:
    site = await here.knowledge.add("web", "https://x.example/?token=hush")
    here.away = "it is away"
    await here.knowledge.refresh(site)
    assert (await here.knowledge.state()).sources[0].unreadable == [("web:https://x.example/?…", "it is away")]


async def _nothing(invocation: Invocation) -> str:
    return ""
