"""Two people press at once: neither press undoes the other, in SQLite and in PostgreSQL."""

from __future__ import annotations

import asyncio

import pytest

from bot.chat import Person, Place
from bot.digests.subscriptions import State, Subscription, Subscriptions

SOURCES = tuple(f"feed:https://example.org/{number}" for number in range(6))
MADE = Subscription(
    "s1", Place("here", "local", "news"), Person("here/mei", "Mei"), "beans", SOURCES, "0 8 * * *", "UTC", 1.0
)


@pytest.fixture(params=["engine", "postgresql"])
def subscriptions(request: pytest.FixtureRequest) -> Subscriptions:
    return Subscriptions(request.getfixturevalue(request.param))


async def made(subscriptions: Subscriptions) -> Subscription:
    """A subscription as everyone has read it before they press."""
    await subscriptions.add(MADE)
    read = await subscriptions.get("s1")
    assert read is not None
    return read


async def test_who_mutes_and_who_pauses_at_once_both_have_their_way(subscriptions: Subscriptions) -> None:
    read = await made(subscriptions)
    await asyncio.gather(
        subscriptions.mute(read, SOURCES[0]),
        subscriptions.change(read, state=State.PAUSED, reason=""),
        subscriptions.change(read, topics="soups"),
    )
    now = await subscriptions.get("s1")
    assert now is not None
    assert (now.muted, now.state, now.topics) == (SOURCES[:1], State.PAUSED, "soups")


async def test_of_many_who_mute_at_once_none_is_lost_and_the_last_source_stays(subscriptions: Subscriptions) -> None:
    read = await made(subscriptions)
    muted = await asyncio.gather(*(subscriptions.mute(read, source) for source in SOURCES))
    now = await subscriptions.get("s1")
    assert now is not None
    assert (len(now.muted), len(now.read), muted.count(None)) == (5, 1, 1)


async def test_what_was_deleted_meanwhile_is_not_there_again(subscriptions: Subscriptions) -> None:
    read = await made(subscriptions)
    await subscriptions.change(read, state=State.DELETED)
    paused = await subscriptions.change(read, state=State.PAUSED, reason="I was removed from that channel.")
    assert paused.state is State.DELETED
    assert await subscriptions.all() == []
