"""Drafts: one message a place that says what is going on and what is written so far, until what is final takes its place.

A draft is changed at most every second or so, never holds up what is final, and is not made at all where the answer is
there at once. It stands in the records under a name of its own, so that a draft that a crash left is used again.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable

import structlog

from bot.chat import ChatAway, ChatError, ChatRefused, Place, Reply
from bot.discord import components
from bot.discord.errors import ONCE, MessageGone, persistently
from bot.discord.pace import Pace
from bot.discord.posting import Poster
from bot.posts import Posts

PATIENCE = 0.8
"""Seconds in which an answer may come without a draft before it; until then people see that the bot is typing."""
Typing = Callable[[Place], Awaitable[None]]
log = structlog.get_logger()


def draft_key(place: Place) -> str:
    """What the draft of a place is called in the records."""
    return f"draft:{place.thread}"


class Draft:
    """What is shown of work that goes on in one place. `finish` ends it."""

    def __init__(
        self, place: Place, poster: Poster, posts: Posts, pace: Pace, typing: Typing, patience: float = PATIENCE
    ) -> None:
        self.place = place
        self._poster = poster
        self._posts = posts
        self._pace = pace
        self._typing = typing
        self._patience = patience
        self._key = draft_key(place)
        self._changed = asyncio.Event()
        self._over = asyncio.Event()
        self._showing = False
        self._address: str | None = None
        self.status = ""
        self.reply: Reply | None = None
        self.key = ""
        """The message that is being written; empty while there are only statuses."""
        self._task = asyncio.create_task(self._run())

    @property
    def is_behind(self) -> bool:
        """Whether something is to be shown that is not shown yet."""
        return not self._task.done() and (self._changed.is_set() or self._showing)

    def say(self, status: str) -> None:
        """Show this status, soon."""
        self.status = status
        self._changed.set()

    def write(self, key: str, reply: Reply) -> None:
        """Show what is written of the message ``key`` so far, soon."""
        self.key, self.reply = key, reply
        self._changed.set()

    async def finish(self) -> str | None:
        """Stop; the address of the draft, where one was written. What is under way is waited for."""
        self._over.set()
        await self._task
        return self._address

    async def _run(self) -> None:
        """Show the newest state whenever it is time to; what Discord refuses is left to what is final."""
        try:
            with contextlib.suppress(ChatAway):
                await persistently(lambda: self._typing(self.place), ONCE)
            await self._either(asyncio.sleep(self._patience))
            while not self._over.is_set():
                await self._either(self._changed.wait())
                await self._either(self._pace.optional(self.place.key))
                if not self._over.is_set():
                    await self._try()
        except ChatError as error:
            log.info("draft not shown", place=self.place.channel_key, why=str(error))

    async def _try(self) -> None:
        """Show it now; where that fails for once, the next change shows it."""
        self._changed.clear()
        self._showing = True
        try:
            await self._show()
        except MessageGone:
            self._address = None
            await self._posts.remove(self.place, self._key)
            raise
        except (ChatAway, ChatRefused) as error:
            log.info("draft left out", place=self.place.channel_key, why=str(error))
        finally:
            self._showing = False

    async def _show(self) -> None:
        view = components.draft(self.status, self.reply, self._key)
        if self._address is not None:
            await self._poster.change(self._address, view, ONCE)
            return
        known = next(iter(await self._posts.of(self.place, self._key)), None)
        if known is not None and known.address is not None:
            self._address = known.address
            await self._poster.change(known.address, view, ONCE)
            return
        await self._posts.begin(self.place, self._key, 0)
        self._address, found = await self._poster.post(
            self.place, self._key, 0, view, begun=known is not None, nonce=secrets.token_hex(12), waits=ONCE
        )
        await self._posts.stands(self.place, self._key, 0, self._address, "")
        if found:
            await self._poster.change(self._address, view, ONCE)

    async def _either(self, waiting: Awaitable[object]) -> None:
        """Wait for this, or until it is over."""
        tasks = {asyncio.ensure_future(waiting), asyncio.create_task(self._over.wait())}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
