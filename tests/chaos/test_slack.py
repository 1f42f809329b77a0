"""Slack fails at random and the product is killed with SIGKILL while people ask and decide: nothing is lost or doubled.

FOOTNOTE_KILLS (3 here, more in `make chaos`) scales it: 20 mentions and 4 presses for each kill.
"""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.errors import APOLOGY
from tests.chaos.survived import tell
from tests.contract.stages.slack import app_of_manifest, read
from tests.end_to_end.conftest import write_handbook
from tests.end_to_end.on_slack import HOTELS, MEALS
from tests.servers.ports import free_port
from tests.servers.slack import Chaos, Message, RateLimits, Slack, Timing

KILLS = min(int(os.environ.get("FOOTNOTE_KILLS", "3")), 50)
MENTIONS = int(os.environ.get("FOOTNOTE_SLACK_MENTIONS", str(20 * KILLS)))
PRESSES = MENTIONS // 5
ROOMS = 12
FAULTS = Chaos(seed=7, error=0.03, ratelimit=0.01, drop=0.03, lost=0.03, slow=0.05, slowness=0.3)


class Product:
    """`python -m bot up` in front of the double."""

    def __init__(self, slack: Slack, home: Path) -> None:
        self._slack = slack
        self._home = home
        self._process: asyncio.subprocess.Process | None = None

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "FOOTNOTE_HOME": str(self._home),
            "FOOTNOTE_EMBEDDER": "hashing",
            "FOOTNOTE_PORT": str(free_port()),
            "FOOTNOTE_SLACK_BOT_TOKEN": self._slack.bot_token,
            "FOOTNOTE_SLACK_APP_TOKEN": self._slack.app_token,
            "FOOTNOTE_SLACK_API_URL": self._slack.api_url,
        }

    async def learn(self, folder: Path) -> None:
        process = await self._run("sync", str(folder))
        assert await process.wait() == 0

    async def start(self) -> None:
        self._process = await self._run("up")
        await self._slack.sockets.connected(timeout=90)

    async def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    async def _run(self, *arguments: str) -> asyncio.subprocess.Process:
        quiet = asyncio.subprocess.DEVNULL
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", *arguments, env=self.environment(), stdout=quiet
        )


@asynccontextmanager
async def product(folder: Path) -> AsyncIterator[tuple[Slack, Product]]:
    timing = Timing(ack=3, retries=(0.5, 2.0, 5.0, 10.0, 20.0))
    async with Slack(app_of_manifest(), rates=RateLimits.off(), timing=timing) as slack:
        for number in range(ROOMS):
            slack.add_channel(f"room-{number}", members=("ada", "ben"))
        write_handbook(folder / "handbook")
        made = Product(slack, folder / "home")
        await made.learn(folder / "handbook")
        await made.start()
        yield slack, made
        slack.chaos(None)
        await made.kill()


def final(slack: Slack, asked: Message) -> list[Message]:
    """What stands in a thread by the assistant for everybody, and is not being written."""
    there = [one for one in slack.by_app(asked.channel, asked.ts) if one.ephemeral_to is None]
    return [one for one in there if one.stream is None or one.stream.state != "in_progress"]


def is_answer(message: Message) -> bool:
    return not read(message).card


async def decide(slack: Slack, asked: Message, pressed: Counter[str]) -> None:
    """Press what a card in this thread offers, once for each state of it; again where the press was not taken."""
    for card in final(slack, asked):
        for label in ("Approve", "Leave it"):
            key = f"{card.ts}:{label}"
            if pressed[key] or label.lower().replace("leave it", "abandon") not in read(card).buttons:
                continue
            delivery = await (await slack.press("ben", card, label)).done(30)
            pressed[key] += delivery.outcome == "acknowledged"


@pytest.mark.timeout(3_600)
async def test_nothing_is_lost_or_doubled_when_slack_fails_and_the_product_is_killed(tmp_path: Path) -> None:
    chance = random.Random(11)
    async with product(tmp_path) as (slack, bot):
        slack.chaos(FAULTS)
        slack.deliver_unruly(duplicate=0.1, late=0.1, by=0.5)
        asked: list[Message] = []
        actions: list[Message] = []
        pressed: Counter[str] = Counter()

        async def people() -> None:
            for number in range(MENTIONS):
                is_action = number % (MENTIONS // PRESSES) == 0
                text = f"remember that number {number} is lucky" if is_action else chance.choice((HOTELS, MEALS))
                message = await slack.mention("ada", f"room-{number % ROOMS}", text)
                (actions if is_action else asked).append(message)
                await asyncio.sleep(chance.uniform(0.0, 0.3))

        async def deciders() -> None:
            while True:
                for message in list(actions):
                    await decide(slack, message, pressed)
                await asyncio.sleep(0.2)

        async def fate() -> None:
            for _ in range(KILLS):
                await asyncio.sleep(chance.uniform(0.5, 6.0))
                slack.sockets.drop()
                await asyncio.sleep(chance.uniform(0.0, 2.0))
                await bot.kill()
                await bot.start()

        deciding = asyncio.create_task(deciders())
        await asyncio.gather(people(), fate())

        def done() -> bool:
            answered = all(final(slack, one) for one in asked)
            return answered and all(any(map(is_answer, final(slack, one))) for one in actions)

        try:
            await slack.until(done, 60 + 3 * MENTIONS)
        finally:
            deciding.cancel()
            lost = [one.text for one in asked if not final(slack, one)]
            undecided = [one.text for one in actions if not any(map(is_answer, final(slack, one)))]
        assert (lost, undecided) == ([], [])
        slack.chaos(None)
        await asyncio.sleep(3)
        counts = Counter(len(final(slack, one)) for one in asked)
        assert counts == {1: len(asked)}, "each question has one answer"
        assert Counter(len(final(slack, one)) for one in actions) == {2: len(actions)}, "a card and what became of it"
        stand = [one for message in asked + actions for one in final(slack, message)]
        assert [one for one in stand if APOLOGY in f"{one.text} {one.blocks}"] == []
        left = [one for one in slack.posted if one.stream and one.stream.state == "in_progress" and not one.deleted]
        assert left == []
        # The next process does not know of a stream that a kill left open until its answer is there.
        assert {violation.kind for violation in slack.violations} <= {"second_acknowledgement", "status_during_stream"}
        states = written(tmp_path / "home", actions)
        failed = Counter(str(call.error) for call in slack.calls if call.error)
        figures = {
            "kills": KILLS,
            "mentions": len(asked) + len(actions),
            "lost": len(lost) + len(undecided),
            "doubled": sum(times for standing, times in counts.items() if standing > 1),
            "presses taken": sum(pressed.values()),
            **{f"actions {state}": times for state, times in sorted(states.items())},
            "calls to the platform": len(slack.calls),
        }
        tell("Slack", figures, failed)


def written(home: Path, actions: list[Message]) -> Counter[str]:
    """Each approved action was done once; one that was cut off in the middle was left, and done once at most.

    How many ended how.
    """
    connection = sqlite3.connect(home / "records.sqlite", timeout=20)
    try:
        states = Counter(state for (state,) in connection.execute("select state from approvals").fetchall())
    finally:
        connection.close()
    assert sum(states.values()) == len(actions)
    assert set(states) <= {"done", "abandoned"}
    notes = [path.read_text() for path in (home / "notes").glob("*.md")]
    numbers = [one.text.split("number ")[1].split()[0] for one in actions]
    kept = Counter(sum(f"number {number} is lucky" in note for note in notes) for number in numbers)
    assert set(kept) <= {0, 1}
    assert kept[1] >= states["done"]
    return states
