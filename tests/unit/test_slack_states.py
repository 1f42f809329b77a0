"""The states of installations: good once, for a while, in whichever process asks."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.slack import states as module
from bot.slack.states import SECONDS, States
from bot.tables import oauth_states


async def test_a_state_is_good_once_in_whichever_process_asks_first(engine: AsyncEngine) -> None:
    here, there = States(engine, lambda: 0.0), States(engine, lambda: 0.0)
    state = await here.async_issue()
    asked = await asyncio.gather(*(one.async_consume(state) for one in (here, there) * 5))
    assert sorted(asked) == [False] * 9 + [True]
    assert not await there.async_consume("forged")


async def test_a_state_ends(engine: AsyncEngine) -> None:
    now = [0.0]
    states = States(engine, lambda: now[0])
    late, early = await states.async_issue(), await states.async_issue()
    now[0] = SECONDS - 1
    assert await states.async_consume(early)
    now[0] = SECONDS
    assert not await states.async_consume(late)


async def test_no_more_than_so_many_are_kept_and_the_newest_count(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    now = [0.0]
    states = States(engine, lambda: now[0])
    issued = []
    for moment in range(5):
        now[0] = float(moment)
        issued.append(await states.async_issue())
    async with engine.connect() as connection:
        assert (await connection.execute(select(func.count()).select_from(oauth_states))).scalar_one() == 3
    assert [await states.async_consume(state) for state in issued] == [False, False, True, True, True]
