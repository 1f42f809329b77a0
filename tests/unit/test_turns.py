"""Whose turn it is with a model: questions before what is embedded behind them, a little before much."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from retrieval.embedders.turns import Turns


async def held(turns: Turns) -> Callable[[], None]:
    """Keep the thread busy, as a background batch does; returns what lets it go on."""
    began, go_on = threading.Event(), threading.Event()

    def busy() -> None:
        began.set()
        go_on.wait(10)

    busy_turn = asyncio.create_task(turns.take(busy, behind=True))
    await asyncio.to_thread(began.wait, 10)
    assert not busy_turn.done()
    return go_on.set


async def test_people_go_before_what_runs_behind_and_a_little_before_much() -> None:
    turns, done = Turns("test"), list[str]()
    let_go = await held(turns)
    waiting = [
        *(
            asyncio.create_task(turns.take(lambda n=n: done.append(f"behind {n}"), behind=True, place=n))
            for n in (0, 1)
        ),
        *(
            asyncio.create_task(turns.take(lambda n=n: done.append(f"file {n}"), behind=False, place=n))
            for n in (0, 1, 2)
        ),
    ]
    await asyncio.sleep(0)
    waiting.append(asyncio.create_task(turns.take(lambda: done.append("question"), behind=False)))
    await asyncio.sleep(0)
    let_go()
    await asyncio.gather(*waiting)
    assert done == ["file 0", "question", "file 1", "file 2", "behind 0", "behind 1"]
    turns.close()


async def test_what_breaks_is_raised_and_what_nobody_waits_for_is_not_begun() -> None:
    turns, done = Turns("test"), list[str]()
    let_go = await held(turns)

    def broken() -> None:
        raise ValueError("no vector")

    breaks = asyncio.create_task(turns.take(broken, behind=False))
    left = asyncio.create_task(turns.take(lambda: done.append("left"), behind=False))
    await asyncio.sleep(0)
    left.cancel()
    await asyncio.sleep(0)
    let_go()
    with pytest.raises(ValueError, match="no vector"):
        await breaks
    assert await turns.take(lambda: "next", behind=True) == "next"
    assert done == []
    turns.close()


async def test_closing_ends_the_wait_of_everything_that_has_not_begun() -> None:
    turns = Turns("test")
    let_go = await held(turns)
    waits = asyncio.create_task(turns.take(lambda: "late", behind=True))
    await asyncio.sleep(0)
    turns.close()
    with pytest.raises(asyncio.CancelledError):
        await waits
    let_go()
