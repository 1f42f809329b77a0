"""Answers, measured: where quotes come from, what is refused, rightly or not, and seconds per answer.

    make bench-answers DATA=FOLDER
    make bench-local-model DATA=FOLDER GGUF=FILE     (a real local model writes and decides, on ten questions of each set)

The whole graph answers the odd-numbered questions of both multi-hop sets, each once as it is and once with its supporting
passages dropped. The threshold of refusal was fitted on the even-numbered ones (benchmarks/fit_answerability.py).
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from langgraph.checkpoint.memory import InMemorySaver

from agent.agent import Agent, Limits
from agent.approvals import Deciders
from agent.decision_log import DecisionLog
from agent.graph import build_graph
from agent.ledger import Ledger
from agent.models import ChatModel
from agent.models.open import open_model
from agent.state import Answer
from agent.tables import metadata
from agent.tools.registry import Toolbox
from benchmarks.answering import SETS, Asked, asked_of, opened
from benchmarks.report import Row, publish
from bot.records import open_engine, sqlite_url
from retrieval.documents import EVERYONE
from retrieval.embedders import Embedder
from retrieval.embedders.choose import open_embedder


@dataclass(frozen=True, slots=True)
class Setup:
    """What answers, and how many questions of each set it is asked."""

    data: Path
    embedder: Embedder
    model: ChatModel | None
    questions: int
    cache: Path | None


async def run_set(setup: Setup, name: str, folder: Path) -> list[dict[str, float]]:
    """One row of figures a question."""
    engine = open_engine(sqlite_url(folder / f"{name}.sqlite"))
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    rows = []
    async with opened(setup.data, name, setup.embedder, setup.cache) as (store, searcher, questions):
        ledger, log = Ledger(engine, time.time), DecisionLog(engine, time.time)
        toolbox, limits = Toolbox([]), Limits()
        agent = Agent(
            searcher, setup.embedder, toolbox, ledger, log, lambda _: setup.model, Deciders(), limits, time.time
        )
        graph = build_graph(agent, InMemorySaver())
        for number, asked in enumerate(asked_of(questions[: 2 * setup.questions], 1)):
            store.dropped = asked.dropped
            started = time.monotonic()
            state = await graph.ainvoke(_state(asked, number), {"configurable": {"thread_id": str(number)}})
            rows.append(_figures(asked, state["answer"], time.monotonic() - started))
            print(f"\r{name}: {len(rows)} answered", end="", file=sys.stderr, flush=True)
    await engine.dispose()
    return rows


def _state(asked: Asked, number: int) -> Any:
    place = "benchmark/b/b/b"
    return {
        "run": str(number),
        "place": place,
        "channel": place,
        "audience": [EVERYONE],
        "person": "benchmark/b",
        "person_name": "B",
        "question": asked.question,
        "transcript": [],
    }


def _figures(asked: Asked, answer: Answer, seconds: float) -> dict[str, float]:
    cited = [one["document"] for sentence in answer["sentences"] for one in sentence["citations"]]
    supporting = [document in asked.relevant for document in cited]
    figures = {
        "seconds": seconds,
        "answerable": float(bool(asked.relevant)),
        "refused": float(answer["refused"]),
        "quoted instead": float(any(note.startswith("Quoted instead") for note in answer["notes"])),
        "left out": float(any(note.startswith("Left out") for note in answer["notes"])),
    }
    if asked.relevant and cited:
        figures |= {"from support": statistics.mean(supporting), "first from support": float(supporting[0])}
    return figures


def summary(rows: list[dict[str, float]]) -> dict[str, float]:
    """Percentages, and seconds (median)."""

    def share(name: str, answerable: float) -> float:
        values = [row[name] for row in rows if name in row and row["answerable"] == answerable]
        return 100 * statistics.mean(values) if values else 0.0

    return {
        "quotes from support": share("from support", 1.0),
        "first quote from support": share("first from support", 1.0),
        "answerable refused": share("refused", 1.0),
        "unanswerable refused": share("refused", 0.0),
        "with a sentence left out": share("left out", 1.0),
        "quoted where prose failed": share("quoted instead", 1.0),
        "seconds": statistics.median(row["seconds"] for row in rows),
    }


async def run(setup: Setup) -> list[Row]:
    try:
        with tempfile.TemporaryDirectory() as folder:
            return [Row(name, summary(await run_set(setup, name, Path(folder)))) for name in SETS]
    finally:
        if setup.model is not None:
            await setup.model.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, help="keep vectors here between runs")
    parser.add_argument("--model", default="none", help="as FOOTNOTE_MODEL")
    parser.add_argument("--questions", type=int, default=50, help="of each set, each once answerable and once not")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/answers.json"))
    arguments = parser.parse_args()
    model = open_model(arguments.model)
    setup = Setup(arguments.data, open_embedder("auto"), model, arguments.questions, arguments.cache)
    rows = asyncio.run(run(setup))
    about = {
        "model": model.name if model else "none: the answer quotes",
        "threshold": "fitted on the even-numbered questions, measured on the odd-numbered ones",
        "questions": arguments.questions,
    }
    publish("Answers", rows, about, arguments.out)


if __name__ == "__main__":
    main()
