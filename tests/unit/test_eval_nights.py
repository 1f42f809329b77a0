"""Nights: resumed after a crash, cut at their ceilings, compared with the right one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from agent.models import ChatModel
from agent.models.metering import Ceilings, Metered, Scope
from agent.models.scripted import ScriptedModel
from agent.state import State
from agent.tables import usage
from agent.tools.registry import Toolbox
from evals.cases import Case
from evals.drawing import drawn, panel, uncertainty
from evals.errors import NoSuchNight
from evals.nights import Bounds, Group, run
from evals.outcomes import Outcome
from evals.results import Night, Nights
from evals.running import Subject, channel
from retrieval.chunking import chunk
from retrieval.documents import Audience, Document
from retrieval.embedders.hashing import Hashing
from retrieval.search import Searcher
from retrieval.stores.memory import InMemoryStore


def asked(number: int, **more: object) -> Case:
    return Case.model_validate({"id": f"case-{number}", "question": "What do hotels cost?", "says": ["90"], **more})


@pytest.fixture
async def subject(engine: AsyncEngine) -> Subject:
    store = InMemoryStore()
    await store.bind(Hashing.name, Hashing.dimensions)
    document = Document("rules", "s", "", "Rules", "Hotels cost 90 a night.", Audience.everyone(), "1")
    await store.put([(document, chunk(document))])
    return Subject(store, Searcher(store, Hashing()), Hashing(), Toolbox([]), lambda _: None, engine)


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


async def go(night, groups, nights, clock, **more):  # type: ignore[no-untyped-def]
    ran: list[str] = []
    bounds = more.pop("bounds", Bounds())
    ended = await run(
        night,
        groups,
        nights,
        passes={},
        bounds=bounds,
        judging=None,
        report=lambda done, total, case: ran.append(case.id),
        clock=clock,
        **more,
    )
    return ran, ended.problems


async def test_a_night_that_crashed_goes_on_where_it_was(engine: AsyncEngine, subject: Subject) -> None:
    clock = Clock()
    nights = Nights(engine, clock)
    group = Group([asked(n) for n in range(6)], subject)
    night = await nights.begin("c", "1", {})

    class Crash(Exception): ...

    def crash(done: int, total: int, case: Case) -> None:
        if done == 4:
            raise Crash

    with pytest.raises(Crash):
        await run(night, [group], nights, passes={}, bounds=Bounds(), judging=None, report=crash, clock=clock)
    clock.now += 60
    again = await Nights(engine, clock).begin("c", "1", {})
    assert again.id == night.id
    kept = set(await nights.outcomes(night.id))
    ran, problems = await go(again, [group], nights, clock)
    assert len(kept) == 4
    assert set(ran) == {f"case-{n}" for n in range(6)} - kept
    assert problems == []


async def test_another_configuration_or_an_old_crash_begins_anew(engine: AsyncEngine) -> None:
    clock = Clock()
    nights = Nights(engine, clock)
    first = await nights.begin("c", "1", {})
    assert (await nights.begin("other", "1", {})).id != first.id
    clock.now += 21 * 3_600
    assert (await nights.begin("c", "1", {})).id != first.id


async def test_a_night_longer_than_a_night_says_so(engine: AsyncEngine, subject: Subject) -> None:
    clock = Clock()
    nights = Nights(engine, clock)
    night = await nights.begin("c", "1", {})
    group = Group([asked(n) for n in range(4)], subject)
    tick = [0]

    def slow() -> float:
        tick[0] += 1
        return tick[0] * 3_600.0

    ran: list[str] = []
    ended = await run(
        night,
        [group],
        nights,
        passes={},
        bounds=Bounds(seconds=2.5 * 3_600),
        judging=None,
        report=lambda done, total, case: ran.append(case.id),
        clock=slow,
    )
    assert len(ran) == 2
    assert ended.problems == [
        "The night was over after 2.5 hours: 2 of 4 cases had run; the others were not run tonight."
    ]
    assert set(ended.left) == {case.id for case in group.cases} - set(ran)


async def test_what_came_before_the_cases_is_a_part_of_the_night(engine: AsyncEngine, subject: Subject) -> None:
    clock = Clock()
    nights = Nights(engine, clock)
    night = await nights.begin("c", "1", {})
    ran, problems = await go(
        night, [Group([asked(1)], subject)], nights, clock, bounds=Bounds(seconds=3_600), began=clock() - 3_600
    )
    assert ran == []
    assert problems == ["The night was over after 1 hours: 0 of 1 cases had run; the others were not run tonight."]


async def test_money_spent_ends_the_night_with_a_line(engine: AsyncEngine, subject: Subject) -> None:
    clock = Clock()
    nights = Nights(engine, clock)
    night = await nights.begin("c", "1", {})
    row = {"run": "r", "person": "p", "channel": channel(night.id), "day": "d", "model": "m", "purpose": "judge"}
    row |= {"input_tokens": 1, "output_tokens": 1, "cost": 0.6, "seconds": 1.0, "ok": True, "at": 1.0}
    async with engine.begin() as connection:
        await connection.execute(insert(usage).values(row))
    ran, problems = await go(night, [Group([asked(1)], subject)], nights, clock, bounds=Bounds(dollars=0.5))
    assert ran == []
    assert "The night's $0.50 are spent (FOOTNOTE_BUDGET_NIGHT): 0 of 1 cases" in problems[0]


async def test_a_budget_of_the_day_that_is_spent_ends_the_night_and_fails_no_case(
    engine: AsyncEngine, subject: Subject
) -> None:
    row = {"run": "r", "person": "p", "channel": "c", "day": "1970-01-12", "model": "m", "purpose": "write"}
    row |= {"input_tokens": 1, "output_tokens": 1, "cost": 5.0, "seconds": 1.0, "ok": True, "at": 1.0}
    async with engine.begin() as connection:
        await connection.execute(insert(usage).values(row))
    clock, said = Clock(), ScriptedModel(lambda request: "Hotels cost 90 a night. [1]")

    def model_for(state: State) -> ChatModel:
        scope = Scope(state["run"], state["person"], state["channel"])
        return Metered(said, engine, scope, Ceilings(day=5.0), (1.0, 1.0), clock)

    nights = Nights(engine, clock)
    night = await nights.begin("c", "1", {})
    group = Group([asked(n) for n in range(3)], replace(subject, model_for=model_for))
    _, problems = await go(night, [group], nights, clock)
    spent = "I stopped: the whole budget of $5.00 for today is used up; it starts again at midnight UTC."
    assert problems == [f"{spent} 0 of 3 cases had run; the others were not run tonight."]
    assert await nights.outcomes(night.id) == {}


async def test_a_case_whose_evidence_is_gone_is_named_and_the_rest_runs(engine: AsyncEngine, subject: Subject) -> None:
    clock = Clock()
    nights = Nights(engine, clock)
    night = await nights.begin("c", "1", {})
    stale = asked(1, evidence=[{"document": "rules", "quote": "Hotels cost 120"}])
    _, problems = await go(night, [Group([stale, asked(2)], subject)], nights, clock)
    assert problems[0].startswith("case-1: rules does not hold “Hotels cost 120”")
    assert list(await nights.outcomes(night.id)) == ["case-2"]


async def test_what_a_night_is_compared_with(engine: AsyncEngine) -> None:
    clock = Clock()
    nights = Nights(engine, clock)
    made = []
    for version in ("1.0", "1.1", "1.1", "1.1"):
        made.append(await nights.begin(f"c{len(made)}", version, {}))
        await nights.finish(made[-1].id, [], {}) if len(made) < 4 else None
        clock.now += 86_400
    tonight = made[-1]
    assert await nights.baseline("pinned", tonight) is None
    await nights.accept(made[1].id)
    compared = {kind: await nights.baseline(kind, tonight) for kind in ("last", "release", "pinned", made[0].id)}
    assert {kind: night.id for kind, night in compared.items() if night} == {
        "last": made[2].id,
        "release": made[0].id,
        "pinned": made[1].id,
        made[0].id: made[0].id,
    }
    await nights.accept(made[2].id)
    assert [night.id for night in await nights.recent() if night.is_baseline] == [made[2].id]
    with pytest.raises(NoSuchNight, match="no night “1999”"):
        await nights.accept("1999")


async def test_what_was_only_tried_and_other_files_of_cases_are_no_last_night(engine: AsyncEngine) -> None:
    clock = Clock()
    nights = Nights(engine, clock)
    made = []
    for about in ({}, {"files": ["mine.yaml"]}, {"tried": "embedder=hashing"}, {}, {"files": ["mine.yaml"]}):
        made.append(await nights.begin(f"c{len(made)}", "1.0", about))
        await nights.finish(made[-1].id, [], {})
        clock.now += 86_400
    regular, mine, _, tonight, again = made
    last = {one.id: await nights.baseline("last", one) for one in (tonight, again)}
    assert {name: one.id for name, one in last.items() if one} == {tonight.id: regular.id, again.id: mine.id}
    assert [one.id for one in await nights.regular(14)] == [tonight.id, regular.id]


def test_a_judge_that_was_not_to_be_trusted_is_none_to_compare_with() -> None:
    about = {"judge": "cohere:command-a"}
    trusted = Night("n", "c", "1", about, 1.0, report={"judge": {"agreement": "kappa 0.9", "distrust": ""}})
    distrusted = Night("n", "c", "1", about, 1.0, report={"judge": {"distrust": "The judge is not to be trusted."}})
    assert (trusted.trusted_judge, distrusted.trusted_judge) == ("cohere:command-a", "")


async def test_a_later_outcome_of_a_case_takes_the_place_of_the_first(engine: AsyncEngine) -> None:
    nights = Nights(engine, Clock())
    for text in ("a", "b"):
        await nights.keep("n", Outcome(case="case-1", text=text))
    assert (await nights.outcomes("n"))["case-1"].text == "b"


def test_the_panel_is_the_same_whatever_the_outcomes_were() -> None:
    cases = [asked(n) for n in range(20)]
    order = drawn(cases, {"case-3": (5, 10), "case-4": (0, 10)})
    assert sorted(case.id for case in order) == sorted(case.id for case in cases)
    every = {case.id for case in cases}
    ran = {case.id for case in order[:10]}
    other = {case.id for case in drawn(cases, {})[:12]}
    assert panel(cases, ran, every - ran) <= panel(cases, other, every - other)
    assert len(panel(cases, ran, every - ran)) >= 5
    assert panel(cases, every) == every


def test_a_new_case_or_one_whose_evidence_is_gone_costs_the_comparison_no_other() -> None:
    cases = [asked(n) for n in range(20)]
    every = {case.id for case in cases}
    for new in every:
        assert panel(cases, every - {new}) == every - {new}


def test_what_fell_both_ways_is_least_certain() -> None:
    assert uncertainty(5, 10) > uncertainty(9, 10) > uncertainty(10, 10)
    assert uncertainty(0, 0) == 0.25
