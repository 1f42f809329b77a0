"""Which processes share the records: each says that it lives, and what a dead one left is taken over by one other."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock
from sqlalchemy import Select, delete, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from agent.tables import upsert
from bot.tables import replicas as table

DEAD_SECONDS = 120.0
"""Silence after which a replica counts as dead; it says that it lives every half minute."""


class Replicas:
    """``me`` is this process; the same after a restart on the same home."""

    def __init__(self, engine: AsyncEngine, me: str, clock: Callable[[], float]) -> None:
        self.me = me
        self._engine = engine
        self._clock = clock

    async def live(self) -> None:
        """Say that this process lives."""
        seen = {"seen_at": self._clock()}
        insert = upsert(self._engine.dialect)(table).values(id=self.me, **seen)
        async with self._engine.begin() as connection:
            await connection.execute(insert.on_conflict_do_update(index_elements=["id"], set_=seen))

    async def last_seen(self) -> float:
        """When any process last said that it lives; 0 where none ever has."""
        async with self._engine.connect() as connection:
            return (await connection.execute(select(func.max(table.c.seen_at)))).scalar() or 0.0

    async def take_over(self) -> list[str]:
        """The dead whose work is this process's to take up: of several that look, one gets each."""
        silent = table.c.seen_at < self._clock() - DEAD_SECONDS
        won = []
        async with self._engine.begin() as connection:
            for name in (await connection.execute(select(table.c.id).where(silent, table.c.id != self.me))).scalars():
                gone = await connection.execute(delete(table).where(table.c.id == name, silent))
                won += [name] * gone.rowcount
        return won


def living(now: float) -> Select[str]:
    """The names of those that have said lately that they live."""
    return select(table.c.id).where(table.c.seen_at >= now - DEAD_SECONDS)


def replica_of(home: Path) -> str:
    """The name of the process that runs on this home, and of the machine that it lies on; made once."""
    path = home / "replica"
    if not path.exists():
        with FileLock(home / "replica.lock"):
            if not path.exists():
                (home / "replica.new").write_text(uuid.uuid4().hex, encoding="ascii")
                (home / "replica.new").replace(path)
    return path.read_text(encoding="ascii").strip()
