"""Digests on Discord as the people of a channel see them: the real discord.py against the strict double, feeds on a real host."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.end_to_end.digest_days import EVERY_DAY, DigestDays, Rooms
from tests.end_to_end.newsroom import CRITICS, RERANKER, TEST_SET, Clock, Newsroom, Shown
from tests.end_to_end.test_discord import Team, team
from tests.servers.discord import Discord, Message
from tests.servers.web_sources import WebSources, web_sources

LINK = re.compile(r"\]\(<(https?://[^>]+)>\)")


class DiscordNewsroom(Newsroom):
    owner, other = "alice", "bob"

    def __init__(self, here: Team, host: WebSources, clock: Clock) -> None:
        super().__init__(here.app, here.inbox, host, clock)
        self.here = here
        self.discord = here.discord
        self.channel = here.discord.general

    async def slash(self, words: str) -> str:
        used = await self.discord.slash("alice", self.channel, "/digest", {"when-and-on-what": words} if words else {})
        return str((await self.until(lambda: used.response and not used.response.loading and used.response)).text)

    async def say(self, words: str) -> None:
        await self.discord.mention("alice", self.channel, words)

    def shown(self, thread: Shown | None = None) -> list[Shown]:
        return [seen(one) for one in self.here.said(thread.message.id if thread else self.channel) if not one.viewer]

    def thread_name(self, shown: Shown) -> str:
        return str(shown.message.thread.name)

    def told(self, who: str) -> list[str]:
        user = self.discord.user(who)
        return [seen(one).text for one in (*self.discord.ephemerals(user), *self.discord.dms(user))]

    async def press(self, who: str, shown: Shown, button: str) -> None:
        await (await self.discord.press(who, shown.message, button)).answered()

    async def fill(self, who: str, **values: str) -> dict[str, str]:
        form = await self.until(lambda: [one for one in self.discord.modals if one.user is self.discord.user(who)])
        inputs = form[-1].inputs
        before = {name: str(one.get("value", "")) for name, one in inputs.items()}
        chosen = {name: [value] if inputs[name].get("options") else value for name, value in values.items()}
        await self.discord.submit(who, form[-1], chosen)
        return before

    async def lose_channel(self) -> None:
        await self.discord.delete_channel(self.channel)

    def cut(self) -> None:
        self.discord.fail("*", 503, 10_000)

    def mend(self) -> None:
        self.discord.rest.failures.planned.clear()


def seen(message: Message) -> Shown:
    """A message as it is read, with its links and the labels of its buttons."""
    text = re.sub(r"\\([^\w\s])|`", r"\1", message.text)
    return Shown(text, tuple(LINK.findall(message.text)), tuple(message.buttons), message)


@pytest.fixture
async def discord() -> AsyncIterator[Discord]:
    async with Discord(rate_limits=False) as server:
        yield server
        assert server.failed == []


@pytest.fixture
def rooms(discord: Discord, tmp_path: Path) -> Iterator[Rooms]:
    with web_sources() as host:

        @asynccontextmanager
        async def opened() -> AsyncIterator[Newsroom]:
            clock = Clock()
            async with team(discord, tmp_path, clock=clock, allow_private_hosts="127.0.0.1") as here:
                yield DiscordNewsroom(here, host, clock)

        yield opened


class TestOnDiscord(DigestDays):
    """What is the same everywhere."""


async def test_a_digest_for_oneself_is_researched_where_it_stands(discord: Discord, rooms: Rooms) -> None:
    story = ("Hotels may cost more", "https://example.org/hotels", "Hotels may cost 150 euros a night, it is said now.")
    async with rooms() as room:
        await discord.dm("alice", f"every day at 8, tell me what's new on hotels from {room.feed('/a', story)}")
        await room.delivered(1)
        shown = await room.until(lambda: [one for one in discord.dms(discord.alice) if "it is said now" in one.text])
        await (await discord.press("alice", shown[0], "Research this")).answered()
        await room.hears("alice", "Expense policy")


async def test_what_has_no_quotation_shows_none_and_an_address_ends_where_it_ends(rooms: Rooms) -> None:
    async with rooms() as room:
        room.host.fail("/b", 404)
        words = (RERANKER, TEST_SET, CRITICS)
        card = await room.subscribed(f"{EVERY_DAY} {room.feed('/a')} {room.host.address}/b")
        await room.press(room.owner, card, "Edit")
        await room.fill(room.owner, length="short")
        await room.message("short length")
        room.feed(
            "/a", *words, ("Tables in retrieval evaluation", "https://example.org/tables", "There are few of them.")
        )
        await room.morning()
        await room.delivered(2)
        foot = (await room.message("And the rest")).message.text
        assert "“" not in foot
        assert f"`{room.host.address}/b`: it answered 404" in foot
