"""The port `Meter`: who keeps account of what embedding and reranking over the network take. Retrieval only tells."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal, Protocol

Purpose = Literal["embed", "rerank"]


@dataclass(slots=True)
class Spent:
    """What one call to a service took: billed ``tokens`` of the ``texts``, 0 where it does not tell; billed ``searches``."""

    model: str
    purpose: Purpose
    texts: Sequence[str]
    tokens: int = 0
    searches: int = 0
    ok: bool = False
    seconds: float = 0.0


class Meter(Protocol):
    """Looked at before each call and told after it, however it ended."""

    async def look(self) -> None:
        """Raises, with an error of its own, where no more may be spent; it ends what the call is for."""
        ...

    async def write(self, spent: Spent) -> None: ...


@asynccontextmanager
async def metered(meter: Meter | None, model: str, purpose: Purpose, texts: Sequence[str]) -> AsyncIterator[Spent]:
    """Around one call, which says on what it is given what was billed. Where nobody keeps account, nothing is told."""
    spent = Spent(model, purpose, texts)
    if meter is None:
        yield spent
        return
    await meter.look()
    started = time.monotonic()
    try:
        yield spent
        spent.ok = True
    finally:
        spent.seconds = time.monotonic() - started
        await asyncio.shield(meter.write(spent))
