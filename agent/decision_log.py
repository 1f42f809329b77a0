"""The log of decisions: what was asked, what was answered, by whom, how sure, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncEngine

from agent.tables import decisions


class DecisionLog:
    """Writes the table ``decisions``."""

    def __init__(self, engine: AsyncEngine, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._clock = clock
        self._rows: dict[str, list[dict[str, Any]]] = {}

    async def record(
        self, run: str, name: str, asked: dict[str, Any], value: dict[str, Any], confidence: float, by: str
    ) -> None:
        """Remember one decision of a run; `settle` writes them with the run's outcome."""
        row = {"run": run, "name": name, "asked": asked, "value": value, "confidence": confidence, "by": by}
        self._rows.setdefault(run, []).append({**row, "at": self._clock()})

    async def settle(self, run: str, outcome: dict[str, Any]) -> None:
        """Write the run's decisions in one transaction, with what came of them."""
        rows = self._rows.pop(run, [])
        if not rows:
            return
        async with self._engine.begin() as connection:
            await connection.execute(insert(decisions), [{**row, "outcome": outcome} for row in rows])

    async def mark(self, run: str, outcome: dict[str, Any]) -> None:
        """Replace the outcome of a run's decisions, as when a person marks its answer."""
        async with self._engine.begin() as connection:
            await connection.execute(update(decisions).where(decisions.c.run == run).values(outcome=outcome))
