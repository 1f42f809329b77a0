"""Time that a test can move, and the ids that carry it (docs.discord.com/developers/reference#snowflakes)."""

from __future__ import annotations

import time
from datetime import UTC, datetime

EPOCH_MS = 1_420_070_400_000


class Clock:
    """The wall clock plus what a test has added; deadlines, expiries and buckets all ask it."""

    def __init__(self) -> None:
        self._moved = 0.0

    def now(self) -> float:
        return time.time() + self._moved

    def move(self, seconds: float) -> None:
        """Let so many seconds pass at once."""
        self._moved += seconds


class Snowflakes:
    """Ids that only grow. Guild ids have a row of their own, so that guilds made one after another take turns
    over the shards ((id >> 22) % shards)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0
        self._guild = (int(clock.now() * 1000) - EPOCH_MS - 86_400_000) << 22 >> 24 << 24

    def next(self) -> int:
        milliseconds = int(self._clock.now() * 1000) - EPOCH_MS
        self._last = max(self._last + 1, milliseconds << 22)
        return self._last

    def next_guild(self) -> int:
        self._guild += 1 << 22
        return self._guild


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")


def made_at(snowflake: int) -> float:
    """When the thing with this id was made, in seconds."""
    return ((snowflake >> 22) + EPOCH_MS) / 1000
