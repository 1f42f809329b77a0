"""Nights of twenty cases as `footnote eval` leaves them behind."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncEngine

from evals.cases import Case
from evals.comparing import compare
from evals.outcomes import Outcome
from evals.report import Compared, NightReport, as_data
from evals.results import Night, Nights


async def keep_night(nights: Nights, name: str, *, passed: bool, before: Night | None = None) -> Night:
    """A night on which every case passed, or none did, compared with the one before; ``name`` tells it from others."""
    night = await nights.begin(name, "1", {"model": "none"})
    answer = "It is 150." if passed else "It is 90. <@everyone>"
    outcomes = {
        f"case-{n}": Outcome(case=f"case-{n}", text=answer, figures={"passed": float(passed)}) for n in range(20)
    }
    for outcome in outcomes.values():
        await nights.keep(night.id, outcome)
    compared = []
    if before:
        then = {case: one.figures for case, one in (await nights.outcomes(before.id)).items()}
        made = compare(then, {case: one.figures for case, one in outcomes.items()})
        compared.append(Compared("last night", before, made))
    cases = {one: Case.model_validate({"id": one, "question": "What?", "says": ["150"]}) for one in outcomes}
    await nights.finish(night.id, [], as_data(NightReport(night, cases, outcomes, compared)))
    return night


async def two_nights(engine: AsyncEngine) -> tuple[Night, Night]:
    """Everything passed, then nothing did."""
    now = [1_790_000_000.0]
    nights = Nights(engine, lambda: now[0])
    first = await keep_night(nights, "a", passed=True)
    now[0] += 86_400
    return first, await keep_night(nights, "b", passed=False, before=first)
