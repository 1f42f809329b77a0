"""The log of decisions, on a real database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from agent import decisions
from agent.decision_log import Decided, DecisionLog
from agent.decisions import Decider
from agent.tables import decisions as table


async def rows(engine: AsyncEngine) -> list[Any]:
    async with engine.connect() as connection:
        return list((await connection.execute(select(table).order_by(table.c.id))).mappings())


async def test_what_was_decided_is_kept_though_the_run_never_ends(engine: AsyncEngine) -> None:
    async with Decider("run", DecisionLog(engine, lambda: 5.0)) as decider:
        await decisions.route(decider, "remember that doors close at six")
        await decisions.split(decider, "What is a lease?")
    kept = await rows(engine)
    assert [(row["name"], row["value"], row["outcome"]) for row in kept] == [
        ("route", {"route": "act"}, None),
        ("split", {"queries": ["What is a lease?"], "then": []}, None),
    ]


async def test_a_node_that_runs_again_after_a_crash_decides_once(engine: AsyncEngine) -> None:
    log = DecisionLog(engine, lambda: 5.0)
    one = Decided("run", "route", {"question": "hi"}, {"route": "greet"}, 0.9, "rule")
    await log.write([one, one])
    await log.write([one])
    assert len(await rows(engine)) == 1


async def test_how_it_ended_and_how_it_was_marked_both_stay(engine: AsyncEngine) -> None:
    log = DecisionLog(engine, lambda: 5.0)
    await log.write([Decided("run", "route", {"question": "hi"}, {"route": "answer"}, 0.9, "rule")])
    await log.settle("run", {"refused": False})
    await log.mark("run", "helpful")
    assert (await rows(engine))[0]["outcome"] == {"refused": False, "mark": "helpful"}
