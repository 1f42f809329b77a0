"""What a run that was killed and cut off came through, printed and, where `make chaos-platforms` asks for it, kept."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from benchmarks.report import Row, publish

RESULTS = os.environ.get("FOOTNOTE_CHAOS_RESULTS")
"""The folder to keep it in. Read at once: no setting of the environment reaches a test."""


def tell(platform: str, figures: Mapping[str, float], faults: Mapping[str, int]) -> None:
    print(f"\n{platform}: {dict(figures)}, faults: {dict(faults)}")
    if RESULTS:
        rows = [Row(platform, {**figures, **{f"fault: {name}": times for name, times in sorted(faults.items())}})]
        title = f"Killed and cut off at random: {platform}"
        publish(title, rows, {}, Path(RESULTS) / f"chaos-{platform.lower()}.json", "make chaos-platforms")
