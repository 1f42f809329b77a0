"""Moments by a cron expression on the wall clock of a time zone, each day's once, whatever daylight saving does to it.

APScheduler's `CronTrigger` reads the expression and finds the next wall time; which moment that is, is decided here: left
to itself it fires twice where the clock is set back. A wall time that comes twice is the first of the two, and one that is
skipped is as much later as the clock is set forward (PEP 495, ``fold=0``).
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from apscheduler.triggers.cron import CronTrigger

_FIELDS = ("minute", "hour", "day", "month", "day_of_week")
_FROM, _TO = datetime(2000, 1, 1, tzinfo=UTC), datetime(2008, 12, 31, tzinfo=UTC)
"""Whoever fires at all fires in these years, which hold every day there is."""
_LONGEST_SHIFT = timedelta(hours=3)
_SPANS = (3_600.0, 86_400.0, 8 * 86_400.0, 62 * 86_400.0, 9 * 366 * 86_400.0)


class CronInvalid(ValueError):
    """An expression or a time zone that can't be used; the message is one line."""


class Cron:
    """``expression`` has the five fields of a crontab, days of the week by name: ``0 8 * * mon-fri``.

    ``jitter`` is how many seconds after its moment something may be due, as a `name` has it, so that not all begin at once.
    Moments are seconds since 1970. Raises `CronInvalid`.
    """

    def __init__(self, expression: str, zone: str = "UTC", jitter: float = 0.0) -> None:
        self.expression = expression
        self.zone = _zone(zone)
        self.jitter = jitter
        self._trigger = _trigger(expression)

    def after(self, at: float) -> float:
        """The first moment later than this."""
        return next(self._after(at))

    def latest(self, since: float, until: float, name: str = "") -> float | None:
        """The last moment later than ``since`` that is due by ``until``; None where there is none. Quick for any span."""
        for span in _SPANS:
            last = None
            for moment in self._after(max(since, until - span)):
                if moment > until:
                    break
                if moment + self.delay(name, moment) <= until:
                    last = moment
            if last is not None or until - span <= since:
                return last
        return None

    def delay(self, name: str, moment: float) -> float:
        """The seconds that ``name`` is due after a moment: the same in every process."""
        digest = hashlib.blake2b(f"{name}/{moment}".encode(), digest_size=8).digest()
        return self.jitter * int.from_bytes(digest, "big") / 2**64

    def _after(self, at: float) -> Iterator[float]:
        wall = datetime.fromtimestamp(at, self.zone).replace(tzinfo=UTC) - _LONGEST_SHIFT
        while (found := self._trigger.get_next_fire_time(None, wall)) is not None:
            moment = found.replace(tzinfo=self.zone, fold=0).timestamp()
            if moment > at:
                yield moment
                at = moment  # two wall times may be one moment, where the clock is set forward
            wall = found + timedelta(seconds=1)


@lru_cache(maxsize=1_000)
def _trigger(expression: str) -> CronTrigger:
    parts = expression.split()
    if len(parts) != len(_FIELDS):
        raise CronInvalid(
            f"“{expression}” is no schedule; write minute, hour, day, month, weekday, as 0 8 * * mon-fri."
        )
    fields = dict(zip(_FIELDS, parts, strict=True))
    try:
        CronTrigger(**fields, timezone=UTC)
        bounded = CronTrigger(**fields, timezone=UTC, start_date=_FROM, end_date=_TO)
    except ValueError as error:
        raise CronInvalid(f"“{expression}” is no schedule: {' '.join(str(error).split())[:200]}.") from None
    if bounded.get_next_fire_time(None, _FROM) is None:
        raise CronInvalid(f"“{expression}” never comes: there is no such day.")
    return CronTrigger(**fields, timezone=UTC)


@lru_cache(maxsize=1_000)
def _zone(name: str) -> ZoneInfo:
    known = _zones()
    if name in known:
        return ZoneInfo(name)
    same = [one for one in known if one.casefold() == name.strip().casefold().replace(" ", "_")]
    if same:
        return ZoneInfo(same[0])
    close = difflib.get_close_matches(name, known, 1)
    hint = f"; do you mean {close[0]}?" if close else "; write one like Europe/Berlin."
    raise CronInvalid(f"There is no time zone “{name}”{hint}")


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
