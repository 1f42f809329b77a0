"""What a job is, how it stands, and what hands it over when it is due (`bot.schedule`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from bot.cron import Cron


@dataclass(frozen=True, slots=True)
class Job:
    """``label`` is what people call it. ``lane`` is what it takes turns in, by default with itself alone.

    ``since`` is when it began, where that is known; otherwise its first moment is the first after it was first seen.
    ``again``: a moment that failed is tried again for some hours, for what was away may be back.
    """

    name: str
    cron: Cron
    run: Callable[[float], Awaitable[None]]
    deliver: Callable[[], Awaitable[None]] | None = None
    label: str = ""
    lane: str = ""
    since: float | None = None
    again: bool = False

    @property
    def turns(self) -> str:
        """The lane that it takes turns in."""
        return self.lane or f"job:{self.name}"


class Jobs(Protocol):
    """Jobs that come and go, such as one for each subscription."""

    async def jobs(self) -> Sequence[Job]: ...

    async def job(self, name: str) -> Job | None:
        """The one of this name; None where it is none of these, or gone."""
        ...


class Queue(Protocol):
    """What `bot.inbox.Inbox` does for jobs: once for each key, one after another in a lane."""

    async def job(self, key: str, lane: str, name: str, moment: float) -> None: ...


@dataclass(frozen=True, slots=True)
class JobState:
    """How a job stands; times are seconds since 1970.

    ``scheduled`` is the last moment that was put into the inbox; ``ran`` and ``delivered`` are moments too, with when that was.
    ``failed`` is the moment that failed last, ``alert`` what somebody must still be told.
    """

    name: str
    scheduled: float
    started_at: float | None
    ran: float
    ran_at: float | None
    delivered: float
    delivered_at: float | None
    failures: int
    failed: float
    error: str
    paused: bool
    alert: dict[str, Any] | None

    @property
    def has_failed(self) -> bool:
        """Whether the last moment there was has failed, and may still be run."""
        return not self.paused and self.failed == self.scheduled and self.failed > self.ran

    @property
    def is_undelivered(self) -> bool:
        return self.ran > self.delivered or self.alert is not None

    @classmethod
    def fresh(cls, name: str, since: float) -> JobState:
        """That of a job of which nothing has come yet."""
        return cls(name, since, None, 0.0, None, 0.0, None, 0, 0.0, "", False, None)


def iso(moment: float) -> str:
    """A moment as it stands in a key: 2026-03-29T06:00:00Z."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
