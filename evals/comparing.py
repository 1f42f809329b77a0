"""Two nights side by side: paired by case, with intervals that hold for all metrics together.

The cases are resampled with replacement, the same resample for every metric, and the largest of the studentized
deviations of all metrics says how wide the intervals are: the bootstrap's single-step max-T (Westfall and Young 1993;
Romano and Wolf, JASA 2005). A change counts when its interval excludes zero; of all nights without a change the share
of those with any alarm at all is then at most `ALARMS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.metrics import METRICS, Metric

ALARMS = 0.05
"""Of the nights without a change, the share that may raise an alarm, over all metrics and all comparisons of a night."""
DRAWS = 2_000
FEWEST = 10
"""Pairs below which nothing is said: so few cases resample to nothing but themselves."""
Figures = Mapping[str, float]
Night = Mapping[str, Figures]
"""The figures of each case by its id."""


@dataclass(frozen=True, slots=True)
class Change:
    """One metric of two nights: the means over the ``pairs``, their difference, and its interval."""

    metric: Metric
    pairs: int
    before: float
    after: float
    low: float
    high: float

    @property
    def difference(self) -> float:
        return self.after - self.before

    @property
    def counts(self) -> bool:
        """Whether it is more than chance, and of a metric that raises alarms."""
        return self.metric.counts and self.pairs >= FEWEST and not self.low <= 0.0 <= self.high

    @property
    def is_worse(self) -> bool:
        return self.counts and self.difference * self.metric.better < 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """All changes, and the cases that passed on one of the two nights alone."""

    changes: tuple[Change, ...]
    broke: tuple[str, ...]
    healed: tuple[str, ...]

    @property
    def is_worse(self) -> bool:
        return any(change.is_worse for change in self.changes)

    @property
    def pairs(self) -> int:
        """The cases that both nights have."""
        return max((change.pairs for change in self.changes), default=0)


def compare(
    before: Night, after: Night, *, metrics: Sequence[Metric] = METRICS, comparisons: int = 1, seed: int = 0
) -> Comparison:
    """What changed for the cases that both nights have; ``comparisons`` is how many a night makes."""
    shared = sorted(before.keys() & after.keys())
    both = [_both(metric, shared, before, after) for metric in metrics]
    kept = [(metric, old, new) for metric, old, new in zip(metrics, *zip(*both, strict=True), strict=True) if _any(old)]
    halves = _half_widths([new - old for _, old, new in kept], ALARMS / comparisons, seed)
    changes = tuple(_change(metric, old, new, half) for (metric, old, new), half in zip(kept, halves, strict=True))
    return Comparison(changes, tuple(_flipped(shared, before, after)), tuple(_flipped(shared, after, before)))


def _both(metric: Metric, shared: Iterable[str], before: Night, after: Night) -> tuple[_Array, _Array]:
    """The metric's figures on both nights, NaN where one of them has none."""
    pairs = [(before[case].get(metric.name), after[case].get(metric.name)) for case in shared]
    values = np.array([(np.nan, np.nan) if None in pair else pair for pair in pairs], dtype=float).reshape(-1, 2)
    return values[:, 0], values[:, 1]


_Array = NDArray[np.float64]


def _any(values: _Array) -> bool:
    return bool((~np.isnan(values)).any())


def _half_widths(differences: Sequence[_Array], alarms: float, seed: int) -> list[float]:
    """Half of each interval's width; where every case changed by the same, none."""
    if not differences:
        return []
    table = np.stack(differences, axis=1)
    cases = len(table)
    times = np.random.default_rng(seed).multinomial(cases, [1 / cases] * cases, size=DRAWS).astype(float)
    there = (~np.isnan(table)).astype(float)
    with np.errstate(invalid="ignore"):
        means = (times @ np.nan_to_num(table)) / (times @ there)
    error = np.nanstd(means, axis=0)
    counted = (error > 0) & (there.sum(axis=0) >= FEWEST)
    if not counted.any():
        return error.tolist()  # type: ignore[no-any-return]
    apart = np.abs(means[:, counted] - np.nanmean(table[:, counted], axis=0)) / error[counted]
    wide = float(np.nanquantile(np.nanmax(apart, axis=1), 1 - alarms))
    return (wide * error).tolist()  # type: ignore[no-any-return]


def _change(metric: Metric, old: _Array, new: _Array, half: float) -> Change:
    before, after = float(np.nanmean(old)), float(np.nanmean(new))
    middle = after - before
    return Change(metric, int((~np.isnan(old)).sum()), before, after, middle - half, middle + half)


def _flipped(shared: Iterable[str], passed: Night, failed: Night) -> list[str]:
    return [case for case in shared if passed[case].get("passed") == 1.0 and failed[case].get("passed") == 0.0]
