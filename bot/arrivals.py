"""What a platform delivered: kept as it came before it is acknowledged, and handled after, each lane in its own order.

Many deliveries that come at once are kept in one transaction, so that each is acknowledged in milliseconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Row, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.chat import ChatAway
from bot.errors import STORAGE, may_pass, place_of
from bot.tables import arrivals as table

Handle = Callable[[Any], Awaitable[None]]
AT_ONCE = 16
"""Lanes in which something is handled at the same time."""
IN_A_ROW = 20
"""Deliveries of a lane that are handled before other lanes have their turn."""
AGAIN_SECONDS = 5.0
"""How long to wait before what could not be handled, for something that was away, is tried again: at first."""
LONGEST = 60.0
GIVEN_UP_SECONDS = 24 * 3_600.0
_AWAY: tuple[type[Exception], ...] = (ChatAway, *STORAGE)
log = structlog.get_logger()


class Arrivals:
    """``handle(payload)`` must bear being called again for the same payload. Start it before the platform delivers."""

    def __init__(self, engine: AsyncEngine, platform: str, handle: Handle, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._platform = platform
        self._handle = handle
        self._clock = clock
        self._coming: list[tuple[dict[str, Any], asyncio.Future[None]]] = []
        self._came = asyncio.Event()
        self._changed = asyncio.Event()
        """Something was kept, or a lane is free again."""
        self._tasks: list[asyncio.Task[None]] = []
        self._busy: dict[str, asyncio.Task[None]] = {}

    def start(self) -> None:
        """Begin to keep and to handle, with what an earlier process left."""
        self._changed.set()
        self._tasks = [asyncio.create_task(self._keep_all()), asyncio.create_task(self._handle_all())]

    async def stop(self) -> None:
        """What is kept and not handled waits for the next start."""
        tasks = [*self._tasks, *self._busy.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def keep(self, payload: Any, lane: str = "") -> None:
        """When this returns the payload survives a crash. What is in one ``lane`` is handled one after the other.

        Raises what the database raises.
        """
        row = {"platform": self._platform, "lane": lane, "payload": payload, "at": self._clock()}
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._coming.append((row, kept))
        self._came.set()
        await kept

    async def left(self) -> list[Any]:
        """What is kept and not handled yet, in the order it came."""
        query = select(table.c.payload).where(table.c.platform == self._platform).order_by(table.c.id).limit(1_000)
        async with self._engine.connect() as connection:
            return list((await connection.execute(query)).scalars())

    async def _keep_all(self) -> None:
        while True:
            await self._came.wait()
            self._came.clear()
            batch, self._coming = self._coming, []
            try:
                async with self._engine.begin() as connection:
                    await connection.execute(insert(table), [row for row, _ in batch])
            except STORAGE as error:
                _settle(batch, error)
            else:
                _settle(batch, None)
                self._changed.set()

    async def _handle_all(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                while len(self._busy) < AT_ONCE and (rows := await self._next()):
                    lane = rows[0].lane
                    self._busy[lane] = asyncio.create_task(self._handle_lane(rows))
                    self._busy[lane].add_done_callback(partial(self._free, lane))
            except STORAGE as error:
                log.warning("arrivals wait", platform=self._platform, what=place_of(error))
                await asyncio.sleep(AGAIN_SECONDS)
                self._changed.set()

    async def _next(self) -> Sequence[Row[Any]]:
        """What came first of all lanes in which nothing is being handled, and what follows it in its lane."""
        ours = table.c.platform == self._platform
        idle = select(table.c.lane).where(ours, table.c.lane.not_in(self._busy)).order_by(table.c.id).limit(1)
        query = select(table).where(ours, table.c.lane == idle.scalar_subquery()).order_by(table.c.id).limit(IN_A_ROW)
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).all()

    def _free(self, lane: str, _: asyncio.Task[None]) -> None:
        del self._busy[lane]
        self._changed.set()

    async def _handle_lane(self, rows: Sequence[Row[Any]]) -> None:
        for row in rows:
            await self._handle_one(row)

    async def _handle_one(self, row: Row[Any]) -> None:
        """Handle a delivery and forget it. Where something is away its lane waits, and no other."""
        wait = AGAIN_SECONDS
        while True:
            try:
                await self._handle_or_give_up(row)
                async with self._engine.begin() as connection:
                    await connection.execute(delete(table).where(table.c.id == row.id))
            except _AWAY as error:
                log.warning("a delivery waits", platform=self._platform, what=place_of(error), again_in=wait)
                await asyncio.sleep(wait)
                wait = min(2 * wait, LONGEST)
            else:
                return

    async def _handle_or_give_up(self, row: Row[Any]) -> None:
        try:
            await self._handle(row.payload)
        except Exception as error:  # one delivery that can't be handled must not hold up all others
            if may_pass(error) and self._clock() - row.at < GIVEN_UP_SECONDS:
                raise
            log.error("delivery broke", platform=self._platform, what=place_of(error))


def _settle(batch: list[tuple[dict[str, Any], asyncio.Future[None]]], error: Exception | None) -> None:
    for _, kept in batch:
        if kept.done():
            continue
        if error is None:
            kept.set_result(None)
        else:
            kept.set_exception(error)
