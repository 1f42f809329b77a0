"""What is new: each source is read once for all who subscribe to it, on whatever replica, and what was read is kept.

A source that fails is tried again after a while, and named at the foot of every digest that would have had it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection

import structlog
from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from agent.errors import place_of
from agent.tables import upsert
from bot.digests.items import Item, Items, item_id
from bot.digests.stories import Sameness
from bot.tables import digest_sources as table
from retrieval.documents import Document
from retrieval.errors import RetrievalError, Unreadable
from retrieval.fetching import shown
from retrieval.sources import Listed, Source

FRESH_SECONDS = 1_800.0
"""How long what was read of a source will do."""
AGAIN_SECONDS = 300.0
"""How long a source that failed is left alone."""
MOST_NEW = 300
"""Entries of one source that are read at once, the newest; others wait for the next time."""
LONGEST_READ = 120.0
WAITS, WAIT_SECONDS = 60, 0.5
"""How long another replica may take over a source before it is read here."""
AHEAD = 3_600.0
"""What is dated further in the future has a wrong date."""
TITLE, TEXT = 300, 4_000
log = structlog.get_logger()


class Gatherer:
    """``open_source(name)`` makes a source; it may raise `Unreadable`."""

    def __init__(
        self,
        engine: AsyncEngine,
        items: Items,
        sameness: Callable[[], Awaitable[Sameness]],
        open_source: Callable[[str], Source],
        clock: Callable[[], float],
    ) -> None:
        self._engine = engine
        self._items = items
        self._sameness = sameness
        self._open_source = open_source
        self._clock = clock
        self._read_here: dict[str, float] = {}
        self._turns: dict[str, asyncio.Lock] = {}

    async def refresh(self, sources: Collection[str]) -> dict[str, str]:
        """Read what is not fresh; returns what could not be read, each with the reason."""
        errors = await asyncio.gather(*(self._refresh(source) for source in sources))
        return {source: error for source, error in zip(sources, errors, strict=True) if error}

    async def _refresh(self, source: str) -> str:
        async with self._turns.setdefault(source, asyncio.Lock()):  # of one process only one asks whose turn it is
            if 0 <= self._clock() - self._read_here.get(source, float("-inf")) < FRESH_SECONDS:
                return ""
            for waited in range(WAITS + 1):
                if await self._claim(source, over=waited == WAITS):
                    return await self._read(source)
                ended, error = await self._ended(source)
                if ended:
                    return error
                await asyncio.sleep(WAIT_SECONDS)
            return "another process was reading it and did not end"

    async def _read(self, source: str) -> str:
        try:
            async with asyncio.timeout(LONGEST_READ):
                await self._take_in(source)
        except RetrievalError as error:
            reason = error.reason if isinstance(error, Unreadable) else str(error)
        except TimeoutError:
            reason = f"it took longer than {LONGEST_READ:.0f} seconds"
        except Exception as error:  # noqa: BLE001  # one source that breaks must not cost anybody the others
            log.error("source broke", source=shown(source), what=place_of(error))
            reason = f"reading it broke off ({place_of(error)})"
        else:
            reason = ""
        now = self._clock()
        if not reason:
            self._read_here[source] = now
        await self._note(source, ended_at=now, error=reason, **({} if reason else {"read_at": now}))
        return reason

    async def _take_in(self, source: str) -> None:
        opened, name = self._open_source(source), source
        listed: dict[str, Listed] = {}
        async for one in opened.list():
            if one.away:
                raise Unreadable(shown(source), one.away)
            listed.setdefault(item_id(name, one.id), one)
        known = await self._items.known(listed)
        fresh = [(id_, one) for id_, one in listed.items() if id_ not in known][:MOST_NEW]
        now = self._clock()
        items = [item for id_, one in fresh if (item := await self._item(opened, source, id_, one, now))]
        if items:
            await self._items.add(await (await self._sameness()).embedded(items), now)

    async def _item(self, opened: Source, source: str, id_: str, listed: Listed, now: float) -> Item | None:
        try:
            return item_of(await opened.read(listed), source, id_, now)
        except Unreadable as error:
            log.info("entry not read", source=shown(source), reason=error.reason)
            return None

    async def _claim(self, source: str, *, over: bool) -> bool:
        """Whether it is this process's to read; ``over``: also where another one has begun and not ended."""
        now = self._clock()
        row = {"name": source, "tried_at": now}
        ended = table.c.ended_at.is_not(None)
        stale = (table.c.error == "") & (table.c.tried_at < now - FRESH_SECONDS)
        failed = (table.c.error != "") & (table.c.tried_at < now - AGAIN_SECONDS)
        due = table.c.ended_at.is_(None) if over else ended & or_(stale, failed)
        claim = update(table).where(table.c.name == source, due).values(tried_at=now, ended_at=None)
        async with self._engine.begin() as connection:
            if (await connection.execute(claim)).rowcount > 0:
                return True
            begun = upsert(self._engine.dialect)(table).values(row).on_conflict_do_nothing()
            return await connection.scalar(begun.returning(table.c.name)) is not None

    async def _ended(self, source: str) -> tuple[bool, str]:
        async with self._engine.connect() as connection:
            query = select(table.c.ended_at, table.c.error).where(table.c.name == source)
            ended_at, error = (await connection.execute(query)).one()
        return ended_at is not None, error

    async def _note(self, source: str, **columns: object) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(update(table).where(table.c.name == source).values(columns))


def item_of(document: Document, source: str, id_: str, now: float) -> Item:
    """What a source told of; without a date of its own, or with one that lies ahead, it is of now."""
    at = document.modified if 0 < document.modified <= now + AHEAD else now
    title = " ".join(document.title.split())[:TITLE]
    text = " ".join(document.text.split())
    text = text.removeprefix(title).lstrip(" .:–-")[:TEXT]
    return Item(id_, source, document.uri, title or text[:80], text, min(at, now))
