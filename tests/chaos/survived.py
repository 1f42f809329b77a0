"""What a run that was killed and cut off came through, printed and, where `make chaos-platforms` asks for it, kept."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from benchmarks.report import Row, publish


def tell(platform: str, figures: Mapping[str, float], faults: Mapping[str, int]) -> None:
    """FOOTNOTE_CHAOS_RESULTS names the folder to keep it in."""
    print(f"\n{platform}: {dict(figures)}, faults: {dict(faults)}")
    if folder := os.environ.get("FOOTNOTE_CHAOS_RESULTS"):
        rows = [Row(platform, {**figures, **{f"fault: {name}": times for name, times in sorted(faults.items())}})]
        title = f"Killed and cut off at random: {platform}"
        publish(title, rows, {}, Path(folder) / f"chaos-{platform.lower()}.json", "make chaos-platforms")
