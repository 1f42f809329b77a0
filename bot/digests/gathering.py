"""What is new: each source is read once for all who subscribe to it, on whatever replica, and what was read is kept.

A source that fails is tried again after a while, and named at the foot of every digest that would have had it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

import structlog
from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from agent.errors import place_of
from agent.tables import upsert
from bot.digests.items import Item, Items, item_id
from bot.digests.stories import Sameness
from bot.errors import STORAGE
from bot.tables import digest_sources as table
from retrieval.documents import Document
from retrieval.errors import Away, EmbedderAway, RetrievalError, Unreadable
from retrieval.fetching import shown
from retrieval.sources import Listed, Source

FRESH_SECONDS = 1_800.0
"""How long what was read of a source will do."""
AGAIN_SECONDS = 300.0
"""How long a source that failed is left alone."""
PAUSE_SECONDS = 3.0
"""After which a source that did not answer, or broke, is asked once more before a digest goes without it."""
MOST_NEW = 300
"""Entries of one source that are read at once, the newest; others wait for the next time."""
LONGEST_READ = 120.0
BEAT_SECONDS, SILENT_SECONDS = 1.0, 5.0
"""How often whoever reads a source says so, and the silence after which another process reads it."""
WAITS, WAIT_SECONDS = 300, 0.5
"""How long what another process reads is waited for, which is longer than the longest read."""
AHEAD = 3_600.0
"""What is dated further in the future has a wrong date."""
TITLE, TEXT = 300, 4_000
log = structlog.get_logger()


class _State(NamedTuple):
    """How far the last read of a source has come, by the clock of who reads it; ``beats`` goes up with each sign of life."""

    tried_at: float
    ended_at: float | None
    error: str
    beats: int

    @property
    def has_ended(self) -> bool:
        return self.ended_at is not None


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
        self._read_at: dict[str, float] = {}
        self._turns: dict[str, asyncio.Lock] = {}

    async def refresh(self, sources: Collection[str]) -> dict[str, str]:
        """Read what is not fresh; returns what could not be read, each with the reason."""
        errors = await asyncio.gather(*(self._refresh(source) for source in sources))
        return {source: error for source, error in zip(sources, errors, strict=True) if error}

    async def _refresh(self, source: str) -> str:
        async with self._turns.setdefault(source, asyncio.Lock()):  # of one process only one asks whose turn it is
            if 0 <= self._clock() - self._read_at.get(source, float("-inf")) < FRESH_SECONDS:
                return ""
            beats, heard = -1, 0.0
            for _ in range(WAITS):
                state = await self._state(source)
                if state and state.beats != beats:
                    beats, heard = state.beats, time.monotonic()
                is_silent = time.monotonic() - heard > SILENT_SECONDS
                if state is None or self._is_due(state) or (not state.has_ended and is_silent):
                    if await self._claim(source, state):
                        return await self._read(source)
                elif state.has_ended:
                    if not state.error:
                        self._read_at[source] = state.tried_at
                    return state.error
                else:
                    await asyncio.sleep(WAIT_SECONDS)
            return "another process was reading it and did not end"

    async def _read(self, source: str) -> str:
        try:
            async with self._alive(source), asyncio.timeout(LONGEST_READ):
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
            self._read_at[source] = now
        await self._note(source, ended_at=now, error=reason, **({} if reason else {"read_at": now}))
        return reason

    async def _take_in(self, source: str) -> None:
        opened = self._open_source(source)
        try:
            listed = await _listed(opened, source)
        except Away as error:
            if error.status not in {0, 500}:
                raise  # it said what it thinks of that, or was asked again already (`Fetcher`)
            log.info("source is asked once more", source=shown(source), reason=error.reason)
            await asyncio.sleep(PAUSE_SECONDS)
            listed = await _listed(opened, source)
        known = await self._items.known(listed)
        fresh = [(id_, one) for id_, one in listed.items() if id_ not in known][:MOST_NEW]
        now = self._clock()
        items = [item for id_, one in fresh if (item := await self._item(opened, source, id_, one, now))]
        if items:
            await self._items.add(await self._embedded(items), now)

    async def _embedded(self, items: Sequence[Item]) -> Sequence[Item]:
        """With vectors, or as they are where none can be had now: that is no fault of the source, and they are embedded later."""
        try:
            return await (await self._sameness()).embedded(items)
        except EmbedderAway as error:
            log.warning("items are kept without vectors", reason=str(error))
            return items

    async def _item(self, opened: Source, source: str, id_: str, listed: Listed, now: float) -> Item | None:
        try:
            return item_of(await opened.read(listed), source, id_, now)
        except Unreadable as error:
            log.info("entry not read", source=shown(source), reason=error.reason)
            return None

    @asynccontextmanager
    async def _alive(self, source: str) -> AsyncIterator[None]:
        """Meanwhile the others hear that it is being read."""
        ended = asyncio.Event()
        beating = asyncio.create_task(self._beat(source, ended))
        try:
            yield
        finally:
            ended.set()
            await beating

    async def _beat(self, source: str, ended: asyncio.Event) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT_SECONDS):
                    await ended.wait()
                    return
            with suppress(*STORAGE):
                await self._note(source)

    def _is_due(self, state: _State) -> bool:
        """Also where it was read at a time that lies ahead: a clock was wrong, and may have been by years."""
        ago = self._clock() - state.tried_at
        return state.has_ended and not -FRESH_SECONDS <= ago < (AGAIN_SECONDS if state.error else FRESH_SECONDS)

    async def _state(self, source: str) -> _State | None:
        query = select(table.c.tried_at, table.c.ended_at, table.c.error, table.c.beats).where(table.c.name == source)
        async with self._engine.connect() as connection:
            found = (await connection.execute(query)).first()
        return None if found is None else _State(*found)

    async def _claim(self, source: str, state: _State | None) -> bool:
        """Whether it is this process's to read: nobody has done anything about it since it was found like this."""
        now = self._clock()
        if state is None:
            row = {"name": source, "tried_at": now}
            begun = upsert(self._engine.dialect)(table).values(row).on_conflict_do_nothing()
            async with self._engine.begin() as connection:
                return await connection.scalar(begun.returning(table.c.name)) is not None
        return await self._note(source, table.c.beats == state.beats, tried_at=now, ended_at=None)

    async def _note(self, source: str, *where: ColumnElement[bool], **columns: object) -> bool:
        """Each change counts ``beats`` up; whether there was something to change."""
        changed = update(table).where(table.c.name == source, *where).values(beats=table.c.beats + 1, **columns)
        async with self._engine.begin() as connection:
            return (await connection.execute(changed)).rowcount > 0


async def _listed(opened: Source, source: str) -> dict[str, Listed]:
    """What a source tells of, by the ids of items."""
    listed: dict[str, Listed] = {}
    async for one in opened.list():
        if one.away:
            raise Unreadable(shown(source), one.away)
        listed.setdefault(item_id(source, one.id), one)
    return listed


def item_of(document: Document, source: str, id_: str, now: float) -> Item:
    """What a source told of; without a date of its own, or with one that lies ahead, it is of now."""
    at = document.modified if 0 < document.modified <= now + AHEAD else now
    title = " ".join(document.title.split())[:TITLE]
    text = " ".join(document.text.split())
    text = text.removeprefix(title).lstrip(" .:–-")[:TEXT]
    return Item(id_, source, document.uri, title or text[:80], text, min(at, now))
