"""What pages read of the records in one go: marks and replies of many messages."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.chat import Person
from bot.console.adapter import channel
from bot.records import Records

MEI, ANN = Person("console/mei", "Mei"), Person("console/ann", "Ann")
ROOM = channel("general")


@pytest.fixture
def records(engine: AsyncEngine) -> Records:
    return Records(engine)


async def test_replies_are_counted_for_each_message_that_has_some(records: Records) -> None:
    for key, replies in {"a": 2, "b": 0, "c": 1}.items():
        await records.say(ROOM, key, MEI, "a question", 1.0)
        for number in range(replies):
            await records.say(replace(ROOM, thread=key), f"{key}{number}", ANN, "a reply", 2.0)
    await records.say(replace(channel("research"), thread="b"), "elsewhere", ANN, "a reply", 2.0)
    assert await records.replies(ROOM, ["a", "b", "c"]) == {"a": 2, "c": 1}
    assert await records.replies(ROOM, ["b"]) == {}


async def test_marks_are_those_of_one_person_with_the_reasons(records: Records) -> None:
    await records.mark("run1", MEI, "helpful", "", 1.0)
    await records.mark("run2", MEI, "unhelpful", "too old", 1.0)
    await records.mark("run1", ANN, "unhelpful", "wrong", 1.0)
    assert await records.marks_of(MEI, ["run1", "run2", "run3"]) == {
        "run1": ("helpful", ""),
        "run2": ("unhelpful", "too old"),
    }
    assert await records.marks_of(ANN, ["run2"]) == {}


async def test_a_writer_that_is_cancelled_at_any_moment_leaves_nothing_locked(records: Records) -> None:
    """Otherwise the next one waits for as long as SQLite bears it, then fails."""
    for steps in range(40):
        taking = asyncio.create_task(records.take_up(ROOM, "a", f"event-{steps}"))
        for _ in range(steps):
            await asyncio.sleep(0)
        taking.cancel()
        await asyncio.gather(taking, return_exceptions=True)
        async with asyncio.timeout(5):
            await records.mark("run", MEI, "helpful", "", float(steps))


async def test_who_writes_takes_turns_and_nobody_waits_for_itself(records: Records) -> None:
    order: list[str] = []

    async def write(name: str) -> None:
        async with records.engine.begin():
            order.append(f"{name} begins")
            await asyncio.sleep(0)
            order.append(f"{name} ends")

    await asyncio.gather(*(write(name) for name in "abc"))
    assert order == [f"{name} {what}" for name in "abc" for what in ("begins", "ends")]
    async with records.engine.begin():
        with pytest.raises(RuntimeError, match="within another"):
            async with records.engine.begin():
                pass
    await write("d")


async def test_a_writer_that_is_cancelled_leaves_the_turn_to_the_next(records: Records) -> None:
    async def hang() -> None:
        async with records.engine.begin():
            await asyncio.sleep(60)

    hanging = asyncio.create_task(hang())
    await asyncio.sleep(0.05)
    waiting = asyncio.create_task(records.say(ROOM, "a", MEI, "a question", 1.0))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    hanging.cancel()
    await asyncio.wait_for(waiting, 5)
