"""The real graph on one case: hands tied, clock and sources pinned, its state in memory and gone afterwards."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from langgraph.checkpoint.memory import InMemorySaver
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from agent.agent import Agent, Limits
from agent.approvals import Deciders
from agent.decision_log import DecisionLog
from agent.errors import AgentError, BudgetSpent, place_of
from agent.graph import build_graph
from agent.ledger import Ledger
from agent.models import ChatModel
from agent.state import Answer, State
from agent.tables import metadata, usage
from agent.tools.registry import Toolbox
from evals.cases import Case
from evals.metrics import Span, figures
from evals.outcomes import Outcome
from evals.tracing import traced
from retrieval.documents import EVERYONE, PUBLIC, Audience
from retrieval.embedders import Embedder
from retrieval.links import fold
from retrieval.search import Searcher
from retrieval.stores import Store

AUDIENCE = Audience.of(PUBLIC, EVERYONE)
"""What a case may rest on: never what only some may see."""
PERSON = "evals/examiner"
CASE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Subject:
    """What is examined: everything that an agent stands on but its state.

    ``toolbox`` is a sealed one (`evals.blocking`); ``costs`` is where ``model_for`` writes what its calls took.
    """

    store: Store
    searcher: Searcher
    embedder: Embedder | None
    toolbox: Toolbox
    model_for: Callable[[State], ChatModel | None]
    costs: AsyncEngine | None = None
    limits: Limits = field(default_factory=Limits)


class Examiner:
    """Runs cases on one subject, one after the other. Made by `opened`."""

    def __init__(self, subject: Subject, engine: AsyncEngine, seconds: float) -> None:
        self._subject = subject
        self._seconds = seconds
        self._now = 0.0
        self._ledger = Ledger(engine, self._clock)
        agent = Agent(
            subject.searcher,
            subject.embedder,
            subject.toolbox,
            self._ledger,
            DecisionLog(engine, self._clock),
            subject.model_for,
            Deciders(),
            subject.limits,
            self._clock,
        )
        self._saver = InMemorySaver()
        self._graph = build_graph(agent, self._saver)

    def _clock(self) -> float:
        return self._now

    async def examine(self, case: Case, night: str) -> Outcome:
        """What came of one case, with its figures. What hangs is cut, what breaks is told: both are outcomes.

        Raises `BudgetSpent` where the day's money is, which is no fault of what is examined.
        """
        run = hashlib.blake2b(f"{night}:{case.id}".encode(), digest_size=12).hexdigest()
        self._now = case.asked_at.timestamp()
        started = time.monotonic()
        state: dict[str, Any] = {}
        failed = ""
        try:
            async with asyncio.timeout(self._seconds):
                state = await self._graph.ainvoke(_asked(case, run, night), {"configurable": {"thread_id": run}})
        except TimeoutError:
            failed = f"Cut after {self._seconds:g} seconds without an answer."
        except BudgetSpent:
            raise
        except AgentError as error:  # a ceiling, a model that is away
            failed = str(error)
        except Exception as error:  # noqa: BLE001  # one case that breaks must not end the night
            failed = f"It broke: {place_of(error)}."
        seconds = time.monotonic() - started
        await self._saver.adelete_thread(run)
        tokens, cost = await self._spent(run)
        outcome = _outcome(case, state, failed).model_copy(
            update={"seconds": seconds, "tokens": tokens, "cost": cost, "effects": await self._effects(run)}
        )
        made = figures(case, await spans(case, self._subject.store), outcome)
        traced(outcome, made)
        return outcome.model_copy(update={"figures": made})

    async def _effects(self, run: str) -> tuple[str, ...]:
        return tuple(approval.tool for approval in await self._ledger.by_run(run))

    async def _spent(self, run: str) -> tuple[int, float]:
        if self._subject.costs is None:
            return 0, 0.0
        tokens = func.sum(usage.c.input_tokens + usage.c.output_tokens)
        query = select(tokens, func.sum(usage.c.cost)).where(usage.c.run == run)
        async with self._subject.costs.connect() as connection:
            row = (await connection.execute(query)).one()
        return int(row[0] or 0), float(row[1] or 0.0)


@asynccontextmanager
async def opened(subject: Subject, seconds: float = CASE_SECONDS) -> AsyncIterator[Examiner]:
    """An examiner whose ledger and decisions are in memory: nothing of the assistant's own is touched."""
    engine = create_async_engine("sqlite+aiosqlite://")
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    try:
        yield Examiner(subject, engine, seconds)
    finally:
        await engine.dispose()


async def spans(case: Case, store: Store) -> list[Span]:
    """Where the case's evidence stands; what is not there (any more) is left out (`missing` names it)."""
    found = [await _span(one.document, one.quote, store) for one in case.evidence]
    return [span for span in found if span is not None]


async def missing(case: Case, store: Store) -> str:
    """A line about the first evidence that its document does not hold (any more); empty where all is there."""
    for one in case.evidence:
        if await _span(one.document, one.quote, store) is None:
            words = one.quote if len(one.quote) <= 60 else f"{one.quote[:59]}…"
            return f"{case.id}: {one.document} does not hold “{words}” any more; edit the case, or retire it."
    return ""


async def _span(name: str, quote: str, store: Store) -> Span | None:
    """The quote in the document with this id, or else in the first one with this title that holds it."""
    folded = fold(name)
    for document in (name, *(await store.named({folded}, AUDIENCE)).get(folded, ())):
        known = await store.document(document, AUDIENCE)
        if known is not None and (span := located(known.id, known.text, quote)):
            return span
    return None


def located(document: str, text: str, quote: str) -> Span | None:
    """Where the words of a quote stand in a text, however either is broken into lines."""
    places = [place for place, char in enumerate(text) if not char.isspace()]
    packed = "".join(text[place] for place in places)
    wanted = "".join(quote.split())
    at = packed.find(wanted)
    return None if at < 0 or not wanted else Span(document, places[at], places[at + len(wanted) - 1] + 1)


def channel(night: str) -> str:
    """Under what a night's calls of models stand on the cost ledger."""
    return f"evals/local/{night}"


def _asked(case: Case, run: str, night: str) -> Any:
    return {
        "run": run,
        "place": f"{channel(night)}/",
        "channel": channel(night),
        "audience": sorted(AUDIENCE.labels),
        "person": PERSON,
        "person_name": "The examiner",
        "question": case.question,
        "transcript": [],
    }


def _outcome(case: Case, state: dict[str, Any], failed: str) -> Outcome:
    """What the graph's last state says."""
    answer: Answer | None = None if "__interrupt__" in state else state.get("answer")
    evidence = state.get("evidence", [])
    sentences = answer["sentences"] if answer else []
    cited = [(one["document"], one["start"], one["end"]) for said in sentences for one in said["citations"]]
    said = [answer["text"] if answer else "", *(sentence["text"] for sentence in sentences)]
    return Outcome(
        case=case.id,
        text="\n".join(filter(None, said)),
        refused=bool(answer and answer["refused"]),
        found=tuple((one["document"], one["start"], one["end"]) for one in evidence),
        contexts=tuple(one["text"] for one in evidence),
        cited=tuple(dict.fromkeys(cited)),
        notes=tuple(answer["notes"] if answer else ()),
        failed=failed,
    )
