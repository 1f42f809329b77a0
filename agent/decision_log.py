"""The log of decisions: what was asked, what was answered, by whom, how sure, and what came of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from agent.tables import decisions as table
from agent.tables import upsert


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision of a run. The same one made again after a crash has the same ``key``."""

    run: str
    name: str
    asked: dict[str, Any]
    value: dict[str, Any]
    confidence: float
    by: str

    @property
    def key(self) -> str:
        asked = json.dumps([self.run, self.name, self.asked], sort_keys=True, ensure_ascii=False)
        return hashlib.blake2b(asked.encode(), digest_size=16).hexdigest()


class DecisionLog:
    """Writes the table ``decisions``."""

    def __init__(self, engine: AsyncEngine, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._clock = clock

    async def write(self, decided: Sequence[Decided]) -> None:
        """Keep decisions; one that is there already changes nothing."""
        rows = {one.key: one for one in decided}
        if not rows:
            return
        statement = upsert(self._engine.dialect)(table).on_conflict_do_nothing()
        async with self._engine.begin() as connection:
            await connection.execute(statement, [self._row(key, one) for key, one in rows.items()])

    async def settle(self, run: str, outcome: dict[str, Any]) -> None:
        """Say what came of a run's decisions: how it ended."""
        async with self._engine.begin() as connection:
            await connection.execute(update(table).where(table.c.run == run).values(outcome=outcome))

    async def mark(self, run: str, mark: str) -> None:
        """Add how a person marked what came of a run's decisions."""
        mine = table.c.run == run
        async with self._engine.begin() as connection:
            known = (await connection.execute(select(table.c.outcome).where(mine).limit(1))).scalar() or {}
            await connection.execute(update(table).where(mine).values(outcome={**known, "mark": mark}))

    def _row(self, key: str, one: Decided) -> dict[str, Any]:
        shown = {"run": one.run, "name": one.name, "asked": one.asked, "value": one.value, "by": one.by}
        return {**shown, "key": key, "confidence": one.confidence, "at": self._clock()}
