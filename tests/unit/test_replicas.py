"""Which processes share the records, on a real database."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.replicas import DEAD_SECONDS, Replicas


async def test_when_anybody_last_lived_is_known_to_who_comes_later(engine: AsyncEngine) -> None:
    assert await Replicas(engine, "new", lambda: 50.0).last_seen() == 0.0
    await Replicas(engine, "one", lambda: 100.0).live()
    await Replicas(engine, "two", lambda: 70.0).live()
    assert await Replicas(engine, "new", lambda: 500.0).last_seen() == 100.0


async def test_a_dead_one_is_taken_over_once(engine: AsyncEngine) -> None:
    await Replicas(engine, "dead", lambda: 100.0).live()
    later = [Replicas(engine, name, lambda: 101.0 + DEAD_SECONDS) for name in ("one", "two")]
    for one in later:
        await one.live()
    assert [await one.take_over() for one in later] == [["dead"], []]
