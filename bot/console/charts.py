"""Charts as SVG inside the page: nothing is fetched for them, and colours follow the page's."""

from __future__ import annotations

import html
from collections.abc import Sequence

from bot.chat import Chart

WIDTH, HEIGHT, EDGE = 640, 120, 8


def line(label: str, points: Sequence[tuple[str, float]]) -> str:
    """One share, 0 to 1, over the nights, oldest first; each point says its night and its value."""
    if not points:
        return ""
    step = (WIDTH - 2 * EDGE) / max(1, len(points) - 1)
    places = [(EDGE + step * n, HEIGHT - EDGE - value * (HEIGHT - 2 * EDGE)) for n, (_, value) in enumerate(points)]
    drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"><title>{html.escape(name)}: {value:.0%}</title></circle>'
        for (x, y), (name, value) in zip(places, points, strict=True)
    )
    said = Chart(label, tuple(points)).said
    return (
        f'<figure class="chart"><figcaption>{html.escape(label)} <b>{points[-1][1]:.0%}</b></figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(said, quote=True)}">'
        f'<path d="M{EDGE} {EDGE}H{WIDTH - EDGE}M{EDGE} {HEIGHT - EDGE}H{WIDTH - EDGE}"/>'
        f'<polyline points="{drawn}"/>{dots}</svg></figure>'
    )
