"""Discord: the strict double on loopback, spoken to by the real discord.py; what people see is read from its messages."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import discord

from bot.chat import ASSISTANT, File, Person, Place, Reply
from bot.discord.buttons import named
from bot.discord.chat import DiscordChat
from bot.discord.connect import intents
from bot.discord.pace import Pace
from bot.posts import Posts
from bot.records import Records, open_engine, sqlite_url
from bot.tables import metadata
from tests.contract.stages import Company, Seen, words
from tests.servers.discord import Discord, Message, pointed_at
from tests.servers.discord.models import Channel, walk
from tests.servers.discord.permissions import P

TEXT, SEPARATOR, CONTAINER = 10, 14, 17
_STATUS = re.compile(r"-# ⏳ ?(.*?)…?$")
_FOOTNOTE = re.compile(r"-# \\\[\d+\\\] (.*) · “.*”$")


class OnDiscord:
    def __init__(self, server: Discord, client: discord.Client, records: Records, place: Place) -> None:
        self.server = server
        self.place = place
        self.known = str(server.random.id)
        self.people = [Person(f"discord/{one.id}", one.name.title()) for one in (server.alice, server.bob)]
        self.records = records
        self._client = client
        self._open()

    def _open(self) -> None:
        self.chat = DiscordChat(self._client, self.records, Pace(time.monotonic), patience=0.02)

    async def restart(self) -> None:
        await self.chat.close()
        self._open()

    async def say(self, key: str, reply: Reply) -> None:
        if reply.final:
            await self.records.say(self.place, key, ASSISTANT, reply.text, 1_000.0, reply)
        await self.chat.show(self.place, key, reply)

    async def messages(self) -> list[Seen]:
        """A message in several parts is one; a draft that says only what is going on is none."""
        await self._caught_up()
        keys = await self._keys()
        parts: dict[str, list[Message]] = {}
        for message in self._shown():
            if _status(message) is None or len(_texts(message)) > 1:
                parts.setdefault(keys.get(f"{message.channel.id}/{message.id}", ""), []).append(message)
        return [read([one for message in found for one in message.components]) for found in parts.values()]

    async def status(self) -> str:
        await self._caught_up()
        found = [status for message in self._shown() if (status := _status(message)) is not None]
        return found[-1] if found else ""

    def heard(self, person: Person) -> list[str]:
        who = self.server.user(int(person.id.removeprefix("discord/")))
        return [message.text for message in self.server.dms(who)]

    async def file(self, name: str, data: bytes) -> File:
        message = await self.server.say("alice", "general", "here it is", files=[(name, data)])
        return File(name, f"{message.channel.id}/{message.id}/{message.attachments[0].id}", len(data))

    async def lose(self, file: File) -> None:
        await self.server.delete(int(file.reference.split("/")[1]))

    async def company(self) -> Company:
        server, team = self.server, str(self.server.team.id)
        board = server.add_channel("board")
        await server.remove_permission(board, P.VIEW_CHANNEL, role=server.team.id)
        for user in (server.bob, server.bot):
            await server.give_permission(board, P.VIEW_CHANNEL, user=user)
        gwen = server.add_user("gwen", server.team)
        server.team.members[gwen.id].pending = True
        inside, outside, guest = (
            Person(f"discord/{one.id}", one.name.title()) for one in (server.bob, server.carol, gwen)
        )
        while not self._client.get_channel(board.id):
            await asyncio.sleep(0.01)
        direct = Place("discord", "@me", str(server.world.dm_of(server.bob).id))
        return Company(Place("discord", team, str(board.id)), direct, inside, outside, guest)

    async def leave(self) -> None:
        await self.server.remove_permission(self.server.channel("board"), P.VIEW_CHANNEL, user=self.server.bob)
        await asyncio.sleep(0.1)  # the gateway tells it

    async def cut(self) -> None:
        self.server.fail("*", 503, 10_000)

    async def is_quiet(self) -> bool:
        before = len(self.server.requests)
        await asyncio.sleep(0.1)
        return len(self.server.requests) == before and self._shown() == []

    def _shown(self) -> list[Message]:
        thread = self.server.world.channels.get(int(self.place.thread))
        return [one for one in thread.messages.values() if one.author is self.server.bot] if thread else []

    async def _caught_up(self) -> None:
        while any(draft.is_behind for draft in self.chat.drafts.values()):
            await asyncio.sleep(0.01)

    async def _keys(self) -> dict[str, str]:
        posts, found = Posts(self.records.engine), {}
        for key in ("answer", "card", "one", "two"):
            found |= {post.address or "": key for post in await posts.of(self.place, key)}
        return found


def finished(server: Discord, channel: Channel) -> list[Message]:
    """What the assistant has said there, to everybody, and is final."""
    shown = server.messages(channel)
    return [one for one in shown if one.author is server.bot and one.components and "⏳" not in one.text]


def _texts(message: Message) -> list[str]:
    return [one["content"] for one in walk(message.components) if one["type"] == TEXT]


def _status(message: Message) -> str | None:
    match = _STATUS.match(_texts(message)[0])
    return match[1] if match else None


def read(components: list[dict[str, Any]]) -> Seen:
    """What the components say, in the words of the contract."""
    if components[0]["type"] == CONTAINER:
        texts = [one["content"] for one in walk(components) if one["type"] == TEXT]
        last = texts[-1].split("\n")
        told = [*(part for text in texts[:-1] for part in text.split("\n")), last[-1], *last[:-1]]
        return Seen((), (), _buttons(components), (), tuple(" ".join(words(one)) for one in told))
    body, footnotes, notes = [], [], []
    for one in components:
        for line in str(one.get("content", "")).split("\n"):
            if match := _FOOTNOTE.match(line):
                footnotes.append(" ".join(words(match[1])))
            elif line.startswith("-# ") and not _STATUS.match(line):
                notes.append(" ".join(words(line)))
            elif not _STATUS.match(line):
                body.append(line)
    return Seen(words("\n".join(body)), tuple(footnotes), _buttons(components), tuple(notes), ())


def _buttons(components: list[dict[str, Any]]) -> tuple[str, ...]:
    found = [named(one["custom_id"]) for one in walk(components) if one["type"] == 2]
    return tuple(one[0].value for one in found if one)


@asynccontextmanager
async def on_discord(tmp_path: Path) -> AsyncIterator[OnDiscord]:
    engine = open_engine(sqlite_url(tmp_path / "records.sqlite"))
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    async with Discord(rate_limits=False) as server:
        asked = await server.mention("alice", "general", "when does the garden open?")
        with pointed_at(server.api_url, server.gateway_url):
            client = discord.Client(intents=intents(content=True), guild_ready_timeout=0.1)
            await client.login(server.token)
            task = asyncio.create_task(client.connect())
            await client.wait_until_ready()
            place = Place("discord", str(server.team.id), str(server.general.id), str(asked.id))
            stage = OnDiscord(server, client, Records(engine), place)
            yield stage
            await stage.chat.close()
            await client.close()
            await asyncio.gather(task, return_exceptions=True)
    await engine.dispose()
