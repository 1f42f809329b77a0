"""The summary of a week: the stories that stood first in its digests, by title; it says of itself that it repeats."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.digests.editions import Content, Edition, Entry
from bot.digests.phrases import Phrases
from bot.digests.subscriptions import Subscription

MOST = 12


def week_of(subscription: Subscription, editions: Sequence[Edition], now: float) -> Content:
    """The first stories of each day, the first of every day before the second of any."""
    phrases = Phrases.of(subscription.language)
    days = [edition.content["items"] for edition in sorted(editions, key=lambda one: one.due)]
    entries: list[Entry] = [
        Entry(title=day[rank]["title"], link=day[rank]["link"], source=day[rank]["source"])
        for rank in range(max(map(len, days), default=0))
        for day in days
        if rank < len(day)
    ]
    date = datetime.fromtimestamp(now, ZoneInfo(subscription.zone)).strftime("%Y-%m-%d")
    topics = subscription.topics or phrases.everything
    return Content(
        heading=phrases.weekly.format(date=date, topics=topics),
        headline="",
        quiet="" if entries else phrases.quiet.format(topics=topics),
        items=[],
        rest=entries[:MOST],
        notes=[],
    )
