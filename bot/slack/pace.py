"""How fast each method may be called, so that Slack never has to say 429: a bucket for each method and workspace.

The tiers are those of docs.slack.dev/apis/web-api/rate-limits, kept a tenth below; posting is one message a second in
each channel. What must be said waits its turn; what may be left out is left out.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

MINUTE = 60.0
A_MINUTE = {
    "agents.sessions.setStatus": 50,
    "assistant.threads.setStatus": 600,
    "assistant.threads.setSuggestedPrompts": 100,
    "chat.appendStream": 100,
    "chat.delete": 50,
    "chat.postEphemeral": 100,
    "chat.startStream": 20,
    "chat.stopStream": 20,
    "chat.update": 50,
    "conversations.history": 50,
    "conversations.info": 50,
    "conversations.members": 100,
    "conversations.open": 50,
    "conversations.replies": 50,
    "files.completeUploadExternal": 100,
    "files.getUploadURLExternal": 100,
    "files.info": 100,
    "users.conversations": 50,
    "users.info": 100,
    "users.list": 20,
    "views.open": 100,
    "views.publish": 100,
}
"""Calls a minute; a method that is not here is not limited."""
POSTING = "chat.postMessage"
POSTING_BURST = 3
CARE = 0.9


@dataclass(slots=True)
class _Bucket:
    size: float
    rate: float
    level: float
    at: float

    def refill(self, now: float) -> None:
        self.level = min(self.size, self.level + (now - self.at) * self.rate)
        self.at = now


class Pace:
    """``clock`` in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, str, str], _Bucket] = {}
        self._until: dict[tuple[str, str], float] = {}

    def take(self, workspace: str, method: str, channel: str = "", *, count: int = 1, spare: int = 0) -> bool:
        """Take so many calls at once if they can be made now and ``spare`` are left; whether it was so."""
        now = self._clock()
        if now < self._until.get((workspace, method), 0.0):
            return False
        bucket = self._bucket(workspace, method, channel)
        if bucket is None:
            return True
        bucket.refill(now)
        if bucket.level < count + spare:
            return False
        bucket.level -= count
        return True

    async def turn(
        self, workspace: str, method: str, channel: str = "", *, within: float = math.inf, paid: bool = False
    ) -> bool:
        """Wait until this call can be made, in the order of who came; False, soon, where that takes longer than ``within``.

        What is ``paid`` was taken before, and waits only where Slack said 429.
        """
        deadline = self._clock() + within
        bucket = None if paid else self._bucket(workspace, method, channel)
        if bucket:
            bucket.refill(self._clock())
            wait = (1 - bucket.level) / bucket.rate
            if self._clock() + wait > deadline:
                return False
            bucket.level -= 1
            await asyncio.sleep(max(0.0, wait))
        while (until := self._until.get((workspace, method), 0.0)) > self._clock():
            if until > deadline:
                return False
            await asyncio.sleep(until - self._clock())  # another 429 may put it off
        return True

    def hold(self, workspace: str, method: str, seconds: float) -> None:
        """Slack said 429: nobody calls this before so many seconds have passed."""
        key = (workspace, method)
        self._until[key] = max(self._until.get(key, 0.0), self._clock() + seconds)

    def _bucket(self, workspace: str, method: str, channel: str) -> _Bucket | None:
        key = (workspace, method, channel if method == POSTING else "")
        if key not in self._buckets:
            if method == POSTING:
                self._buckets[key] = _Bucket(POSTING_BURST, CARE, POSTING_BURST, self._clock())
            elif calls := A_MINUTE.get(method):
                size = calls * CARE
                self._buckets[key] = _Bucket(size, size / MINUTE, size, self._clock())
        return self._buckets.get(key)
