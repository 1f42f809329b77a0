"""Until when everything that was said on a platform is known to have been heard: what came after is looked for.

Only who is connected to the platform, and has looked for what it missed, moves that on. So what a process missed that
died while it looked, or before it was connected, is missed by none that comes after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from agent.errors import place_of
from agent.tables import upsert
from bot.errors import STORAGE, storage_reason
from bot.tables import heard as table

EVERY_SECONDS = 30.0
LONGEST_AWAY = 24 * 3_600.0
"""What was said before that is not answered any more: by then somebody else has, or nobody waits for it."""
Listening = Callable[[], float | None]
"""Since when it has been connected without a break, and misses nothing; None while it is not."""
log = structlog.get_logger()


class Heard:
    """Of one platform, for all processes that share the records. ``clock`` in seconds since 1970."""

    def __init__(self, engine: AsyncEngine, platform: str, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._platform = platform
        self._clock = clock
        self._looking = False

    async def until(self) -> float:
        """Until when everything was heard; 0 where nobody ever listened."""
        query = select(table.c.until).where(table.c.platform == self._platform)
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).scalar() or 0.0

    async def note(self, until: float) -> None:
        """Everything was heard until then; never less than what was known before."""
        row = {"platform": self._platform, "until": until}
        insert = upsert(self._engine.dialect)(table).values(row)
        later = insert.on_conflict_do_update(
            index_elements=["platform"], set_={"until": until}, where=table.c.until < until
        )
        async with self._engine.begin() as connection:
            await connection.execute(later)

    @asynccontextmanager
    async def kept(
        self, listening: Listening, gap: float, catch_up: Callable[[float], Awaitable[None]]
    ) -> AsyncIterator[None]:
        """Move it on for as long as this is open and it listens.

        Where it lies more than ``gap`` seconds back (nothing ran, the connection was cut, the machine slept),
        ``catch_up(since)`` looks for what was said since; when that returns, it is known.
        """
        moving = asyncio.create_task(self._move(listening, gap, catch_up))
        try:
            yield
        finally:
            moving.cancel()
            await asyncio.gather(moving, return_exceptions=True)
            await self._stop(listening, gap)

    async def _move(self, listening: Listening, gap: float, catch_up: Callable[[float], Awaitable[None]]) -> None:
        while True:
            try:
                await self._step(listening, gap, catch_up)
            except STORAGE as error:
                log.warning("looked for later what was missed", platform=self._platform, why=storage_reason(error))
            await asyncio.sleep(EVERY_SECONDS)

    async def _step(self, listening: Listening, gap: float, catch_up: Callable[[float], Awaitable[None]]) -> None:
        now = self._clock()
        if listening() is None:
            return
        since = await self.until()
        if since and now - since > gap:
            self._looking = True
            try:
                await catch_up(since)
            except STORAGE:
                raise
            except Exception as error:  # noqa: BLE001  # a fault of ours, met again however often it looked
                log.error("not caught up", platform=self._platform, what=place_of(error))
            begun = listening()
            if begun is None or begun > now:
                return  # it was cut while it looked, and perhaps saw nothing of it
            now = self._clock()
        await self.note(now)
        self._looking = False

    async def _stop(self, listening: Listening, gap: float) -> None:
        try:
            now = self._clock()
            if listening() is not None and not self._looking and now - (await self.until() or now) <= gap:
                await self.note(now)
        except STORAGE as error:
            log.warning("the next start looks further back", platform=self._platform, why=storage_reason(error))


async def assume(engine: AsyncEngine, platforms: Sequence[str], until: float) -> None:
    """Where nothing is known of a platform, everything counts as heard until then."""
    if until and platforms:
        rows = [{"platform": one, "until": until} for one in platforms]
        async with engine.begin() as connection:
            await connection.execute(upsert(engine.dialect)(table).values(rows).on_conflict_do_nothing())
