"""Opting a channel in and out, where everybody in it sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import structlog

from agent.text import counted
from bot.channels.talk import KIND, Talk, source_of
from bot.chat import (
    Chat,
    ChatAway,
    ChatError,
    ChatGone,
    ChatRefused,
    Openness,
    Page,
    Person,
    Place,
    Readers,
    Reply,
)
from bot.knowledge import Knowledge
from bot.poster import post
from bot.records import Records
from bot.rendering import escape_markdown

ADD, REMOVE = "add here", "remove here"
log = structlog.get_logger()


class Following:
    """``chats`` by platform."""

    def __init__(
        self,
        talk: Talk,
        knowledge: Knowledge,
        chats: Mapping[str, Chat],
        records: Records,
        clock: Callable[[], float],
    ) -> None:
        self._talk = talk
        self._knowledge = knowledge
        self._chats = chats
        self._records = records
        self._clock = clock

    async def add(self, place: Place, person: Person) -> str:
        """Make the channel a source, if this person is in it and the channel was told; returns what to tell them."""
        here = replace(place, thread="")
        source = source_of(here.channel_key)
        try:
            readers = await self._chats[here.platform].readers(here)
            if readers.openness is Openness.DIRECT or not readers.channel:
                return "What is said in a direct conversation is never added to what I know."
            if not await self._is_in(here, person):
                return (
                    "Only somebody who is in a channel can add it, and I have to be in it too: invite me there first."
                )
            if await self._talk.follows(source):
                return "What is said here can be found already. `/knowledge remove here` ends it."
            page = await self._first(here)
            await self._tell(here, _begun(await self._name(here, person), readers))
        except (ChatGone, ChatRefused) as refused:
            return f"I can't read what is said here ({refused}). Nothing was added; if I am not in it, invite me first."
        except ChatError as error:
            return f"I could not ask who is here ({error}). Nothing was added; try again later."
        await self._talk.open(source, readers.channel, page)
        self._knowledge.start(await self._knowledge.add(KIND, here.channel_key))
        log.info("channel added", source=source, by=person.id)
        return "Added. Everybody here was told."

    async def remove(self, place: Place, person: Person) -> str:
        """Forget the channel and everything from it at once, whoever there asks for it; returns what to tell them."""
        here = replace(place, thread="")
        source = source_of(here.channel_key)
        if not await self._talk.follows(source):
            return "What is said here is no source of mine."
        gone = counted(await self._knowledge.remove(source), "document")
        log.info("channel removed", source=source, by=person.id)
        try:
            await self._tell(here, _ended(await self._name(here, person)))
        except ChatError as error:
            return f"Forgotten: {gone}. The channel could not be told ({error})."
        return f"Forgotten: {gone}. Everybody here was told."

    async def _is_in(self, here: Place, person: Person) -> bool:
        found = await self._chats[here.platform].membership(here, person, {here.channel_key})
        return here.channel_key in found.channels

    async def _first(self, here: Place) -> Page | None:
        """The first page, which shows that it can be read; None where the platform gives no more for the moment."""
        try:
            return await self._chats[here.platform].talk(here)
        except ChatAway:
            return None

    async def _name(self, here: Place, person: Person) -> str:
        """As others there see it: a command may bring another one."""
        return await self._chats[here.platform].name(here, person.id) or person.name

    async def _tell(self, here: Place, text: str) -> None:
        key = f"{KIND}:{self._clock():.3f}"
        await post(self._records, self._chats, here, key, Reply(text), self._clock())


def _begun(who: str, readers: Readers) -> str:
    whom = (
        "every full member of this workspace and everybody in this channel"
        if readers.openness is Openness.WORKSPACE
        else "those who are in this channel, and nobody else"
    )
    return (
        f"**From now on I can find what is said in this channel**, and what was said here before. "
        f"{escape_markdown(who)} asked for it.\n\n"
        f"- It is found by {whom}; if the channel changes, so does that.\n"
        "- I follow edits and deletions. What programs say, and what is in files, I leave out.\n"
        "- Anybody here can end it with `/knowledge remove here`: then I forget everything from here at once."
    )


def _ended(who: str) -> str:
    return (
        f"**What is said in this channel I find no longer**, and everything from it is forgotten. "
        f"{escape_markdown(who)} asked for it."
    )
