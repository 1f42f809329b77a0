"""A thousand mentions at once from a hundred places, answered by a scripted model.

    make bench-burst

Counts what was lost, answered twice or out of its place's order, and states the peak memory of the process.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

from agent.models import Request
from agent.models.scripted import ScriptedModel
from benchmarks.report import Row, publish
from benchmarks.rig import Rig, open_rig
from bot.chat import Place
from bot.desk import run_id
from bot.settings import Settings
from retrieval.sentences import sentences


def play(request: Request) -> str:
    """Every decision by rule, for this is no JSON; as the answer the first passage's first sentence, cited."""
    if request.purpose != "write":
        return "not JSON"
    text = request.sources[0].text.partition("\n")[2]
    start, end = sentences(text)[-1]
    return f"{text[start:end].rstrip('.')} [1]."


def place(number: int, places: int) -> Place:
    return Place("console", "local", f"channel-{number % places}", "thread")


async def burst(rig: Rig, mentions: int, places: int) -> float:
    """Seconds until all are answered."""
    started = time.perf_counter()
    for number in range(mentions):
        await rig.say(f"burst-{number}", place(number, places), "How does a mention survive a crash?")
    await rig.finished(mentions)
    await asyncio.sleep(1)  # whatever would be answered twice has its chance
    return max(rig.chat.answered.values()) - started


async def run(mentions: int, places: int) -> tuple[list[Row], dict[str, object]]:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder), embedder="hashing", budget_day=10_000)
        async with open_rig(settings, ScriptedModel(play)) as rig:
            await rig.learn(Path(__file__).parent.parent / "docs")
            before = peak_megabytes()
            seconds = await burst(rig, mentions, places)
            chat = rig.chat
    keys = [run_id(f"burst-{number}") for number in range(mentions)]
    waits = [chat.answered[key] - chat.sent[key] for key in keys if key in chat.answered]
    broken = sum(
        chat.order.get(place(number, places).key, []) != [keys[one] for one in range(number, mentions, places)]
        for number in range(places)
    )
    figures = {
        "answered": float(len(waits)),
        "lost": float(mentions - len(waits)),
        "twice": float(sum(count > 1 for count in chat.answers.values())),
        "places out of order": float(broken),
        "a second": len(waits) / seconds,
        "median s": statistics.median(waits),
        "worst s": max(waits),
        "peak MB": peak_megabytes(),
    }
    cited = sum("[1]" in text for text in chat.texts.values())
    about: dict[str, object] = {"places": places, "answers with a footnote": cited, "peak MB before the burst": before}
    return [Row(f"{mentions:,} mentions", figures)], about


def peak_megabytes() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mentions", type=int, default=1_000)
    parser.add_argument("--places", type=int, default=100)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/burst.json"))
    arguments = parser.parse_args()
    rows, about = asyncio.run(run(arguments.mentions, arguments.places))
    publish("A burst of mentions", rows, about, arguments.out)


if __name__ == "__main__":
    main()
