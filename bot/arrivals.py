"""What a platform delivered: kept as it came before it is acknowledged, and handled after, each lane in its own order.

Many deliveries that come at once are kept in one transaction, so that each is acknowledged in milliseconds.

Replicas that share the records take turns: whoever takes the first delivery of a lane, by one conditional UPDATE, holds
the lane until that one is handled, or until it falls silent (`bot.replicas`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Row, delete, exists, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.sql.dml import ReturningUpdate

from agent.errors import place_of
from bot.chat import ChatAway
from bot.errors import STORAGE, may_pass, storage_reason
from bot.replicas import living
from bot.tables import arrivals as table

Handle = Callable[[Any], Awaitable[None]]
AT_ONCE = 16
"""Lanes in which something is handled at the same time."""
IN_A_ROW = 20
"""Deliveries of a lane that are handled before other lanes have their turn."""
LOOK_SECONDS = 30.0
"""How often it looks whether another replica has left something."""
AGAIN_SECONDS = 5.0
"""How long to wait before what could not be handled, for something that was away, is tried again: at first."""
LONGEST = 60.0
GIVEN_UP_SECONDS = 24 * 3_600.0
_AWAY: tuple[type[Exception], ...] = (ChatAway, *STORAGE)
log = structlog.get_logger()


class Arrivals:
    """``handle(payload)`` must bear being called again for the same payload. Start it before the platform delivers.

    ``replica`` is this process by name; where others share the records it must have said that it lives (`bot.replicas`).
    """

    def __init__(
        self, engine: AsyncEngine, replica: str, platform: str, handle: Handle, clock: Callable[[], float]
    ) -> None:
        self._engine = engine
        self._replica = replica
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
        """What is kept and not handled waits for the next start, or goes to another replica."""
        tasks = [*self._tasks, *self._busy.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._engine.dialect.name != "sqlite":  # there nobody else could take it
            await self._let_go()

    async def _let_go(self) -> None:
        mine = (table.c.platform == self._platform, table.c.taken_by == self._replica)
        try:
            async with self._engine.begin() as connection:
                await connection.execute(update(table).where(*mine).values(taken_by=None))
        except STORAGE as error:
            log.warning("others take up what was left only after a while", reason=storage_reason(error))

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
                async with self._engine.connect() as connection:  # `begin` would wait for its turn, and Slack for us
                    await connection.execute(insert(table), [row for row, _ in batch])
                    await connection.commit()
            except STORAGE as error:
                _settle(batch, error)
            else:
                _settle(batch, None)
                self._changed.set()

    async def _handle_all(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._changed.wait()
            self._changed.clear()
            try:
                while len(self._busy) < AT_ONCE and (row := await self._take()):
                    self._busy[row.lane] = asyncio.create_task(self._handle_lane(row))
                    self._busy[row.lane].add_done_callback(partial(self._free, row.lane))
            except STORAGE as error:
                log.warning("arrivals wait", platform=self._platform, what=place_of(error))
                await asyncio.sleep(AGAIN_SECONDS)
                self._changed.set()

    async def _take(self) -> Row[Any] | None:
        """What came first of all that is first in its lane and that nobody handles; it is this replica's from then on."""
        before = table.alias()
        waits = exists().where(
            before.c.platform == table.c.platform, before.c.lane == table.c.lane, before.c.id < table.c.id
        )
        ours = (table.c.platform == self._platform, table.c.lane.not_in(self._busy), ~waits)
        while True:
            query = select(table.c.id).where(*ours, self._is_free()).order_by(table.c.id).limit(1)
            async with self._engine.connect() as connection:
                first = (await connection.execute(query)).scalar()
            if first is None:
                return None
            async with self._engine.begin() as connection:
                row: Row[Any] | None = (await connection.execute(self._taking(first))).first()
            if row is not None:
                return row  # otherwise another replica was quicker, and its lane is passed over now

    def _taking(self, delivery: Any) -> ReturningUpdate[Any]:
        """Take a delivery, given by its id or by what finds it, if nobody has it."""
        free = update(table).where(table.c.id == delivery, self._is_free())
        return free.values(taken_by=self._replica).returning(table)

    def _is_free(self) -> ColumnElement[bool]:
        """Nobody handles it: what this replica had taken before it died is its own again."""
        holder = table.c.taken_by
        return or_(holder.is_(None), holder == self._replica, holder.not_in(living(self._clock())))

    def _free(self, lane: str, _: asyncio.Task[None]) -> None:
        del self._busy[lane]
        self._changed.set()

    async def _handle_lane(self, first: Row[Any]) -> None:
        row: Row[Any] | None = first
        for _ in range(IN_A_ROW):
            if row is None:
                return
            row = await self._handle_one(row)

    async def _handle_one(self, row: Row[Any]) -> Row[Any] | None:
        """Handle a delivery and forget it; gives the next one. Where something is away its lane waits, and no other."""
        wait = AGAIN_SECONDS
        while True:
            try:
                await self._handle_or_give_up(row)
                return await self._forget(row)
            except _AWAY as error:
                log.warning("a delivery waits", platform=self._platform, what=place_of(error), again_in=wait)
                await asyncio.sleep(wait)
                wait = min(2 * wait, LONGEST)

    async def _forget(self, row: Row[Any]) -> Row[Any] | None:
        """Forget what is handled, and take what follows it in its lane in the same moment."""
        mine = delete(table).where(table.c.id == row.id, table.c.taken_by == self._replica)
        lane = (table.c.platform == self._platform, table.c.lane == row.lane)
        following = select(func.min(table.c.id)).where(*lane).scalar_subquery()
        async with self._engine.begin() as connection:
            if not (await connection.execute(mine)).rowcount:
                return None  # it was silent for so long that another replica has taken the lane over
            then: Row[Any] | None = (await connection.execute(self._taking(following))).first()
        return then

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
