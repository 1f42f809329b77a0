"""Answers, measured: where quotes come from, what is refused, rightly or not, and seconds per answer.

    make bench-answers DATA=FOLDER

The whole graph answers the odd-numbered questions of both multi-hop sets, each once as it is and once with its supporting
passages dropped. The threshold of refusal was fitted on the even-numbered ones (benchmarks/fit_answerability.py).
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from langgraph.checkpoint.memory import InMemorySaver

from agent.agent import Agent, Limits
from agent.approvals import Deciders, Ledger
from agent.decision_log import DecisionLog
from agent.graph import build_graph
from agent.state import Answer
from agent.tables import metadata
from agent.tools.registry import Toolbox
from benchmarks.answering import SETS, Asked, asked_of, opened
from benchmarks.report import Row, publish
from bot.records import open_engine, sqlite_url
from retrieval.documents import EVERYONE
from retrieval.embedders import Embedder
from retrieval.embedders.choose import open_embedder


async def run_set(
    data: Path, name: str, embedder: Embedder, cache: Path | None, folder: Path
) -> list[dict[str, float]]:
    """One row of figures a question."""
    engine = open_engine(sqlite_url(folder / f"{name}.sqlite"))
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    rows = []
    async with opened(data, name, embedder, cache) as (store, searcher, questions):
        ledger, log = Ledger(engine, time.time), DecisionLog(engine, time.time)
        agent = Agent(searcher, embedder, Toolbox([]), ledger, log, lambda state: None, Deciders(), Limits())
        graph = build_graph(agent, InMemorySaver())
        for number, asked in enumerate(asked_of(questions, 1)):
            store.dropped = asked.dropped
            started = time.monotonic()
            state = await graph.ainvoke(_state(asked, number), {"configurable": {"thread_id": str(number)}})
            rows.append(_figures(asked, state["answer"], time.monotonic() - started))
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
    figures = {"seconds": seconds, "answerable": float(bool(asked.relevant)), "refused": float(answer["refused"])}
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
        "seconds": statistics.median(row["seconds"] for row in rows),
    }


async def run(data: Path, cache: Path | None) -> list[Row]:
    embedder = open_embedder("auto")
    with tempfile.TemporaryDirectory() as folder:
        return [Row(name, summary(await run_set(data, name, embedder, cache, Path(folder)))) for name in SETS]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, help="keep vectors here between runs")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/answers.json"))
    arguments = parser.parse_args()
    rows = asyncio.run(run(arguments.data, arguments.cache))
    about = {"threshold": "fitted on the even-numbered questions, measured on the odd-numbered ones"}
    publish("Answers without a model", rows, about, arguments.out)


if __name__ == "__main__":
    main()
