"""How fast the bot may send (docs.discord.com/developers/topics/rate-limits).

The library keeps to the limit of each route; it learns of the limit over all routes, 50 a second, only when it is
exceeded. What may be left out, the drafts of answers, takes less than half of it, so that what is final never waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

ALL_A_SECOND = 42
OPTIONAL_A_SECOND = 18
OPTIONAL_EVERY = 1.2
"""Seconds between two drafts in one channel: a channel takes about five changes in five seconds."""


class Pace:
    """Hands out turns. ``clock`` counts seconds and never goes back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._next = 0.0
        self._next_optional = 0.0
        self._next_in: dict[str, float] = {}

    async def turn(self) -> None:
        """Wait until one more request may be sent."""
        now = self._clock()
        self._next = max(self._next, now) + 1 / ALL_A_SECOND
        if self._next > now:
            await asyncio.sleep(self._next - now)

    async def optional(self, channel: str) -> None:
        """Wait until something that may be left out may be sent in this channel."""
        now = self._clock()
        self._next_in = {one: at for one, at in self._next_in.items() if at > now}
        self._next_optional = max(self._next_optional, now) + 1 / OPTIONAL_A_SECOND
        at = max(self._next_in.get(channel, 0.0), self._next_optional)
        self._next_in[channel] = at + OPTIONAL_EVERY
        if at > now:
            await asyncio.sleep(at - now)
