"""A digest without a platform: a feed on a real host, a chat in memory, a clock that stands still."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bot.audiences import Audiences
from bot.chat import Action, ChatAway, ChatGone, ChatRefused, Mention, Openness, Person, Place, Press, Readers, Reply
from bot.digests.presses import DigestPresses
from bot.digests.service import Digests, ProseOf
from bot.records import Records, open_engine, sqlite_url
from bot.schedule import Schedule
from bot.settings import Settings
from bot.sources import Opener
from bot.tables import metadata
from retrieval.embedders import Embedder
from retrieval.embedders.hashing import Hashing
from retrieval.search import Searcher
from retrieval.sources.fetcher import Fetcher
from retrieval.stores import Store
from tests.servers.web_sources import WebSources

MEI, ANN = Person("here/mei", "Mei"), Person("here/ann", "Ann")
PLACE = Place("here", "local", "news")
START = datetime(2026, 3, 2, 7, 0, tzinfo=UTC).timestamp()  # a Monday
DAY = 86_400.0


class Shown:
    """A `Chat` in memory that may be away, or closed."""

    platform = "here"

    def __init__(self) -> None:
        self.messages: dict[str, Reply] = {}
        self.posts = 0
        self.whispers: list[tuple[str, str]] = []
        self.away = self.gone = False
        self.refuses = ""  # a message with these words

    async def status(self, place: Place, text: str) -> None: ...

    async def show(self, place: Place, key: str, reply: Reply) -> None:
        if self.away:
            raise ChatAway("here is away")
        if self.gone:
            raise ChatGone("the channel is gone")
        if self.refuses and self.refuses in reply.text:
            raise ChatRefused("Here refused it: automod")
        self.posts += key not in self.messages
        self.messages[key] = reply

    async def whisper(self, place: Place, person: Person, reply: Reply) -> None:
        self.whispers.append((person.id, reply.text))

    async def readers(self, place: Place) -> Readers:
        return Readers(Openness.WORKSPACE)

    def texts(self, start: str = "digest:") -> str:
        return "\n".join(
            "\n".join((reply.text, *reply.notes)) for key, reply in self.messages.items() if key.startswith(start)
        )


@dataclass
class Rig:
    """``pass_time`` lets the schedule look and handles everything that is due."""

    host: WebSources
    chat: Shown
    store: Store
    digests: Digests
    presses: DigestPresses
    schedule: Schedule
    clock: list[float]
    told: dict[str, Reply] = field(default_factory=dict)
    asked: list[Mention] = field(default_factory=list)
    waiting: list[tuple[str, float]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    number: int = 0

    async def job(self, key: str, lane: str, name: str, moment: float) -> None:
        if key not in self.keys:
            self.keys.add(key)
            self.waiting.append((name, moment))

    async def pass_time(self, seconds: float) -> None:
        self.clock[0] += seconds
        await self.schedule.tick(self)
        while self.waiting:
            await self.schedule.run(*self.waiting.pop(0))

    async def press(self, action: Action, subject: str, person: Person = MEI, **form: object) -> None:
        self.number += 1
        await self.presses.press(Press(f"p{self.number}", PLACE, person, action, subject, self.clock[0], dict(form)))

    async def subscribe(self, text: str, id_: str = "s1") -> None:
        await self.press(Action.SUBSCRIBE, id_, text=text)

    def feed(self, path: str, *items: tuple[str, str, str, float | None]) -> str:
        """Put a feed of (title, link, text, date); returns its address."""
        return self.host.put_feed(path, *items)


@asynccontextmanager
async def open_rig(
    tmp_path: Path,
    host: WebSources,
    store: Store,
    fetcher: Fetcher,
    prose_of: ProseOf = lambda subscription: None,
    embedder: Embedder | None = None,
) -> AsyncIterator[Rig]:
    engine = open_engine(sqlite_url(tmp_path / "records.sqlite"))
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    clock = [START]
    chat = Shown()
    chats = {"here": chat}
    records = Records(engine)
    opener = Opener(Settings(home=tmp_path, hackernews_url=f"{host.address}/hn", arxiv_url=f"{host.address}/arxiv"))
    opener._fetcher = fetcher
    embedder = embedder or Hashing()
    audiences = Audiences(store, chats)  # type: ignore[arg-type]  # what of a Chat is not asked here is not there
    searcher = Searcher(store, embedder)
    told: dict[str, Reply] = {}

    async def tell(key: str, reply: Reply) -> None:
        told[key] = reply

    schedule = Schedule(engine, lambda: clock[0], tell)
    digests = Digests(
        engine,
        embedder,
        searcher,
        audiences,
        opener.news,
        chats,  # type: ignore[arg-type]
        records,
        lambda: clock[0],
        prose_of,
    )
    schedule.add_all(digests)
    asked: list[Mention] = []

    async def ask(mention: Mention) -> None:
        asked.append(mention)

    presses = DigestPresses(digests, schedule, ask, chats, "UTC")  # type: ignore[arg-type]
    yield Rig(host, chat, store, digests, presses, schedule, clock, told, asked)
    await engine.dispose()
