"""What was said in the channels that are sources, as it stands on their platforms, and how far each was read.

Pages of a reading and what is heard meanwhile may come in any order: of each message the newest knowledge wins, and
where that is that it was deleted, it stays as an empty one until the next reading has passed it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from agent.tables import upsert
from bot.chat import Page, Person, Said
from bot.tables import channels, said, sources
from retrieval.sources.talk import Message

KIND = "channel"
_NOBODY = Person("", "")
SOON = 60.0
"""Seconds in which what happens in a channel is gathered before its source is read again."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far a reading has come: the threads that are next, where it is in the first of them, and in the channel.

    ``last``: the channel's own messages are all read.
    """

    threads: tuple[str, ...] = ()
    within: str = ""
    cursor: str = ""
    last: bool = False

    @property
    def is_end(self) -> bool:
        return self.last and not self.threads

    def after(self, page: Page) -> Position:
        """Behind this page, which was the next one."""
        if self.threads:
            return replace(self, threads=self.threads if page.cursor else self.threads[1:], within=page.cursor)
        return Position(page.threads, "", page.cursor, not page.cursor)


@dataclass(frozen=True, slots=True)
class Reading:
    """``position`` is None between two readings; ``whole``: one has come to the channel's beginning."""

    name: str
    position: Position | None
    began_at: float
    whole: bool


def source_of(channel: str) -> str:
    """The name of the source that a channel is, by the channel's key."""
    return f"{KIND}:{channel}"


class Talk:
    """``source`` is everywhere the name of the source that a channel is."""

    def __init__(self, engine: AsyncEngine, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._insert = upsert(engine.dialect)
        self._clock = clock

    async def open(self, source: str, name: str, page: Page | None) -> None:
        """From now on what is said there is kept; a reading of it begins with this page, where there is one."""
        row = {"source": source, "name": name, "began_at": 0.0, "whole": False, "heard_at": self._clock()}
        async with self._engine.begin() as connection:
            await connection.execute(self._insert(channels).values(**row).on_conflict_do_nothing())
        if page is not None:
            await self.begin(source)
            await self.take(source, page, Position().after(page), self._clock())

    async def reading(self, source: str) -> Reading | None:
        """How far it is; None for a channel that nobody made a source."""
        async with self._engine.connect() as connection:
            row = (await connection.execute(select(channels).where(channels.c.source == source))).first()
        if row is None:
            return None
        position = Position(**{**row.position, "threads": tuple(row.position["threads"])}) if row.position else None
        return Reading(row.name, position, row.began_at, row.whole)

    async def begin(self, source: str) -> None:
        """A reading begins at what is newest."""
        await self._set(source, position=asdict(Position()), began_at=self._clock())

    async def called(self, source: str, name: str) -> None:
        await self._set(source, name=name)

    async def take(self, source: str, page: Page, position: Position, asked_at: float) -> bool:
        """Keep a page that was asked for then, and how far it led; False where the channel is no source any more.

        Behind the last page, what the reading did not come across is gone.
        """
        async with self._engine.begin() as connection:
            if not await self._is_open(connection, source):
                return False
            await self._keep(connection, source, page.said, asked_at)
            if position.is_end:
                began = select(channels.c.began_at).where(channels.c.source == source).scalar_subquery()
                await connection.execute(delete(said).where(said.c.source == source, said.c.seen_at < began))
                changed: dict[str, Any] = {"position": None, "whole": True}
            else:
                changed = {"position": asdict(position)}
            await connection.execute(update(channels).where(channels.c.source == source).values(**changed))
        return True

    async def hear(self, source: str, one: Said) -> None:
        """Somebody said this, or changed it to this."""
        async with self._engine.begin() as connection:
            if await self._is_open(connection, source):
                await self._keep(connection, source, [one], self._clock())
                await self._due(connection, source)

    async def lose(self, source: str, key: str) -> None:
        """The message was deleted, or says nothing any more that is for everybody there."""
        async with self._engine.begin() as connection:
            if await self._is_open(connection, source):
                await self._keep(connection, source, [Said(key, _NOBODY, "", 0.0)], self._clock())
                await self._due(connection, source)

    async def follows(self, source: str) -> bool:
        """Whether the channel is a source."""
        async with self._engine.connect() as connection:
            found = await connection.execute(select(channels.c.source).where(channels.c.source == source))
            return found.first() is not None

    async def messages(self, source: str) -> list[Message]:
        """Everything that stands there, as far as it is known."""
        query = select(said).where(said.c.source == source, said.c.text != "")
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        return [Message(row.key, row.thread, row.author, row.text, row.at, row.uri) for row in rows]

    async def count(self, source: str) -> int:
        async with self._engine.connect() as connection:
            query = select(func.count()).select_from(said).where(said.c.source == source)
            return int((await connection.execute(query)).scalar_one())

    async def forget(self, source: str) -> None:
        """Everything that was said there, and that it was ever read; it stays a source."""
        async with self._engine.begin() as connection:
            await connection.execute(delete(said).where(said.c.source == source))
            unread = {"position": None, "began_at": 0.0, "whole": False}
            await connection.execute(update(channels).where(channels.c.source == source).values(**unread))

    async def soon(self, source: str) -> None:
        """The source is due in a while, if it is not before."""
        async with self._engine.begin() as connection:
            await self._due(connection, source)

    async def _due(self, connection: AsyncConnection, source: str) -> None:
        waits: ColumnElement[bool] = sources.c.due_at.is_(None)
        due = update(sources).where(sources.c.name == source, waits).values(due_at=self._clock() + SOON)
        await connection.execute(due)

    async def _is_open(self, connection: AsyncConnection, source: str) -> bool:
        """Whether the channel is a source, and stays it to the end of this transaction."""
        held = update(channels).where(channels.c.source == source).values(heard_at=self._clock())
        return bool((await connection.execute(held)).rowcount)

    async def _keep(self, connection: AsyncConnection, source: str, heard: Iterable[Said], at: float) -> None:
        rows = [
            {
                "source": source,
                "key": one.key,
                "thread": one.thread,
                "author": one.person.name,
                "text": one.text,
                "uri": one.uri,
                "at": one.at,
                "seen_at": at,
            }
            for one in heard
        ]
        if not rows:
            return
        insert = self._insert(said)
        new = {name: insert.excluded[name] for name in ("thread", "author", "text", "uri", "at", "seen_at")}
        newer = said.c.seen_at <= insert.excluded.seen_at
        insert = insert.on_conflict_do_update(index_elements=["source", "key"], set_=new, where=newer)
        await connection.execute(insert, rows)

    async def _set(self, source: str, **values: object) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(update(channels).where(channels.c.source == source).values(**values))
