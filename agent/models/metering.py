"""Every call of a model on the cost ledger, and ceilings that end a run with a plain sentence."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from agent.errors import BudgetSpent, CeilingReached, ModelUnavailable
from agent.models import ChatModel, Completion, Request, Usage
from agent.models.tokens import counted
from agent.tables import usage as table


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose call it is."""

    run: str
    person: str
    channel: str


@dataclass(frozen=True, slots=True)
class Ceilings:
    """US dollars by run, and by day for a person, a channel and everything; tokens by run."""

    run: float = 0.50
    person: float = 5.0
    channel: float = 10.0
    day: float = 20.0
    tokens: int = 200_000


class CostLedger:
    """Writes the table ``usage``, and says when a ceiling is reached."""

    def __init__(self, engine: AsyncEngine, ceilings: Ceilings, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._ceilings = ceilings
        self._clock = clock

    async def look(self, scope: Scope) -> None:
        """Raises `CeilingReached` where this run, person, channel or day may take no more."""
        ceilings = self._ceilings
        today = table.c.day == self._day()
        cost, tokens = await self._spent(table.c.run == scope.run)
        if tokens >= ceilings.tokens:
            raise CeilingReached(f"I stopped: this answer has taken the {ceilings.tokens:,} tokens that one may take.")
        if cost >= ceilings.run:
            raise CeilingReached(f"I stopped: this answer has cost the ${ceilings.run:.2f} that one may cost.")
        for ceiling, where, whose in (
            (ceilings.person, table.c.person == scope.person, "your budget"),
            (ceilings.channel, table.c.channel == scope.channel, "this channel's budget"),
            (ceilings.day, today, "the whole budget"),
        ):
            if (await self._spent(today & where))[0] >= ceiling:
                raise BudgetSpent(
                    f"I stopped: {whose} of ${ceiling:.2f} for today is used up; it starts again at midnight UTC."
                )

    async def write(self, scope: Scope, model: str, purpose: str, took: Usage, *, ok: bool) -> None:
        """One call: its tokens, US dollars and seconds."""
        row: dict[str, Any] = {
            **asdict(scope),
            "day": self._day(),
            "model": model,
            "purpose": purpose,
            **asdict(took),
            "ok": ok,
            "at": self._clock(),
        }
        async with self._engine.begin() as connection:
            await connection.execute(insert(table).values(row))

    async def _spent(self, where: ColumnElement[bool]) -> tuple[float, int]:
        tokens = func.sum(table.c.input_tokens + table.c.output_tokens)
        async with self._engine.connect() as connection:
            row = (await connection.execute(select(func.sum(table.c.cost), tokens).where(where))).one()
        return float(row[0] or 0.0), int(row[1] or 0)

    def _day(self) -> str:
        return datetime.fromtimestamp(self._clock(), UTC).strftime("%Y-%m-%d")


@dataclass(slots=True)
class _Call:
    """What has come of one call."""

    request: Request
    started: float = field(default_factory=time.monotonic)
    text: list[str] = field(default_factory=list)
    began: bool = False
    refused: bool = False
    whole: Completion | None = None

    def take(self, piece: str | Completion) -> None:
        self.began = True
        if isinstance(piece, Completion):
            self.whole = piece
        else:
            self.text.append(piece)

    def took(self) -> Usage:
        if self.refused:
            return Usage()
        return counted(self.request, "".join(self.text), self.whole.usage if self.whole else None)


class Metered:
    """A `ChatModel` that looks at the ceilings before each call and writes what it took after it, however it ended.

    A call that was cut off, cancelled or left by its caller counts as what was sent and received till then; one that the
    provider never began to answer, as nothing. Calls that run at the same time may pass a ceiling together; each is at
    most one call over it.
    """

    def __init__(
        self,
        model: ChatModel,
        engine: AsyncEngine,
        scope: Scope,
        ceilings: Ceilings,
        price: tuple[float, float],
        clock: Callable[[], float],
    ) -> None:
        self.name = model.name
        self._model = model
        self._ledger = CostLedger(engine, ceilings, clock)
        self._scope = scope
        self._price = price

    async def stream(self, request: Request) -> AsyncGenerator[str | Completion]:
        await self._ledger.look(self._scope)
        call = _Call(request)
        try:
            async with aclosing(self._model.stream(request)) as pieces:
                async for piece in pieces:
                    call.take(piece)
                    yield piece
        except ModelUnavailable:
            call.refused = not call.began
            raise
        finally:
            await asyncio.shield(self._write(call))

    async def close(self) -> None:
        """The model under it is closed by whoever opened it."""

    async def _write(self, call: _Call) -> None:
        took = call.took()
        cost = took.cost or (took.input_tokens * self._price[0] + took.output_tokens * self._price[1]) / 1e6
        spent = replace(took, cost=cost, seconds=time.monotonic() - call.started)
        await self._ledger.write(self._scope, self.name, call.request.purpose, spent, ok=call.whole is not None)


async def cost_of(engine: AsyncEngine, run: str) -> float:
    """US dollars that a run has cost so far."""
    async with engine.connect() as connection:
        cost = (await connection.execute(select(func.sum(table.c.cost)).where(table.c.run == run))).scalar()
    return float(cost or 0.0)
