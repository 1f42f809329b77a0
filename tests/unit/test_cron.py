"""When something is due: every day once on the clock of its time zone, on both days on which that clock is set."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.cron import Cron, CronInvalid

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Africa/Cairo",
)


def at(zone: str, text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def through(cron: Cron, start: float, days: int) -> list[datetime]:
    """The moments of so many days, in local time."""
    found, moment = [], start
    while (moment := cron.after(moment)) < start + days * 86_400:
        found.append(datetime.fromtimestamp(moment, cron.zone))
    return found


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(("hour", "minute"), [(8, 0), (2, 0), (2, 30), (1, 45), (0, 0), (3, 0), (23, 59)])
def test_every_day_of_a_year_has_one_moment_on_its_wall_clock(zone: str, hour: int, minute: int) -> None:
    moments = through(Cron(f"{minute} {hour} * * *", zone), at(zone, "2025-12-31T23:59:59"), 366)
    days = [one.date() for one in moments][:365]
    assert days == [date(2026, 1, 1) + timedelta(number) for number in range(365)]
    shifted = [one for one in moments if (one.hour, one.minute) != (hour, minute)]
    assert all(one.astimezone(UTC).astimezone(one.tzinfo) == one for one in moments)
    assert len(shifted) <= 1  # where the clock is set forward over it


@pytest.mark.parametrize(
    ("zone", "before", "expected"),
    [
        ("Europe/Berlin", "2026-03-28T12:00", "2026-03-29T01:30:00+00:00"),  # 02:30 is skipped: 03:30 in summer time
        ("Europe/Berlin", "2026-10-24T12:00", "2026-10-25T00:30:00+00:00"),  # 02:30 comes twice: the first one
        ("America/New_York", "2026-03-07T12:00", "2026-03-08T07:30:00+00:00"),
        ("America/New_York", "2026-10-31T12:00", "2026-11-01T07:30:00+00:00"),
        ("Asia/Kolkata", "2026-03-28T12:00", "2026-03-28T21:00:00+00:00"),
        ("Australia/Lord_Howe", "2026-10-03T12:00", "2026-10-03T15:30:00+00:00"),  # 02:00 is set to 02:30
    ],
)
def test_a_time_that_is_skipped_or_comes_twice_happens_once(zone: str, before: str, expected: str) -> None:
    cron = Cron("30 2 * * *", zone)
    first = cron.after(at(zone, before))
    assert datetime.fromtimestamp(first, UTC) == datetime.fromisoformat(expected)
    assert cron.after(first) - first > 22 * 3_600


def test_in_the_hour_that_comes_twice_nothing_is_due_again() -> None:
    second = datetime(2026, 10, 25, 2, 10, tzinfo=ZoneInfo("Europe/Berlin"), fold=1).timestamp()
    following = Cron("30 2 * * *", "Europe/Berlin").after(second)
    assert datetime.fromtimestamp(following, UTC).isoformat() == "2026-10-26T01:30:00+00:00"


def test_a_moment_that_was_moved_is_found_from_within_the_gap() -> None:
    within = datetime(2026, 3, 29, 3, 10, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()
    assert Cron("30 2 * * *", "Europe/Berlin").after(within) == within + 20 * 60


def test_of_many_that_were_missed_the_latest_is_found_quickly() -> None:
    cron, start = Cron("* * * * *"), at("UTC", "2020-01-01T00:00")
    until = at("UTC", "2026-01-01T00:00:30")
    assert cron.latest(start, until) == until - 30
    assert cron.latest(until - 20, until) is None
    assert Cron("0 0 29 2 *").latest(start, until) == at("UTC", "2024-02-29T00:00")


def test_jitter_is_bounded_spread_and_the_same_everywhere() -> None:
    cron, moment = Cron("0 8 * * *", jitter=300.0), at("UTC", "2026-01-01T08:00")
    delays = [cron.delay(f"job {number}", moment) for number in range(500)]
    assert all(0 <= one < 300 for one in delays)
    assert max(delays) - min(delays) > 280
    assert delays == [Cron("0 8 * * *", jitter=300.0).delay(f"job {number}", moment) for number in range(500)]
    due = moment + cron.delay("job 1", moment)
    assert cron.latest(moment - 60, due - 0.01, "job 1") is None
    assert cron.latest(moment - 60, due, "job 1") == moment


@pytest.mark.parametrize(
    ("expression", "zone", "words"),
    [
        ("0 8 * * *", "Europe/Berln", "do you mean Europe/Berlin?"),
        ("0 8 * * *", "", "There is no time zone “”"),
        ("0 8 * * *", "../../etc/passwd", "There is no time zone"),
        ("0 8 30 2 *", "UTC", "never comes"),
        ("0 25 * * *", "UTC", "is no schedule"),
        ("0 8 * *", "UTC", "write minute, hour"),
        ("0 8 * * montag", "UTC", "is no schedule"),
    ],
)
def test_what_can_not_be_is_one_clear_line(expression: str, zone: str, words: str) -> None:
    with pytest.raises(CronInvalid, match=r"^[^\n]+$") as caught:
        Cron(expression, zone)
    assert words in str(caught.value)
