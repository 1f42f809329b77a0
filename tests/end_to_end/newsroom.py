"""Days of digests in front of a platform: feeds on a real host, a clock that a test moves on, and what the people there see."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.app import App
from bot.cron import Cron
from bot.digests.editions import Edition
from bot.digests.service import JITTER
from bot.inbox import Inbox
from tests.servers.web_sources import WebSources

HOUR = 3_600.0
LATER = JITTER + 60.0
RERANKER = (
    "A reranker that halves retrieval errors",
    "https://example.org/reranker",
    "The team measured retrieval evaluation on 12 public sets. Errors of retrieval fell by half with the new reranker. "
    "Lunch was served.",
)
TEST_SET = (
    "Retrieval evaluation gets a new test set",
    "https://example.org/set?a=1&amp;b=2",
    "The set has 40 questions on retrieval evaluation. It is open to everybody from today on.",
)
CRITICS = (
    "Critics of retrieval evaluation ask for people",
    "https://other.example/critics",
    "They say that retrieval evaluation needs people who read along. Nobody has asked such people so far.",
)


class Clock:
    """The time, and what a test has let pass."""

    def __init__(self) -> None:
        self.passed = 0.0

    def __call__(self) -> float:
        return time.time() + self.passed


@dataclass(frozen=True, slots=True)
class Shown:
    """A message of the assistant's as somebody reads it; ``message`` is the platform's own."""

    text: str
    links: tuple[str, ...]
    buttons: tuple[str, ...]
    message: Any


class Newsroom(ABC):
    """A channel on a platform. Whoever subscribes is its first person, somebody else there its second."""

    owner: str
    other: str

    def __init__(self, app: App, inbox: Inbox, host: WebSources, clock: Clock) -> None:
        self.app = app
        self.inbox = inbox
        self.host = host
        self.clock = clock

    @abstractmethod
    async def slash(self, words: str) -> str:
        """`/digest WORDS` by the owner; what only they are told."""

    @abstractmethod
    async def say(self, words: str) -> None:
        """The owner says it to the assistant in the channel."""

    @abstractmethod
    def shown(self, thread: Shown | None = None) -> list[Shown]:
        """What the assistant has said at the top of the channel, or in the thread of a message, and is final."""

    @abstractmethod
    def thread_name(self, shown: Shown) -> str:
        """What the thread on a message is called; empty where threads have no names."""

    @abstractmethod
    def told(self, who: str) -> list[str]:
        """What somebody was told alone, there or directly."""

    @abstractmethod
    async def press(self, who: str, shown: Shown, button: str) -> None: ...

    @abstractmethod
    async def fill(self, who: str, **values: str) -> dict[str, str]:
        """Send the form that is open before somebody; gives what stood in it before."""

    @abstractmethod
    async def lose_channel(self) -> None:
        """The assistant is not in the channel any more."""

    @abstractmethod
    def cut(self) -> None:
        """The platform answers nothing more, until it is mended."""

    @abstractmethod
    def mend(self) -> None: ...

    # the same everywhere

    def feed(self, path: str, *items: tuple[str, str, str]) -> str:
        """A feed of what was published an hour ago; its address."""
        return self.host.put_feed(path, *((*item, self.clock() - HOUR) for item in items))

    async def until(self, found: Callable[[], Any], within: float = 20.0) -> Any:
        async with asyncio.timeout(within):
            while not (it := found()):
                await asyncio.sleep(0.02)
        return it

    async def message(self, words: str, thread: Shown | None = None) -> Shown:
        """The last message of the assistant's with these words, once it stands there."""
        found: list[Shown] = await self.until(lambda: [one for one in self.shown(thread) if words in one.text])
        return found[-1]

    async def hears(self, who: str, words: str) -> str:
        """What somebody is told alone with these words, once they are."""
        found: list[str] = await self.until(lambda: [one for one in self.told(who) if words in one])
        return found[-1]

    async def subscribed(self, words: str) -> Shown:
        """The card of a digest that the owner subscribes the channel to, once its preview stands there too."""
        assert "Subscribed" in await self.slash(words)
        card = await self.message("🗞️")
        await self.delivered(1)
        return card

    async def morning(self) -> None:
        """The next eight o'clock has come, and what is due then has been put into the inbox."""
        now = self.clock()
        self.clock.passed += Cron("0 8 * * *", "UTC").after(now) + LATER - now
        await self.app.schedule.tick(self.inbox)

    async def editions(self) -> list[Edition]:
        """All that were written, the newest first."""
        return await self.app.digests.editions.newest()

    async def written(self, count: int) -> list[Edition]:
        """All editions, once there are so many."""
        async with asyncio.timeout(20):
            while len(found := await self.editions()) < count:
                await asyncio.sleep(0.05)
        return found

    async def delivered(self, count: int) -> list[Edition]:
        """The same, once so many stand in the channel."""
        async with asyncio.timeout(20):
            while len(found := [one for one in await self.editions() if one.delivered_at]) < count:
                await asyncio.sleep(0.05)
        return found


PRINTED = ("Digest no. 2", "A reranker that halves", "Mute source", "And the rest")


async def printed(room: Newsroom) -> list[Any]:
    """The platform's own messages of a morning's digest with something of everything, for a picture of it."""
    card = await room.subscribed(f"every day at 8, what's new on retrieval evaluation from {room.feed('/a')}")
    await room.press(room.owner, card, "Edit")
    await room.fill(room.owner, length="short")
    await room.message("short length")
    more = (
        "Tables in retrieval evaluation",
        "https://example.org/tables",
        "A survey of 31 sets finds few tables in them.",
    )
    room.feed("/a", RERANKER, TEST_SET, CRITICS, more)
    before = len(room.shown())
    await room.morning()
    await room.delivered(2)
    return [one.message for one in room.shown()[before:]]
