"""The port `Judging`: grades of a model for one outcome. `evals.judge` is the real one."""

from __future__ import annotations

from typing import Protocol

from evals.cases import Case
from evals.outcomes import Outcome


class Judging(Protocol):
    """Never raises for what a judge does wrong: a grade it did not give is named with the reason."""

    async def grade(self, case: Case, outcome: Outcome) -> tuple[dict[str, float], dict[str, str]]:
        """Grades by metric, 0 to 1, and for each metric without one a line that says why."""
        ...
