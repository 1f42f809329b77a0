"""How many messages an answer costs while 50 stream at once, under the limits that Slack publishes.

    make bench-slack

The adapter, connected to the double with its limits on, shows 50 answers side by side: statuses, a partial text four
times a second, the final message. Counted is every call of the Web API; none may be refused, and every answer must stand.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

from benchmarks.report import Row, publish
from bot.chat import Place, Reply
from tests.contract.stages import ANSWER
from tests.contract.stages.slack import OnSlack, on_slack, read
from tests.servers.slack import RateLimits

SENTENCE = "Hotels may cost 150 euros a night. "
SHOWING = {"chat.postMessage", "chat.update", "chat.startStream", "chat.appendStream", "chat.stopStream"}


async def places(stage: OnSlack, answers: int) -> list[Place]:
    found = []
    for number in range(answers):
        channel = stage.slack.add_channel(f"room-{number}", members=("ada",))
        root = await stage.slack.mention("ada", channel, f"question {number}")
        found.append(Place("slack", stage.slack.team.id, channel.id, root.ts))
    await stage.slack.until(lambda: all(stage.chat.asker(place) for place in found), 60)
    return found


async def answer(stage: OnSlack, number: int, place: Place, sentences: int) -> float:
    """Show one answer as the desk does; the seconds until it stands."""
    began = time.perf_counter()
    await stage.chat.status(place, "Searching")
    await stage.chat.status(place, "Writing")
    for count in range(1, sentences + 1):
        await stage.chat.show(place, f"answer-{number}", Reply(SENTENCE * count, final=False))
        await asyncio.sleep(0.25)
    await stage.chat.show(place, f"answer-{number}", replace(ANSWER, text=SENTENCE * sentences))
    await stage.chat.status(place, "")
    return time.perf_counter() - began


async def measure(answers: int, sentences: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        async with on_slack(Path(folder)) as stage:
            stage.slack.meter.rates = RateLimits()
            everywhere = await places(stage, answers)
            before = len(stage.slack.calls)
            tasks = (answer(stage, number, place, sentences) for number, place in enumerate(everywhere))
            took = await asyncio.gather(*tasks)
            calls = stage.slack.calls[before:]
            stood = sum(
                [read(one).words for one in stage.slack.by_app(place.channel, place.thread)]
                == [tuple((SENTENCE * sentences).replace(".", "").split())]
                for place in everywhere
            )
    methods = Counter(call.method for call in calls)
    shown = sum(methods[name] for name in SHOWING)
    return [
        Row(
            f"{answers} answers at once",
            {
                "messages and updates per answer": shown / answers,
                "statuses per answer": (sum(methods.values()) - shown) / answers,
                **{name: float(methods[name]) for name in sorted(SHOWING)},
                "refused with 429": float(sum(call.error == "ratelimited" for call in calls)),
                "answers that stand, whole": float(stood),
                "longest, s": max(took),
            },
        )
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=50)
    parser.add_argument("--sentences", type=int, default=20)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/slack_streams.json"))
    chosen = parser.parse_args()
    rows = asyncio.run(measure(chosen.answers, chosen.sentences))
    publish("Streaming to Slack", rows, {"sentences": chosen.sentences}, chosen.out)


if __name__ == "__main__":
    main()
