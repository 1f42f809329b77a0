"""What a night says of itself: nothing that its figures do not bear out."""

from __future__ import annotations

from typing import Any

from evals.comparing import compare
from evals.outcomes import Outcome
from evals.report import Compared, NightReport, sentences
from evals.results import Night

ABOUT = {"model": "none", "embedder": "minilm", "knowledge": "abc", "judge": "none"}


def told(cases: int, *, passed: bool = True, **about: str) -> str:
    """The second sentence of a night after one on which every case passed; ``about`` is what was not the same on it."""
    figures = {f"case-{n}": {"passed": 1.0} for n in range(cases)}
    now = {case: {"passed": float(passed)} for case in figures}
    outcomes = {case: Outcome(case=case, text="x", figures=made) for case, made in now.items()}
    earlier = Night("before", "c", "1", {**ABOUT, **about}, 1.0)
    tonight = Night("now", "c", "1", dict[str, Any](ABOUT), 2.0)
    report = NightReport(tonight, {}, outcomes, [Compared("last night", earlier, compare(figures, now))])
    return sentences(report)[1]


def test_nothing_changed_is_said_only_where_a_change_could_be_told() -> None:
    assert told(20) == "Nothing changed by more than chance since last night."
    few = "What changed since last night can't be told from chance: {} cases can be compared, of 10 at least."
    assert told(9, passed=False) == few.format(9)
    assert told(0) == few.format(0)


def test_a_night_that_examined_something_else_is_named_as_such() -> None:
    said = told(20, knowledge="abd", embedder="hashing")
    assert said.endswith("What is examined changed since last night: embedder, knowledge.")
    assert "What is examined" not in told(20)
