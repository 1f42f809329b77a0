"""A channel as a `Source`: read on by some pages each time, then cut into threads and days, for who may read it now."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import structlog

from agent.errors import place_of
from bot.audiences import said_in
from bot.channels.talk import Position, Reading, Talk, source_of
from bot.chat import Chat, ChatError, ChatGone, ChatRefused, Openness, Page, Place
from retrieval.documents import Audience, Document, content_hash
from retrieval.errors import Away, Unreadable
from retrieval.sources import READING, Listed
from retrieval.sources.talk import Message, Stretch, stretches

AGAIN = 3_000.0
"""Seconds from the beginning of one reading to that of the next, at least: what happens meanwhile is heard."""
REQUESTS = 30
SECONDS = 90.0
"""What one sync may take of the platform; the next one goes on."""
MOST = 200_000
"""Messages that are kept of one channel."""
log = structlog.get_logger()


class ChannelSource:
    """``location`` is the key of the channel's `Place`; ``clock`` gives seconds since 1970."""

    keeps = False

    def __init__(self, location: str, talk: Talk, chats: Mapping[str, Chat], clock: Callable[[], float]) -> None:
        if location.count("/") != 2:
            raise Unreadable(location, "this is no channel; somebody who is in one adds it there: /knowledge add here")
        self._place = Place.parse(f"{location}/")
        self._talk = talk
        self._chats = chats
        self._clock = clock
        self._stretches: dict[str, Stretch] = {}
        self._audience = Audience(frozenset())
        self.name = source_of(location)

    async def list(self) -> AsyncIterator[Listed]:
        """Everything that is known to stand there, and what is still to be read.

        A channel that the assistant is in no longer has nothing, and says why.
        """
        reading = await self._talk.reading(self.name)
        if reading is None:
            raise Unreadable(self.name, "nobody in it asked for this; /knowledge add here does, in the channel")
        label = f"#{reading.name}"
        try:
            await self._read_on(reading)
            readers = await self._chats[self._place.platform].readers(self._place)
        except ChatGone as gone:
            await self._talk.forget(self.name)
            yield Listed(label, "", away=f"I am in this channel no longer, so I forgot what was said there ({gone})")
            return
        except ChatRefused as refused:
            raise Unreadable(label, str(refused)) from refused
        except ChatError as error:
            raise Away(label, str(error)) from error
        if readers.openness is Openness.DIRECT:
            return
        await self._talk.called(self.name, readers.channel)
        self._audience = said_in(self._place, readers.openness)
        messages = await self._talk.messages(self.name)
        self._stretches = await asyncio.to_thread(self._cut, readers.channel, messages)
        for key, stretch in self._stretches.items():
            about = content_hash(repr((stretch, sorted(self._audience.labels))).encode())
            yield Listed(key, f"{READING}:{about}", len(stretch.text))
        if missing := await self._missing(messages):
            yield Listed(label, "", away=missing)

    async def read(self, listed: Listed) -> Document:
        return self._stretches[listed.id].document(listed, self.name, self._audience)

    def _cut(self, channel: str, messages: Sequence[Message]) -> dict[str, Stretch]:
        return {f"{self.name}/{key}": stretch for key, stretch in stretches(channel, messages)}

    async def _read_on(self, reading: Reading) -> None:
        """Some pages from where the last sync came to, or from what is newest. Raises `ChatGone` or `ChatRefused`."""
        position = reading.position
        if position is None:
            if self._clock() - reading.began_at < AGAIN:
                return
            await self._talk.begin(self.name)
            position = Position()
        deadline = self._clock() + SECONDS
        for _ in range(REQUESTS):
            asked_at = self._clock()
            if asked_at > deadline:
                break
            try:
                page = await self._page(position)
            except (ChatGone, ChatRefused):
                raise
            except ChatError as error:  # the platform gives no more now, which is no reason not to show what it gave
                log.info("a channel is read on later", source=self.name, what=place_of(error))
                break
            position = position.after(page)
            if position.cursor and await self._talk.count(self.name) >= MOST:
                position = replace(position, cursor="", last=True)
            if not await self._talk.take(self.name, page, position, asked_at) or position.is_end:
                return
        await self._talk.soon(self.name)

    async def _page(self, position: Position) -> Page:
        chat = self._chats[self._place.platform]
        if not position.threads:
            return await chat.talk(self._place, position.cursor)
        try:
            return await chat.talk(replace(self._place, thread=position.threads[0]), position.within)
        except ChatGone:  # of a thread; the next page of the channel tells whether that is gone too
            return Page()

    async def _missing(self, messages: Sequence[Message]) -> str:
        """What of the channel is not read, in words; empty where nothing is missing."""
        if len(messages) >= MOST:
            return f"only the newest {MOST:,} messages are kept"
        reading = await self._talk.reading(self.name)
        if reading is None or reading.whole:
            return ""
        if not messages:
            return "it is read for the first time; this goes on by itself"
        oldest = datetime.fromtimestamp(min(one.at for one in messages), UTC)
        return f"so far it is read back to {oldest:%d %b %Y, %H:%M} UTC; the rest follows by itself"
