"""The port `Chat` on the console: its pages read what is final from the records, and what streams from here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from pathlib import Path

from bot.chat import ChatRefused, File, Membership, Openness, Page, Person, Place, Readers, Reply, Said, named
from bot.records import Records

WORKSPACE = "local"
CHANNELS = ("general", "research")
Listener = Callable[["Change"], None]


class Change:
    """Something that open pages show: a message (``key``), a status, or a ``whisper`` for ``person``."""

    __slots__ = ("key", "person", "place", "whisper")

    def __init__(self, place: Place, key: str = "", whisper: Reply | None = None, person: str = "") -> None:
        self.place = place
        self.key = key
        self.whisper = whisper
        self.person = person


class ConsoleChat:
    """``statuses`` and ``partial`` hold what is live: by place key, and by message key."""

    platform = "console"

    def __init__(self, records: Records) -> None:
        self._records = records
        self._listeners: set[Listener] = set()
        self.statuses: dict[str, str] = {}
        self.partial: dict[str, tuple[Place, Reply]] = {}
        records.watch(self._said)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener(change)`` on every change; returns what ends it."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    async def status(self, place: Place, text: str) -> None:
        if text:
            self.statuses[place.key] = text
        else:
            self.statuses.pop(place.key, None)
        self._tell(Change(place))

    async def show(self, place: Place, key: str, reply: Reply) -> None:
        if reply.final:
            self.partial.pop(key, None)
            if place.key in self.statuses:
                await self.status(place, "")
        else:
            self.partial[key] = (place, reply)
        self._tell(Change(place, key))

    async def retract(self, place: Place, key: str) -> None:
        self.partial.pop(key, None)
        self._tell(Change(place, key))

    async def whisper(self, place: Place, person: Person, reply: Reply) -> None:
        self._tell(Change(place, whisper=reply, person=person.id))

    async def channel(self, near: Place, name: str, person: Person) -> Place | None:
        said = {place.channel for place in await self._records.channels(self.platform)}
        alike = [known for known in {*CHANNELS, *said} if known.casefold() == name.casefold()]
        return channel(name if name in alike else min(alike)) if alike else None

    async def name(self, near: Place, person: str) -> str:
        """People here are whoever they say to be."""
        return named(person)

    async def readers(self, place: Place) -> Readers:
        """Everybody here sees every channel."""
        return Readers(Openness.WORKSPACE)

    async def membership(self, near: Place, person: Person, channels: Collection[str]) -> Membership:
        own = person.id.startswith(f"{self.platform}/")
        return Membership(frozenset({near.workspace_key}), frozenset(channels)) if own else Membership()

    async def history(self, place: Place, before: float, limit: int) -> list[Said]:
        """The records hold everything that was said here."""
        return []

    async def talk(self, place: Place, cursor: str = "") -> Page:
        raise ChatRefused("what is said here is read by nobody else")

    async def read(self, place: Place, file: File) -> bytes:
        return await asyncio.to_thread(Path(file.reference).read_bytes)

    async def close(self) -> None:
        self._listeners.clear()

    async def _said(self, place: Place, key: str) -> None:
        if place.platform == self.platform:
            self._tell(Change(place, key))

    def _tell(self, change: Change) -> None:
        for listener in tuple(self._listeners):
            listener(change)


def channel(name: str) -> Place:
    """The top level of a channel of the console."""
    return Place(ConsoleChat.platform, WORKSPACE, name)
