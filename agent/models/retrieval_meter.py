"""What embedding and reranking over the network cost, on the same ledger and under the same ceilings as chat models.

Whose call it is, is known where a run works (`charged_to`); a call outside of any is indexing, which no run's ceiling stops.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from agent.models import Usage
from agent.models.metering import Ceilings, CostLedger, Scope
from agent.models.prices import SEARCHES, embedding_price
from agent.models.tokens import tokens
from retrieval.metering import Spent

INDEXING = Scope(run="", person="", channel="")
log = structlog.get_logger()
_scope: ContextVar[Scope] = ContextVar("scope", default=INDEXING)


@contextmanager
def charged_to(scope: Scope) -> Iterator[None]:
    """Within it, and in the tasks that are begun in it, what is embedded and reranked is for this run."""
    token = _scope.set(scope)
    try:
        yield
    finally:
        _scope.reset(token)


class RetrievalMeter:
    """A `retrieval.metering.Meter`. What is known to cost nothing, as a model on this machine, is no row."""

    def __init__(self, engine: AsyncEngine, ceilings: Ceilings, clock: Callable[[], float]) -> None:
        self._ledger = CostLedger(engine, ceilings, clock)
        self._unpriced: set[str] = set()

    async def look(self) -> None:
        """Raises `CeilingReached`."""
        scope = _scope.get()
        if scope != INDEXING:
            await self._ledger.look(scope)

    async def write(self, spent: Spent) -> None:
        price = SEARCHES.get(spent.model) if spent.purpose == "rerank" else embedding_price(spent.model)
        if price == 0:
            return
        if price is None and spent.model not in self._unpriced:
            self._unpriced.add(spent.model)
            log.warning("no price", reason=f"{spent.model}: its price is not known, so what it costs counts as $0.")
        scope = _scope.get()
        purpose = "index" if spent.purpose == "embed" and scope == INDEXING else spent.purpose
        await self._ledger.write(scope, spent.model, purpose, _usage(spent, price or 0.0), ok=spent.ok)


def _usage(spent: Spent, price: float) -> Usage:
    """Tokens as billed, or estimated; a reranker is billed by the search, and takes none of a run's tokens."""
    if not spent.ok:
        return Usage(seconds=spent.seconds)
    if spent.purpose == "rerank":
        return Usage(cost=spent.searches * price, seconds=spent.seconds)
    read = spent.tokens or sum(map(tokens, spent.texts))
    return Usage(input_tokens=read, cost=read * price / 1e6, seconds=spent.seconds)
