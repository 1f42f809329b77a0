"""What was said where: the transcript of every place, people's marks, where cards stand, which version of a message counts."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakSet

from pydantic import TypeAdapter
from sqlalchemy import Column, Engine, event, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from agent.approvals import WAITING
from agent.tables import approvals, upsert
from bot.chat import Person, Place, Reply
from bot.tables import cards, feedback, messages, questions

_reply = TypeAdapter(Reply)
Listener = Callable[[Place, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of a transcript. ``kind`` is ``person`` or ``assistant``; ``reply`` only on the assistant's."""

    place: Place
    key: str
    author: Person
    kind: str
    text: str
    reply: Reply | None
    at: float


def open_engine(url: str) -> AsyncEngine:
    """An engine for the records: SQLite in WAL mode, or PostgreSQL through psycopg."""
    embedded: dict[str, Any] = {"connect_args": {"factory": _Connection}}
    shared = embedded if url.startswith("sqlite") else {"pool_pre_ping": True, "pool_size": 20}
    engine = create_async_engine(url, **shared)
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        return _InTurn(engine.sync_engine)
    return engine


class _InTurn(AsyncEngine):
    """What is begun takes turns, first come first served.

    SQLite lets one write at a time, and whoever finds its lock taken looks again after longer and longer pauses: with
    fifty that write, some waited for seconds.
    """

    def __init__(self, sync_engine: Engine) -> None:
        super().__init__(sync_engine)
        self._turn = asyncio.Lock()
        self._whose: asyncio.Task[Any] | None = None

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        if self._whose is not None and self._whose is asyncio.current_task():
            raise RuntimeError("One transaction is begun within another, which would wait for itself.")
        async with self._turn, super().begin() as connection:
            self._whose = asyncio.current_task()
            try:
                yield connection
            finally:
                self._whose = None


