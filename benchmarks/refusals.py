"""What is refused, rightly and wrongly, as the threshold of saying "I don't know" goes from never to always.

    make bench-refusals DATA=FOLDER

For each threshold: of the questions that nothing answers the share refused, of those that something answers the share refused
too. Only the odd-numbered questions of benchmarks/answerable.py, which nothing was fitted on.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

import numpy as np

from agent.answerability import THRESHOLD
from benchmarks.answerable import Sample, samples
from benchmarks.report import Row, publish

THRESHOLDS = [round(0.1 * step, 1) for step in range(1, 10)]
KINDS = {"answerable": "refused wrongly", "near": "refused rightly, near", "far": "refused rightly, far"}


def refused(found: list[Sample], threshold: float) -> dict[str, float]:
    """Percent refused of each kind of question; each set of a kind weighs the same."""
    figures = {}
    for kind, told in KINDS.items():
        sets = {one.set for one in found if one.kind == kind}
        shares = [
            np.mean([one.answerability < threshold for one in found if (one.set, one.kind) == (name, kind)])
            for name in sets
        ]
        figures[f"{told} %"] = 100 * float(np.mean(shares))
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "footnote-team")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/refusals.json"))
    arguments = parser.parse_args()
    found = [one for one in asyncio.run(samples(arguments.data, arguments.folder, arguments.cache)) if one.half == 1]
    rows = [Row(f"threshold {threshold}", refused(found, threshold)) for threshold in THRESHOLDS]
    counts = {kind: sum(one.kind == kind for one in found) for kind in KINDS}
    publish("What is refused", rows, {"questions": counts, "the product's threshold": THRESHOLD}, arguments.out)


if __name__ == "__main__":
    main()
