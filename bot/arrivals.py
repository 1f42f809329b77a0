"""What a platform delivered, kept as it came before it is acknowledged, and handled in that order after.

Many deliveries that come at once are kept in one transaction, so that each is acknowledged in milliseconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.errors import STORAGE, may_pass, place_of
from bot.tables import arrivals as table

Handle = Callable[[Any], Awaitable[None]]
AGAIN_SECONDS = 5.0
"""How long to wait before what could not be handled for a database's sake is tried again."""
log = structlog.get_logger()


class Arrivals:
    """``handle(payload)`` must bear being called again for the same payload. Start it before the platform delivers."""

    def __init__(self, engine: AsyncEngine, platform: str, handle: Handle, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._platform = platform
        self._handle = handle
        self._clock = clock
        self._coming: list[tuple[Any, asyncio.Future[None]]] = []
        self._came = asyncio.Event()
        self._kept = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to keep and to handle, with what an earlier process left."""
        self._kept.set()
        self._tasks = [asyncio.create_task(self._keep_all()), asyncio.create_task(self._handle_all())]

    async def stop(self) -> None:
        """What is kept and not handled waits for the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def keep(self, payload: Any) -> None:
        """When this returns the payload survives a crash. Raises what the database raises."""
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._coming.append((payload, kept))
        self._came.set()
        await kept

    async def _keep_all(self) -> None:
        while True:
            await self._came.wait()
            self._came.clear()
            batch, self._coming = self._coming, []
            rows = [{"platform": self._platform, "payload": payload, "at": self._clock()} for payload, _ in batch]
            try:
                async with self._engine.begin() as connection:
                    await connection.execute(insert(table), rows)
            except STORAGE as error:
                _settle(batch, error)
            else:
                _settle(batch, None)
                self._kept.set()

    async def _handle_all(self) -> None:
        while True:
            await self._kept.wait()
            self._kept.clear()
            try:
                while rows := await self._waiting():
                    for number, payload in rows:
                        await self._handle_one(payload)
                        async with self._engine.begin() as connection:
                            await connection.execute(delete(table).where(table.c.id == number))
            except Exception as error:
                if not may_pass(error):
                    raise
                log.warning("arrivals wait", platform=self._platform, what=place_of(error))
                await asyncio.sleep(AGAIN_SECONDS)
                self._kept.set()

    async def _handle_one(self, payload: Any) -> None:
        try:
            await self._handle(payload)
        except Exception as error:  # one delivery that can't be handled must not hold up all others
            if may_pass(error):
                raise
            log.error("delivery broke", platform=self._platform, what=place_of(error))

    async def _waiting(self) -> list[tuple[int, Any]]:
        query = select(table.c.id, table.c.payload).where(table.c.platform == self._platform)
        async with self._engine.connect() as connection:
            return [(row[0], row[1]) for row in await connection.execute(query.order_by(table.c.id).limit(200))]


def _settle(batch: list[tuple[Any, asyncio.Future[None]]], error: Exception | None) -> None:
    for _, kept in batch:
        if kept.done():
            continue
        if error is None:
            kept.set_result(None)
        else:
            kept.set_exception(error)
