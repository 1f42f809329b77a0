"""How fast deliveries of Slack are acknowledged: in a burst, and while 100 mentions are being answered.

    make bench-slack

Each app is a process of its own before the double of Slack, over Socket Mode, one after the other in one run: the
product, which keeps what comes and acknowledges; a plain Bolt app that answers in its handler and acknowledges after
(`process_before_response`); and one that acknowledges first and keeps nothing, so that what it was doing is lost with it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from benchmarks.report import Row, publish
from tests.contract.stages.slack import app_of_manifest
from tests.end_to_end.conftest import write_handbook
from tests.servers.ports import free_port
from tests.servers.slack import Ack, RateLimits, Slack, Timing

ROOMS = 50
QUESTION = "how much may hotels cost a night?"
MILLISECONDS = 1_000


async def plain(api_url: str, *, first: bool) -> None:
    """The peer: Bolt as its own guide shows it, answering in the handler."""
    from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
    from slack_bolt.async_app import AsyncApp
    from slack_sdk.web.async_client import AsyncWebClient

    client = AsyncWebClient(token=os.environ["PLAIN_BOT_TOKEN"], base_url=api_url)
    app = AsyncApp(client=client, process_before_response=not first)

    async def answer(event: dict[str, Any], say: Any) -> None:
        await say(text="Hotels may cost 150 euros a night.", thread_ts=event["ts"])

    async def nothing() -> None:
        """The same post once more, as `message`."""

    app.event("app_mention")(answer)
    app.event("message")(nothing)
    await AsyncSocketModeHandler(app, os.environ["PLAIN_APP_TOKEN"]).start_async()  # type: ignore[no-untyped-call]


@asynccontextmanager
async def workspace() -> AsyncIterator[Slack]:
    timing = Timing(ack=60)
    async with Slack(app_of_manifest(), rates=RateLimits.off(), timing=timing) as slack:
        for number in range(ROOMS):
            slack.add_channel(f"room-{number}", members=("ada",))
        yield slack


@asynccontextmanager
async def running(slack: Slack, *command: str, **environment: str) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *command, env={**os.environ, **environment}, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        await slack.sockets.connected(timeout=90)
        yield
    finally:
        process.kill()
        await process.wait()


@asynccontextmanager
async def product(slack: Slack, folder: Path) -> AsyncIterator[None]:
    environment = {
        "FOOTNOTE_HOME": str(folder / "home"),
        "FOOTNOTE_EMBEDDER": "hashing",
        "FOOTNOTE_PORT": str(free_port()),
        "FOOTNOTE_SLACK_BOT_TOKEN": slack.bot_token,
        "FOOTNOTE_SLACK_APP_TOKEN": slack.app_token,
        "FOOTNOTE_SLACK_API_URL": slack.api_url,
    }
    write_handbook(folder / "handbook")
    learning = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "sync", str(folder / "handbook"), env={**os.environ, **environment}
    )
    await learning.wait()
    async with running(slack, "bot", "up", **environment):
        yield


async def burst(slack: Slack, events: int) -> list[Ack]:
    """So many deliveries at once: each mention is two of them."""
    before = len(slack.acks)
    for number in range(events // 2):
        await slack.mention("ada", f"room-{number % ROOMS}", QUESTION)
    await slack.courier.settled(600)
    return slack.acks[before:]


async def meanwhile(slack: Slack, mentions: int, others: int) -> list[Ack]:
    """Messages come in, 50 a second, while so many mentions are being answered."""
    before, asked = len(slack.acks), []
    for number in range(mentions):
        asked.append(await slack.mention("ada", f"room-{number % ROOMS}", QUESTION))
    for number in range(others):
        await slack.say("ada", f"room-{number % ROOMS}", "we talk to each other")
        await asyncio.sleep(0.02)
    await slack.courier.settled(600)
    answering = sum(1 for one in asked if not slack.by_app(one.channel, one.ts))
    print(f"{answering} of the {mentions} were still being answered at the end")
    return slack.acks[before:]


def figures(acks: list[Ack], what: str) -> dict[str, float]:
    times = sorted(ack.latency * MILLISECONDS for ack in acks)
    return {
        f"{what}: p50 ms": statistics.median(times),
        f"{what}: p99 ms": times[int(len(times) * 0.99) - 1],
        f"{what}: longest ms": times[-1],
        f"{what}: within 3 s, %": 100 * sum(time <= 3_000 for time in times) / len(times),
    }


async def answered(slack: Slack, mentions: int) -> None:
    await slack.until(lambda: sum(1 for one in slack.posted if one.app_id) >= mentions, 900)


async def measure(events: int) -> list[Row]:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        async with workspace() as slack, product(slack, Path(folder)):
            found = figures(await burst(slack, events), "burst")
            await answered(slack, events // 2)
            found |= figures(await meanwhile(slack, 100, 300), "while answering 100")
            rows.append(Row("Footnote", found))
    for name, mode in (("Bolt, answers in its handler", "after"), ("Bolt, acknowledges first, keeps nothing", "first")):
        async with workspace() as slack:
            tokens = {"PLAIN_BOT_TOKEN": slack.bot_token, "PLAIN_APP_TOKEN": slack.app_token}
            async with running(slack, "benchmarks.slack_ack", "--plain", mode, "--url", slack.api_url, **tokens):
                found = figures(await burst(slack, events), "burst")
                rows.append(Row(name, found | figures(await meanwhile(slack, 100, 300), "while answering 100")))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/slack_ack.json"))
    parser.add_argument("--plain", choices=("after", "first"), help=argparse.SUPPRESS)
    parser.add_argument("--url", default="", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.plain:
        asyncio.run(plain(chosen.url, first=chosen.plain == "first"))
        return
    rows = asyncio.run(measure(chosen.events))
    publish("Acknowledging Slack", rows, {"events": chosen.events, "rooms": ROOMS}, chosen.out)


if __name__ == "__main__":
    main()
