"""The process is killed with SIGKILL at random moments while mentions and presses flow; nothing is lost or doubled."""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from bot.desk import run_id
from bot.errors import APOLOGY

KILLS = int(os.environ.get("FOOTNOTE_KILLS", "10"))
PLACES = 6
ROUND = 12


class Worker:
    """The process, started anew after each kill; events are delivered until they are acknowledged, some of them twice."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._process: asyncio.subprocess.Process | None = None
        self.waiting: dict[str, str] = {}

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.chaos.worker", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        assert await self._line() == "READY"

    async def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    async def deliver(self, until: float) -> None:
        """Send what waits for its acknowledgement, until a moment comes or nothing is left."""
        assert self._process is not None
        assert self._process.stdin is not None
        for event, line in list(self.waiting.items()):
            for _ in range(1 + (self._chance.random() < 0.1)):
                self._process.stdin.write(f"{line}\n".encode())
            if time.monotonic() >= until:
                return
            await self._acknowledged(event, until)

    async def _acknowledged(self, event: str, until: float) -> None:
        while event in self.waiting and (left := until - time.monotonic()) > 0:
            try:
                line = await asyncio.wait_for(self._line(), left)
            except TimeoutError:
                return
            self.waiting.pop(line.removeprefix("ACK "), None)

    async def _line(self) -> str:
        assert self._process is not None
        assert self._process.stdout is not None
        return (await self._process.stdout.readline()).decode().strip()


def rows(home: Path, query: str) -> list[Any]:
    connection = sqlite3.connect(home / "records.sqlite", timeout=20)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def presses(home: Path, chance: random.Random, pressed: set[tuple[str, str]]) -> dict[str, str]:
    """A press for each card that waits: approved or rejected; what was cut off is left as it is."""
    found = {}
    for approval, state in rows(home, "select id, state from approvals where state in ('proposed', 'unknown')"):
        if (approval, state) not in pressed:
            pressed.add((approval, state))
            action = "abandon" if state == "unknown" else chance.choice(["approve", "approve", "reject"])
            found[f"p-{approval[:16]}-{state}"] = f"P p-{approval[:16]}-{state} {action} {approval}"
    return found


def unanswered(home: Path, mentions: dict[str, str]) -> set[str]:
    answered = {key for (key,) in rows(home, "select key from messages where kind = 'assistant'")}
    return {event for event in mentions if run_id(event) not in answered}


@pytest.mark.timeout(60 + 30 * KILLS)
async def test_killed_at_random_nothing_is_lost_doubled_or_out_of_order(home: Path) -> None:
    chance = random.Random(7)
    worker, mentions, pressed = Worker(chance), {}, set[tuple[str, str]]()
    for kill in range(KILLS + 1):
        await worker.start()
        for _ in range(ROUND):
            event, place = f"m{len(mentions):05d}", f"place{chance.randrange(PLACES)}"
            writes = chance.random() < 0.5
            text = f"post in #announcements: note {event}" if writes else f"where is thing {event}?"
            mentions[event] = place
            worker.waiting[event] = f"M {event} {place} {text}"
        until = time.monotonic() + (chance.uniform(0.05, 2.5) if kill < KILLS else 60)
        left = len(mentions)
        while time.monotonic() < until:
            worker.waiting.update(presses(home, chance, pressed))
            await worker.deliver(until)
            if kill == KILLS and len(unanswered(home, mentions)) < left:
                left = len(unanswered(home, mentions))
                until = time.monotonic() + 60  # for as long as it gets on with what the kills left
            if kill == KILLS and not worker.waiting and not left:
                break
            await asyncio.sleep(0.05)
        await worker.kill()

    assert unanswered(home, mentions) == set()
    assert rows(home, f"select text from messages where text like '{APOLOGY}%'") == []
    posted = Counter((home / "posted.log").read_text().split())
    assert [key for key, times in posted.items() if times > 1] == []
    states = dict(rows(home, "select run || ':0', state from approvals"))
    assert {key for key, state in states.items() if state == "done"} <= set(posted)
    assert {states[key] for key in posted} <= {"done", "abandoned"}
    assert set(states.values()) <= {"done", "rejected", "abandoned"}
    asked = [event for event in mentions if run_id(event) not in {key.removesuffix(":0") for key in states}]
    assert in_order(home, {event: mentions[event] for event in asked})
    print(f"\n{KILLS} kills, {len(mentions)} mentions, {len(states)} actions: {Counter(states.values())}")


@pytest.mark.timeout(120)
async def test_answers_of_a_place_come_in_the_order_of_its_mentions(home: Path) -> None:
    chance = random.Random(11)
    worker = Worker(chance)
    # Names that do not sort as they come: platforms' ids do not either.
    events = [f"m{chance.randrange(10**9)}" for _ in range(40)]
    places = {event: f"place{chance.randrange(4)}" for event in events}
    await worker.start()
    worker.waiting = {event: f"M {event} {places[event]} where is thing {event}?" for event in events}
    await worker.deliver(time.monotonic() + 30)
    until = time.monotonic() + 60
    while unanswered(home, places) and time.monotonic() < until:
        await asyncio.sleep(0.1)
    await worker.kill()
    assert in_order(home, places)


def in_order(home: Path, places: dict[str, str]) -> bool:
    """Whether these mentions, given in the order they were accepted in, were answered in it within each place."""
    asked = {run_id(event): event for event in places}
    order = defaultdict(list)
    for (key,) in rows(home, "select key from messages where kind = 'assistant' order by id"):
        if key in asked:
            order[places[asked[key]]].append(asked[key])
    events = list(places)
    assert sum(map(len, order.values())) == len(places)
    return all(answered == sorted(answered, key=events.index) for answered in order.values())
