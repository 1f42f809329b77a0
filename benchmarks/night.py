"""Answering people while the nightly eval runs beside: how long an answer takes with and without, and what the night weighs.

    make bench-night

The night is `footnote eval` on the cases that ship, as the schedule starts it, with DeepEval's metrics graded by a scripted judge
on loopback, one night after another for as long as questions are asked. The same questions are asked with and without a night
in turn, so that both meet the same machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import resource
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from benchmarks.frame import QUESTIONS, figures
from benchmarks.report import Row, publish
from benchmarks.rig import Rig, open_rig
from bot.chat import Place
from bot.settings import Settings
from tests.servers.providers import KEY, Thinking
from tests.servers.running import running

ROUNDS = 3
UNDER_WAY = 5.0
"""Seconds after which a night has begun to ask."""


def judged(body: dict[str, Any]) -> str:
    """What a judge says who finds everything right."""
    wanted = body.get("response_format", {}).get("json_schema", {}).get("schema", {}).get("title", "")
    answer = {"verdict": "yes", "reason": "It says so."}
    return json.dumps(
        {
            "Truths": {"truths": ["It is so."]},
            "Claims": {"claims": ["It is so."]},
            "Statements": {"statements": ["It is so."]},
            "Verdicts": {"verdicts": [answer]},
            "ReasonScore": {"reason": "It says so.", "score": 9},
        }.get(wanted, answer)
    )


@asynccontextmanager
async def nights(rig: Rig) -> AsyncIterator[list[float]]:
    """One night after another; yields the seconds each took that came to its end."""
    took: list[float] = []

    async def one_after_another() -> None:
        while True:
            started = time.perf_counter()
            await rig.app.nightly.run(time.time())
            took.append(time.perf_counter() - started)

    task = asyncio.create_task(one_after_another())
    await asyncio.sleep(UNDER_WAY)
    try:
        yield took
    finally:
        if task.done():
            task.result()  # a night that failed is no night beside
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def asked(rig: Rig, first: int, times: int) -> list[float]:
    """Seconds from a question to its answer, for so many questions one after another."""
    rhythm = random.Random(first)
    keys = []
    for number in range(first, first + times):
        place = Place("console", "local", "general", f"t{number}")
        keys.append(await rig.say(f"mention-{number}", place, QUESTIONS[number % len(QUESTIONS)]))
        await rig.finished(number + 1)
        await asyncio.sleep(rhythm.random() / 5)
    return [rig.chat.answered[key] - rig.chat.sent[key] for key in keys]


async def run(times: int) -> tuple[list[Row], dict[str, Any]]:
    alone: list[float] = []
    beside: list[float] = []
    ended: list[float] = []
    with tempfile.TemporaryDirectory() as folder, running(Thinking(judged).app) as url:
        os.environ |= {
            "FOOTNOTE_JUDGE": "openai-compatible:judge",
            "FOOTNOTE_JUDGE_URL": f"{url}/v1",
            "FOOTNOTE_JUDGE_KEY": KEY,
        }
        async with open_rig(Settings(home=Path(folder))) as rig:
            await rig.learn(Path(__file__).parent.parent / "docs")
            await rig.app.nightly.run(time.time())  # reads and embeds what the cases are about
            await asked(rig, 0, 5)
            each = times // ROUNDS
            for number in range(ROUNDS):
                start = 5 + 2 * number * each
                alone += await asked(rig, start, each)
                async with nights(rig) as took:
                    beside += await asked(rig, start + each, each)
                ended += took
    rows = [Row("alone", figures(alone)), Row("beside a night", figures(beside))]
    return rows, {
        "questions each": len(alone),
        "beside_over_alone": statistics.median(beside) / statistics.median(alone),
        "nights that ended meanwhile": len(ended),
        "peak MB of a night": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1_024,
        "peak MB of the bot": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=90)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/night.json"))
    arguments = parser.parse_args()
    rows, about = asyncio.run(run(arguments.times))
    publish("Answering people beside the nightly eval", rows, about, arguments.out)


if __name__ == "__main__":
    main()