def sqlite_url(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


class _Connection(sqlite3.Connection):
    """Closes its cursors with itself.

    A task that is cancelled in the middle of an UPDATE … RETURNING leaves a statement that is not read to its end, and with it
    SQLite keeps the connection, and its lock, for as long as somebody holds the cursor (https://sqlite.org/c3ref/close.html).
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._cursors: WeakSet[sqlite3.Cursor] = WeakSet()

    def cursor(self, *arguments: Any, **options: Any) -> Any:
        cursor = super().cursor(*arguments, **options)
        self._cursors.add(cursor)
        return cursor

    def close(self) -> None:
        for cursor in tuple(self._cursors):
            cursor.close()
        super().close()


def _prepare_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=15000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


class Records:
    """Reads and writes the bot's tables. ``watch`` tells listeners of every change of a transcript."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self._insert = upsert(engine.dialect)
        self._listeners: set[Listener] = set()

    def watch(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener(place, key)`` after every change; returns what ends it."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    async def say(
        self, place: Place, key: str, author: Person, text: str, at: float, reply: Reply | None = None
    ) -> None:
        """Write a message, or replace the one of this key in this channel; its time stays the first one."""
        kind = "person" if reply is None else "assistant"
        payload = None if reply is None else _reply.dump_python(reply, mode="json")
        row = {
            "channel": place.channel_key,
            "thread": place.thread,
            "key": key,
            "author": author.id,
            "author_name": author.name,
            "kind": kind,
            "text": text,
            "reply": payload,
            "at": at,
            "updated_at": at,
        }
        changed = {"text": text, "reply": payload, "updated_at": at}
        statement = (
            self._insert(messages).values(row).on_conflict_do_update(index_elements=["channel", "key"], set_=changed)
        )
        async with self.engine.begin() as connection:
            await connection.execute(statement)
        await asyncio.gather(*(listener(place, key) for listener in tuple(self._listeners)))

    async def transcript(self, place: Place, limit: int = 200) -> list[Entry]:
        """What was said in a thread, its first message included, oldest first; the newest ``limit`` of it."""
        in_place = messages.c.thread == place.thread
        if place.thread:
            in_place = or_(in_place, messages.c.key == place.thread)
        query = select(messages).where(messages.c.channel == place.channel_key, in_place)
        async with self.engine.connect() as connection:
            rows = (await connection.execute(query.order_by(messages.c.id.desc()).limit(limit))).mappings().all()
        return [_entry(row) for row in reversed(rows)]

    async def replies(self, place: Place, keys: Collection[str]) -> dict[str, int]:
        """Of the messages with these keys that have replies in their threads, how many these are."""
        thread, mine = messages.c.thread, messages.c.channel == place.channel_key
        query = select(thread, func.count()).where(mine, thread.in_(keys)).group_by(thread)
        async with self.engine.connect() as connection:
            return dict((await connection.execute(query)).all())

    async def message(self, place: Place, key: str) -> Entry | None:
        query = select(messages).where(messages.c.channel == place.channel_key, messages.c.key == key)
        async with self.engine.connect() as connection:
            row = (await connection.execute(query)).mappings().first()
        return _entry(row) if row else None

    async def taken(self, place: Place, message: str) -> str:
        """The event of the version of a message that was taken up last; empty where none was."""
        return await self._known(place, message, questions.c.taken) or ""

    async def take_up(self, place: Place, message: str, event: str) -> bool:
        """Remember that this version of a message is taken up; whether it is the one that stands, or the only one."""
        stands = await self._question(place, message, questions.c.stands, taken=event)
        return stands in (None, event)

    async def stands(self, place: Place, message: str, event: str) -> bool:
        """Whether no other version of a message counts instead of this one."""
        return await self._known(place, message, questions.c.stands) in (None, event)

    async def withdraw(self, place: Place, message: str, stands: str) -> str:
        """Remember which version of a message stands, if any; returns the event of the one that was taken up last."""
        return await self._question(place, message, questions.c.taken, stands=stands) or ""

    async def _known(self, place: Place, message: str, asked: Column[Any]) -> str | None:
        mine = (questions.c.channel == place.channel_key, questions.c.message == message)
        async with self.engine.connect() as connection:
            found: str | None = (await connection.execute(select(asked).where(*mine))).scalar()
        return found

    async def _question(self, place: Place, message: str, asked: Column[Any], **known: str) -> str | None:
        """Write and read in one statement: of two at the same time, the later one sees what the earlier one wrote."""
        row = {"channel": place.channel_key, "message": message, **known}
        statement = self._insert(questions).values(row)
        statement = statement.on_conflict_do_update(index_elements=["channel", "message"], set_=known)
        async with self.engine.begin() as connection:
            found: str | None = (await connection.execute(statement.returning(asked))).scalar_one()
        return found

    async def channels(self, platform: str, beginning: str = "") -> list[Place]:
        """Every channel of a platform in which something was said; of those whose ``workspace/channel`` begins so."""
        known = messages.c.channel.startswith(f"{platform}/{beginning}")
        query = select(messages.c.channel).where(known).distinct()
        async with self.engine.connect() as connection:
            keys = (await connection.execute(query)).scalars().all()
        return [Place.parse(f"{key}/") for key in sorted(keys)]

    async def threads(self, workspace: str, since: float, most: int) -> list[Place]:
        """The threads of a workspace, given by its key, in which the assistant has said something since, the latest first."""
        last = func.max(messages.c.at).label("last")
        said = (messages.c.channel.startswith(f"{workspace}/"), messages.c.kind == "assistant", messages.c.thread != "")
        query = select(messages.c.channel, messages.c.thread, last).where(*said, messages.c.at > since)
        query = query.group_by(messages.c.channel, messages.c.thread).order_by(last.desc()).limit(most)
        async with self.engine.connect() as connection:
            return [Place.parse(f"{row.channel}/{row.thread}") for row in await connection.execute(query)]

    async def mark(self, run: str, person: Person, mark: str, reason: str, at: float) -> None:
        """Remember what a person thought of an answer; the last mark counts."""
        row = {"run": run, "person": person.id, "mark": mark, "reason": reason, "at": at}
        changed = {"mark": mark, "reason": reason, "at": at}
        statement = (
            self._insert(feedback).values(row).on_conflict_do_update(index_elements=["run", "person"], set_=changed)
        )
        async with self.engine.begin() as connection:
            await connection.execute(statement)

    async def marks_of(self, person: Person, runs: Collection[str]) -> dict[str, tuple[str, str]]:
        """What a person thought of these answers: run to mark and reason, for those of which they said something."""
        query = select(feedback.c.run, feedback.c.mark, feedback.c.reason)
        query = query.where(feedback.c.person == person.id, feedback.c.run.in_(runs))
        async with self.engine.connect() as connection:
            return {run: (mark, reason) for run, mark, reason in await connection.execute(query)}

    async def marks(self, run: str) -> dict[str, str]:
        """Person to mark for one answer."""
        async with self.engine.connect() as connection:
            rows = await connection.execute(select(feedback.c.person, feedback.c.mark).where(feedback.c.run == run))
            return {row.person: row.mark for row in rows}

    async def pin(self, approval: str, place: Place, key: str) -> None:
        """Remember that a card of this approval stands in this place as message ``key``."""
        row = {"approval": approval, "place": place.key, "key": key}
        statement = self._insert(cards).values(row).on_conflict_do_nothing()
        async with self.engine.begin() as connection:
            await connection.execute(statement)

    async def pinned(self, approval: str) -> list[tuple[Place, str]]:
        """Everywhere that a card of this approval stands."""
        async with self.engine.connect() as connection:
            rows = await connection.execute(select(cards.c.place, cards.c.key).where(cards.c.approval == approval))
            return [(Place.parse(place), key) for place, key in rows]

    async def awaits(self, place: Place) -> bool:
        """Whether a card stands in this place whose approval waits for somebody."""
        query = select(cards.c.key).join(approvals, approvals.c.id == cards.c.approval)
        query = query.where(approvals.c.state.in_(WAITING), cards.c.place == place.key).limit(1)
        async with self.engine.connect() as connection:
            return (await connection.execute(query)).first() is not None


def _entry(row: Any) -> Entry:
    return Entry(
        place=Place.parse(f"{row['channel']}/{row['thread']}"),
        key=row["key"],
        author=Person(row["author"], row["author_name"], row["kind"] == "assistant"),
        kind=row["kind"],
        text=row["text"],
        reply=None if row["reply"] is None else _reply.validate_python(row["reply"]),
        at=row["at"],
    )
