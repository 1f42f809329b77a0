"""One night: every case in its turn, until all have run, the money is spent, or the night is over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from sqlalchemy import func, select

from agent.errors import BudgetSpent
from agent.tables import usage
from evals.cases import Case
from evals.drawing import Passes, drawn
from evals.judging import Judging
from evals.outcomes import Outcome
from evals.results import Night, Nights
from evals.running import CASE_SECONDS, Examiner, Subject, channel, missing, opened

NIGHT_SECONDS = 6 * 3_600.0
Report = Callable[[int, int, Case], None]
"""Told before each case: how many have run, of how many, and which is next."""


@dataclass(frozen=True, slots=True)
class Group:
    """Cases that are asked of the same knowledge."""

    cases: Sequence[Case]
    subject: Subject


@dataclass(frozen=True, slots=True)
class Bounds:
    """Ceilings of a night: US dollars, seconds for all of it, seconds for one case."""

    dollars: float = 2.0
    seconds: float = NIGHT_SECONDS
    case_seconds: float = CASE_SECONDS


@dataclass(frozen=True, slots=True)
class Ended:
    """How a night ended: a line for each thing that went otherwise, and the cases that it did not come to."""

    problems: list[str]
    left: tuple[str, ...] = ()


async def run(
    night: Night,
    groups: Sequence[Group],
    nights: Nights,
    *,
    passes: Passes,
    bounds: Bounds,
    judging: Judging | None,
    report: Report,
    clock: Callable[[], float],
    began: float | None = None,
) -> Ended:
    """Run what has not run yet and keep each outcome as it comes.

    ``began`` is when the night began by that clock, where something came before the cases.
    """
    problems: list[str] = []
    done = set(await nights.outcomes(night.id))
    async with AsyncExitStack() as stack:
        examiners: dict[str, tuple[Examiner, Subject]] = {}
        for group in groups:
            examiner = await stack.enter_async_context(opened(group.subject, bounds.case_seconds))
            examiners |= {case.id: (examiner, group.subject) for case in group.cases}
        cases = drawn([case for group in groups for case in group.cases], passes)
        began = clock() if began is None else began
        for number, case in enumerate(cases):
            if case.id in done:
                continue
            examiner, subject = examiners[case.id]
            stopped = await _stopped(night, subject, bounds, clock() - began)
            if not stopped:
                report(number, len(cases), case)
                if line := await missing(case, subject.store):
                    problems.append(line)
                    continue
                stopped = await _kept(case, examiner, night, nights, judging)
            if stopped:
                problems.append(f"{stopped} {number} of {len(cases)} cases had run; the others were not run tonight.")
                return Ended(problems, tuple(one.id for one in cases[number:] if one.id not in done))
    return Ended(problems)


async def _kept(case: Case, examiner: Examiner, night: Night, nights: Nights, judging: Judging | None) -> str:
    """Run a case and keep what came of it; why the night ends here instead, if it does."""
    try:
        outcome = await examiner.examine(case, night.id)
    except BudgetSpent as error:
        return str(error)
    await nights.keep(night.id, await _judged(case, outcome, judging))
    return ""


async def _judged(case: Case, outcome: Outcome, judging: Judging | None) -> Outcome:
    if judging is None or outcome.failed:
        return outcome
    graded, not_graded = await judging.grade(case, outcome)
    return outcome.model_copy(update={"graded": graded, "not_graded": not_graded})


async def _stopped(night: Night, subject: Subject, bounds: Bounds, seconds: float) -> str:
    """Why the night ends here, if it does."""
    if seconds >= bounds.seconds:
        return f"The night was over after {bounds.seconds / 3_600:g} hours:"
    if 0 < await spent(night.id, subject) >= bounds.dollars:
        return f"The night's ${bounds.dollars:.2f} are spent (FOOTNOTE_BUDGET_NIGHT):"
    return ""


async def spent(night: str, subject: Subject) -> float:
    """US dollars that the night has cost so far, the judge's among them; -1 where nothing costs anything."""
    if subject.costs is None:
        return -1.0
    query = select(func.sum(usage.c.cost)).where(usage.c.channel == channel(night))
    async with subject.costs.connect() as connection:
        return float((await connection.execute(query)).scalar() or 0.0)
