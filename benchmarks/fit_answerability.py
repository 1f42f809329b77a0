"""Fit when the assistant says that it does not know: prints the constants of agent/answerability.py.

    make fit-answerability DATA=FOLDER

The even-numbered questions of benchmarks/answerable.py fit, the odd-numbered ones measure; each kind of each set weighs the same.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from dataclasses import fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.answerability import Features
from benchmarks.answerable import Sample, samples

Matrix = NDArray[np.float64]
SHARES = {"answerable": 0.5, "near": 0.2, "far": 0.3}
"""What the kinds weigh in the fit."""


def fit(rows: Matrix, answers: Matrix, weight: Matrix, ridge: float = 1.0, steps: int = 50) -> tuple[Matrix, float]:
    """Weighted logistic regression by Newton's method on standardised features; weights and bias for the raw ones."""
    mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    scaled = np.column_stack([(rows - mean) / spread, np.ones(len(rows))])
    weights = np.zeros(scaled.shape[1])
    penalty = np.diag([ridge] * rows.shape[1] + [0.0])
    for _ in range(steps):
        chance = 1 / (1 + np.exp(-scaled @ weights))
        slope = scaled.T @ (weight * (answers - chance)) - penalty @ weights
        curve = (scaled * (weight * chance * (1 - chance))[:, None]).T @ scaled + penalty
        weights = weights + np.linalg.solve(curve, slope)
    raw = weights[:-1] / spread
    return raw, float(weights[-1] - (raw * mean).sum())


def weighed(found: list[Sample]) -> Matrix:
    """What each sample weighs: the kinds by `SHARES`, the sets of a kind alike, together as many as there are samples."""
    kinds = {kind: sorted({one.set for one in found if one.kind == kind}) for kind in SHARES}
    many = {(one.set, one.kind): sum((a.set, a.kind) == (one.set, one.kind) for a in found) for one in found}
    return np.array([len(found) * SHARES[one.kind] / len(kinds[one.kind]) / many[one.set, one.kind] for one in found])


def table(found: list[Sample], weights: Matrix, bias: float) -> None:
    """For each threshold: of each set and kind, the share that is answered where it should be, refused where not."""
    rows = np.array([one.row for one in found])
    chance = 1 / (1 + np.exp(-(rows @ weights + bias)))
    for threshold in (0.35, 0.4, 0.45, 0.5, 0.55, 0.6):
        told = [f"threshold {threshold}:"]
        for name, kind in sorted({(one.set, one.kind) for one in found}):
            mine = np.array([(one.set, one.kind) == (name, kind) for one in found])
            right = chance[mine] >= threshold if kind == "answerable" else chance[mine] < threshold
            told.append(f"{name}/{kind} {right.mean():.2f}")
        print("  ".join(told))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "footnote-team")
    parser.add_argument("--cache", type=Path)
    arguments = parser.parse_args()
    found = asyncio.run(samples(arguments.data, arguments.folder, arguments.cache))
    even = [one for one in found if one.half == 0]
    answers = np.array([float(one.kind == "answerable") for one in even])
    weights, bias = fit(np.array([one.row for one in even]), answers, weighed(even))
    names = [field.name for field in fields(Features)]
    print("WEIGHTS = Features(" + ", ".join(f"{n}={w:.3f}" for n, w in zip(names, weights, strict=True)) + ")")
    print(f"BIAS = {bias:.3f}")
    table([one for one in found if one.half == 1], weights, bias)


if __name__ == "__main__":
    main()
