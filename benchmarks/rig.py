"""The whole product in this process with a chat that notes when things happened."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from agent.models import ChatModel
from bot.app import App, open_app
from bot.chat import ChatRefused, File, Membership, Mention, Openness, Page, Person, Place, Readers, Reply, Said, named
from bot.databases import Databases
from bot.desk import run_id
from bot.inbox import Inbox
from bot.settings import Settings

PERSON = Person("console/mei", "Mei")


@dataclass(slots=True)
class TimedChat:
    """A `Chat` that shows nothing. Times are of ``time.perf_counter``, by event; one event a thread.

    Every channel is there, or those that are named.
    """

    platform: str = "console"
    sent: dict[str, float] = field(default_factory=dict)
    accepted: dict[str, float] = field(default_factory=dict)
    taken: dict[str, float] = field(default_factory=dict)
    first_status: dict[str, float] = field(default_factory=dict)
    answered: dict[str, float] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    order: dict[str, list[str]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    whispers: list[str] = field(default_factory=list)
    waiting: dict[str, str] = field(default_factory=dict)
    channels: set[str] = field(default_factory=set)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def status(self, place: Place, text: str) -> None:
        event = self.waiting.get(place.key, "")
        if text and event:
            self.first_status.setdefault(event, time.perf_counter())

    async def show(self, place: Place, key: str, reply: Reply) -> None:
        if not reply.final:
            return
        self.answered.setdefault(key, time.perf_counter())
        self.answers[key] += 1
        self.order.setdefault(place.key, []).append(key)
        self.texts[key] = reply.text
        self.changed.set()

    async def whisper(self, place: Place, person: Person, reply: Reply) -> None:
        self.whispers.append(reply.text)

    async def channel(self, near: Place, name: str, person: Person) -> Place | None:
        return Place(near.platform, near.workspace, name) if not self.channels or name in self.channels else None

    async def name(self, near: Place, person: str) -> str:
        return named(person)

    async def retract(self, place: Place, key: str) -> None:
        """Nothing is shown."""

    async def readers(self, place: Place) -> Readers:
        return Readers(Openness.WORKSPACE)

    async def membership(self, near: Place, person: Person, channels: Collection[str]) -> Membership:
        return Membership(frozenset({near.workspace_key}))

    async def history(self, place: Place, before: float, limit: int) -> list[Said]:
        return []

    async def talk(self, place: Place, cursor: str = "") -> Page:
        raise ChatRefused("what is said here is read by nobody else")

    async def read(self, place: Place, file: File) -> bytes:
        return await asyncio.to_thread(Path(file.reference).read_bytes)

    async def close(self) -> None:
        """Nothing is open."""


@dataclass(slots=True)
class Rig:
    """A running assistant and its chat."""

    app: App
    chat: TimedChat
    inbox: Inbox

    async def learn(self, folder: Path) -> None:
        """Index a folder, vectors included."""
        name = await self.app.knowledge.add("folder", str(folder))
        await self.app.knowledge.sync(name)
        await self.app.knowledge.embed()

    async def say(self, event: str, place: Place, text: str) -> str:
        """Mention the assistant; returns the key under which its answer will stand."""
        self.chat.waiting[place.key] = run_id(event)
        self.chat.sent[run_id(event)] = time.perf_counter()
        await self.inbox.accept(Mention(event, place, PERSON, text, time.time()))
        self.chat.accepted[run_id(event)] = time.perf_counter()
        return run_id(event)

    async def finished(self, answers: int) -> None:
        """Wait until so many mentions are answered."""
        while len(self.chat.answered) < answers:
            self.chat.changed.clear()
            await asyncio.wait_for(self.chat.changed.wait(), 120)


@asynccontextmanager
async def open_rig(settings: Settings, model: ChatModel | None = None) -> AsyncIterator[Rig]:
    inbox: Inbox

    async def resume(run: str, place: str, cause: str) -> None:
        await inbox.resume(run, place, cause)

    async with open_app(settings, resume, model=model, replica="rig") as app:
        chat = TimedChat()
        app.chats[chat.platform] = chat

        async def mention(event: Mention) -> None:
            chat.taken.setdefault(run_id(event.event_id), time.perf_counter())
            await app.desk.mention(event)

        inbox = Inbox(Databases.of(settings).inbox, "rig", mention, app.desk.press, app.desk.resume, app.desk.withdraw)
        await inbox.start()
        try:
            yield Rig(app, chat, inbox)
        finally:
            await inbox.stop()
