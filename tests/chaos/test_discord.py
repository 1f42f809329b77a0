"""Footnote on Discord while sockets drop, requests fail, limits bite and the process is killed: nothing is lost or doubled.

FOOTNOTE_KILLS=… sets how often it is killed; 15 mentions and some presses come in for each, so 75 make 1,000.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.errors import APOLOGY
from tests.chaos.survived import tell
from tests.end_to_end.conftest import footnote, write_handbook
from tests.servers.discord import Discord, Interaction, Message

KILLS = int(os.environ.get("FOOTNOTE_KILLS", "4"))
MENTIONS = 15
"""For each time it is killed; about a third of them ask for something to be done."""
PATIENCE = 90.0
"""Seconds in which at least one more must be answered of what the kills left."""
TAKEN = 45.0
"""Seconds that people wait for what comes of a press that was taken."""
CONTAINER = 17
DECIDES = {"Approve", "Reject", "Leave it"}


@dataclass(repr=False)
class Process:
    """The product, as `footnote up` runs it."""

    server: Discord
    home: Path
    _running: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        environment = {
            **os.environ,
            "FOOTNOTE_HOME": str(self.home),
            "FOOTNOTE_PORT": "0",
            "FOOTNOTE_DISCORD_TOKEN": self.server.token,
            "FOOTNOTE_DISCORD_API_URL": self.server.api_url,
            "FOOTNOTE_DISCORD_GATEWAY_URL": self.server.gateway_url,
        }
        self._running = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "up"), env=environment, stdout=asyncio.subprocess.DEVNULL
        )

    async def up(self) -> None:
        """Start it, again where Discord let it down, until it is connected."""
        await self.start()
        while not self.server.connected:
            if self.is_dead:
                await self.start()
            await asyncio.sleep(0.1)

    async def kill(self) -> None:
        assert self._running is not None
        if self._running.returncode is None:
            self._running.kill()
        await self._running.wait()

    @property
    def is_dead(self) -> bool:
        """Whether it gave up by itself, as where Discord answers nothing but 5xx at start."""
        return self._running is None or self._running.returncode is not None


@dataclass(repr=False)
class People:
    """Who ask, and press until their press was taken, as people do."""

    server: Discord
    chance: random.Random
    asked: dict[str, Message] = field(default_factory=dict)
    pressed: dict[int, Interaction] = field(default_factory=dict)
    presses: int = 0

    async def ask(self) -> None:
        name = f"n{len(self.asked):05d}"
        acts = self.chance.random() < 0.35
        text = f"post in #random: note {name}" if acts else f"how much may hotels cost a night, {name}?"
        channel = self.chance.choice(["general", "news"])
        self.asked[name] = await self.server.mention(self.chance.choice(["alice", "bob", "carol"]), channel, text)

    async def press(self) -> None:
        """Decide whatever waits and is not decided, or whose press failed."""
        for message in self.cards():
            if not (choices := [label for label in message.buttons if label in DECIDES]):
                continue
            last = self.pressed.get(message.id)
            if last is not None and time.time() - (last.acked_at or last.at) < (TAKEN if last.acked_at else 6):
                continue
            label = "Approve" if "Approve" in choices else choices[0]
            self.pressed[message.id] = await self.server.press("bob", message, label)
            self.presses += 1

    def cards(self) -> list[Message]:
        found = [one for asked in self.asked.values() if asked.thread for one in self.server.messages(asked.thread)]
        return [one for one in found if "Reject" in one.buttons or "Leave it" in one.buttons]

    def unanswered(self) -> set[str]:
        return {name for name, asked in self.asked.items() if not self.answers(asked)}

    def answers(self, asked: Message) -> list[Message]:
        """What ends it: neither a card nor a draft."""
        found = self.server.messages(asked.thread) if asked.thread else []
        ours = [one for one in found if one.author is self.server.bot and one.components]
        return [one for one in ours if one.components[0]["type"] != CONTAINER and "⏳" not in one.text]


@pytest.mark.timeout(120 + 60 * KILLS)
async def test_killed_cut_off_and_refused_at_random_nothing_is_lost_or_doubled(home: Path, tmp_path: Path) -> None:
    write_handbook(tmp_path / "handbook")
    assert (await footnote("sync", str(tmp_path / "handbook")))[0] == 0
    chance = random.Random(5)
    async with Discord() as server:
        for bucket in ("POST /channels/{channel_id}/messages", "PATCH /channels/{channel_id}/messages/{message_id}"):
            server.rest.limits.buckets[bucket] = (5, 2.0)
        process, people = Process(server, home), People(server, chance)
        for kill in range(KILLS + 1):
            last = kill == KILLS
            server.chaos(0.08, seed=kill)
            server.deliver(duplicate=0.2, swap=0.2, seed=kill)
            try:
                await process.up()
                await _round(process, people, chance, last=last)
            finally:
                await process.kill()
        _check(server, people)


async def _round(process: Process, people: People, chance: random.Random, *, last: bool) -> None:
    """Some seconds of a team's life; the last time for as long as it gets on with what the kills left."""
    until = time.monotonic() + (PATIENCE if last else chance.uniform(1, 8))
    left, waiting = MENTIONS, len(people.asked) + MENTIONS
    while time.monotonic() < until:
        if last and not left:
            process.server.chaos(0)
        if left and (last or chance.random() < 0.5):
            await people.ask()
            left -= 1
        if chance.random() < 0.03 and not last:
            process.server.gateway.drop(forget=chance.random() < 0.3)
        if process.is_dead:
            await process.start()
        await people.press()
        if last and not left and (now := len(people.unanswered())) < waiting:
            waiting, until = now, time.monotonic() + PATIENCE
        if last and not left and not people.unanswered() and not people.cards():
            await asyncio.sleep(3)  # whatever would come twice has its chance
            return
        await asyncio.sleep(0.1)
    assert not last, f"never answered: {sorted(people.unanswered())}, undecided: {len(people.cards())}"


def _check(server: Discord, people: People) -> None:
    assert people.unanswered() == set()
    odd = {}
    for name, asked in people.asked.items():
        found = server.messages(asked.thread or 0)
        ours = [one.text for one in found if one.author is server.bot]
        wanted = 2 if "post in" in asked.content else 1
        unfit = any("⏳" in text or APOLOGY in text for text in ours)
        if len(ours) != wanted or len(people.answers(asked)) != 1 or unfit:
            odd[name] = ours
    assert odd == {}
    posted = Counter(one.text for one in server.messages("random") if one.author is server.bot)
    assert [text for text, times in posted.items() if times > 1] == []
    done = sum("Done:" in one.text for asked in people.asked.values() for one in server.messages(asked.thread or 0))
    assert done <= len(posted) <= sum("post in" in asked.content for asked in people.asked.values())
    failures = Counter(str(how) for _, how in server.rest.failures.done)
    figures = {
        "kills": KILLS,
        "mentions": len(people.asked),
        "lost or doubled": len(odd) + sum(times > 1 for times in posted.values()),
        "presses": people.presses,
        "posts approved and posted": len(posted),
        "calls to the platform": len(server.requests),
    }
    tell("Discord", figures, failures)
