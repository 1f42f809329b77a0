"""What the frame costs a mention, beside a bare LangGraph graph of as many nodes on the same checkpointer.

    make bench-frame

Mentions go one at a time through the whole product: inbox, graph, ledger, records, chat. There is no model, and the
embedder is the hashing one, which costs next to nothing, so that what is left is the frame; searching counts as frame.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import TypedDict

from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph

from benchmarks.report import Row, publish
from benchmarks.rig import Rig, open_rig
from bot.chat import Place
from bot.databases import Databases, open_checkpointer
from bot.desk import run_id
from bot.settings import Settings

QUESTIONS = (
    "How does a mention survive a crash?",
    "What is the difference between a place and a channel?",
    "Who may approve an action?",
    "Why is there one table in Lance?",
)


class Bare(TypedDict, total=False):
    """The state of the bare graph: one word a node."""

    words: str


async def bare_graph(settings: Settings, times: int) -> list[float]:
    """Seconds each run of a chain of nodes takes that do nothing, as many as the product's graph has."""

    async def nothing(state: Bare) -> Bare:
        return {"words": state.get("words", "") + "."}

    names = ("decide", "gather", "act", "approve", "execute", "write", "check", "deliver")
    graph = StateGraph(Bare)
    for name in names:
        graph.add_node(name, nothing)
    for before, after in zip((START, *names), (*names, END), strict=True):
        graph.add_edge(before, after)
    took = []
    async with open_checkpointer(Databases.of(settings)) as saver:
        compiled = graph.compile(checkpointer=saver)
        for number in range(times):
            config: RunnableConfig = {"configurable": {"thread_id": f"bare-{number}"}}
            started = time.perf_counter()
            async for _ in compiled.astream({"words": ""}, config, stream_mode="custom", durability="async"):
                pass
            took.append(time.perf_counter() - started)
    return took


async def mentions(rig: Rig, times: int) -> None:
    rhythm = random.Random(7)  # people don't write in step with the inbox, which looks ten times a second
    for number in range(times):
        await rig.say(f"mention-{number}", Place("console", "local", "general", f"t{number}"), QUESTIONS[number % 4])
        await rig.finished(number + 1)
        await asyncio.sleep(rhythm.random() / 5)


async def run(times: int) -> tuple[list[Row], dict[str, object]]:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder), embedder="hashing")
        async with open_rig(settings) as rig:
            await rig.learn(Path(__file__).parent.parent / "docs")
            await mentions(rig, times + 3)
        chat = rig.chat
        bare = (await bare_graph(settings, times + 3))[3:]
    keys = [run_id(f"mention-{number}") for number in range(3, times + 3)]
    first = [chat.first_status[key] - chat.sent[key] for key in keys]
    whole = [chat.answered[key] - chat.sent[key] for key in keys]
    waited = [chat.taken[key] - chat.accepted[key] for key in keys]
    work = [one - wait for one, wait in zip(whole, waited, strict=True)]
    rows = [
        Row("mention sent to first status", figures(first)),
        Row("mention sent to answer", figures(whole)),
        Row("of that, waiting for the inbox to look", figures(waited)),
        Row("of that, the frame's work", figures(work)),
        Row("bare LangGraph graph of 8 nodes", figures(bare)),
    ]
    return rows, {
        "mentions": times,
        "work_over_bare": statistics.median(work) / statistics.median(bare),
        "whole_over_bare": statistics.median(whole) / statistics.median(bare),
    }


def figures(seconds: list[float]) -> dict[str, float]:
    return {"median ms": 1_000 * statistics.median(seconds), "p95 ms": 1_000 * statistics.quantiles(seconds, n=20)[-1]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=60)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/frame.json"))
    arguments = parser.parse_args()
    rows, about = asyncio.run(run(arguments.times))
    publish("What the frame costs a mention", rows, about, arguments.out)


if __name__ == "__main__":
    main()
