"""Which differences between two nights are more than chance."""

from __future__ import annotations

import numpy as np

from evals.comparing import ALARMS, Night, compare
from evals.metrics import Metric

NAMES = [Metric(f"m{number}", f"m{number}") for number in range(10)]


def night(seed: int, chance: float = 0.8, cases: int = 100) -> Night:
    """Ten metrics that go together, as those of one agent do: a case is hard or easy, then each has its luck."""
    random = np.random.default_rng(seed)
    hard = np.random.default_rng(0).normal(size=cases)
    luck = random.normal(size=(cases, 10)) + random.normal(size=(cases, 1))
    return {
        str(case): {one.name: float(hard[case] + luck[case, number] < 3 * chance) for number, one in enumerate(NAMES)}
        for case in range(cases)
    }


def test_of_200_nights_without_a_change_few_raise_an_alarm() -> None:
    alarms = sum(
        any(change.counts for change in compare(night(2 * n + 1), night(2 * n + 2), metrics=NAMES, seed=n).changes)
        for n in range(200)
    )
    assert alarms / 200 <= ALARMS + 0.03, "more than chance explains at this level"


def test_a_drop_is_found_and_has_its_sign() -> None:
    found = sum(compare(night(n), night(n + 500, 0.25), metrics=NAMES, seed=n).is_worse for n in range(1, 41))
    assert found >= 38
    better = compare(night(1, 0.25), night(2), metrics=NAMES)
    assert not better.is_worse
    assert any(change.counts for change in better.changes)


def test_what_is_the_same_on_both_nights_is_no_change() -> None:
    made = compare(night(1), night(1), metrics=NAMES)
    assert not any(change.counts for change in made.changes)
    assert (made.broke, made.healed) == ((), ())


def test_all_cases_worse_by_the_same_is_a_change() -> None:
    metric = Metric("tokens", "tokens", -1)
    before = {str(n): {"tokens": 100.0} for n in range(20)}
    made = compare(before, {name: {"tokens": 140.0} for name in before}, metrics=[metric])
    assert made.is_worse
    assert (made.changes[0].low, made.changes[0].high) == (40.0, 40.0)


def test_few_pairs_say_nothing() -> None:
    before = {str(n): {"passed": 1.0} for n in range(9)}
    made = compare(before, {name: {"passed": 0.0} for name in before})
    assert not made.is_worse
    assert len(made.broke) == 9


def test_cases_that_one_night_lacks_and_figures_that_one_case_lacks_are_left_out() -> None:
    before = {"a": {"passed": 1.0, "recall": 0.5}, "b": {"passed": 1.0}, "gone": {"passed": 0.0}}
    after = {"a": {"passed": 0.0, "recall": 1.0}, "b": {"passed": 1.0}, "new": {"passed": 1.0}}
    made = compare(before, after)
    assert {change.metric.name: change.pairs for change in made.changes} == {"passed": 2, "recall": 1}
    assert made.broke == ("a",)


def test_what_raises_no_alarm_is_shown_all_the_same() -> None:
    before = {str(n): {"seconds": 1.0 + n / 100} for n in range(30)}
    made = compare(before, {name: {"seconds": 9.0 + n / 50} for n, name in enumerate(before)})
    (change,) = made.changes
    assert change.low > 0
    assert not change.counts


def test_two_nights_with_nothing_in_common() -> None:
    assert compare({}, {}).changes == ()
    assert compare({"a": {"passed": 1.0}}, {"b": {"passed": 1.0}}).changes == ()
