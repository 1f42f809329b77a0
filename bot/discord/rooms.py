"""Where the messages of a Place are written: its thread, which is opened when it is first needed, or the channel."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Literal

import discord

from bot.chat import ChatGone, ChatRefused, Place
from bot.discord.errors import FEW, ThreadThere, persistently
from bot.discord.places import DIRECT
from bot.posts import Posts
from bot.records import Records

NAME = 100
"""Characters of a thread's name (docs.discord.com/developers/resources/channel#start-thread-from-message)."""
ARCHIVE: Literal[1_440] = 1_440
"""Minutes without a message after which a thread goes to sleep; a new message wakes it."""
KNOWN = 5_000
"""How many rooms are remembered."""
_MARKUP = re.compile(r"\\([^\w\s])|\*")
"""What is not said of a line of Markdown: signs before signs, and what makes words bold."""
_NEEDED = discord.Permissions(create_public_threads=True, send_messages_in_threads=True)
_OPENABLE = (discord.ChannelType.text, discord.ChannelType.news)


def opens_threads(channel: discord.abc.GuildChannel) -> bool:
    """Whether the bot may open a thread on a message there."""
    return channel.type in _OPENABLE and channel.permissions_for(channel.guild.me).is_superset(_NEEDED)


@dataclass(frozen=True, slots=True)
class Room:
    """A channel or thread, and the message that everything written there replies to; 0 for none."""

    channel: int
    answers: int = 0


class Rooms:
    """Opens a thread on a question where that may be done; the records hold what was asked, for its name."""

    def __init__(self, client: discord.Client, records: Records) -> None:
        self._client = client
        self._records = records
        self._posts = Posts(records.engine)
        self._known: dict[str, Room] = {}
        self._opening: dict[str, asyncio.Task[Room]] = {}

    def thread(self, place: Place) -> discord.Thread | None:
        """The thread of a place, if there is one. One in which somebody has just written is always known."""
        guild = self._client.get_guild(int(place.workspace)) if place.workspace != DIRECT else None
        return guild.get_thread(int(place.thread)) if guild is not None and place.thread else None

    async def of(self, place: Place) -> Room:
        """Where to write; opens the thread. Raises a `ChatError`."""
        if known := self._known.get(place.key):
            return known
        if place.key not in self._opening:
            self._opening[place.key] = asyncio.create_task(self._find(place))
        try:
            found = await asyncio.shield(self._opening[place.key])
        finally:
            if (task := self._opening.get(place.key)) and task.done():
                self._opening.pop(place.key)
        if len(self._known) >= KNOWN:
            self._known.clear()
        self._known[place.key] = found
        return found

    def forget(self, place: Place) -> None:
        """Look again the next time: what was known of this place is no longer true."""
        self._known.pop(place.key, None)

    async def _find(self, place: Place) -> Room:
        channel = int(place.channel)
        if not place.thread:
            return Room(channel)
        in_thread = Room(int(place.thread))
        if self.thread(place) is not None or await self._open(place) or await self._exists(place):
            return in_thread
        return Room(channel, int(place.thread))

    async def _open(self, place: Place) -> bool:
        """Open a thread on the message that the place is named after; False where that can't be."""
        guild = self._client.get_guild(int(place.workspace)) if place.workspace != DIRECT else None
        channel = guild.get_channel(int(place.channel)) if guild is not None else None
        if channel is not None and not opens_threads(channel):
            return False
        start, name = self._client.http.start_thread_with_message, await self._name(place)
        try:
            await persistently(
                lambda: start(int(place.channel), int(place.thread), name=name, auto_archive_duration=ARCHIVE), FEW
            )
        except ThreadThere:  # opened by an answer that was lost, or by another replica
            return True
        except (ChatGone, ChatRefused):
            return False
        return True

    async def _exists(self, place: Place) -> bool:
        """Whether it is a thread that has been asleep for so long that the library does not know it."""
        try:
            await persistently(lambda: self._client.fetch_channel(int(place.thread)), FEW)
        except (ChatGone, ChatRefused):
            return False
        return True

    async def _name(self, place: Place) -> str:
        """What the message says that the thread is opened on: a question, or the first line of what the assistant told."""
        at_top = Place(place.platform, place.workspace, place.channel)
        said = await self._records.message(at_top, place.thread)
        if said is None and (key := await self._posts.key_at(at_top, f"{place.channel}/{place.thread}")):
            said = await self._records.message(at_top, key)
        words = "" if said is None else said.text
        if said is not None and said.kind == "assistant":
            words = _MARKUP.sub(r"\1", words.strip().partition("\n")[0])
        words = " ".join(words.split())
        if len(words) > NAME:
            words = f"{words[: NAME - 1].rstrip()}…"
        return words or "Footnote"
