"""How every benchmark ends: a table for people, JSON for the rest, and the machine it ran on."""

from __future__ import annotations

import json
import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what was measured, and its figures."""

    name: str
    figures: dict[str, float]


def publish(title: str, rows: list[Row], about: dict[str, Any], out: Path, command: str = "") -> None:
    """Print the table and write the JSON; ``command`` where the running program's own words do not name it."""
    console = Console()
    head, *body = lines(rows)
    table = Table(*head, title=title)
    for line in body:
        table.add_row(*line)
    console.print(table)
    about = {
        **about,
        "command": command or _command(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
    }
    for note in notes(about):
        console.print(note, highlight=False)
    out.parent.mkdir(parents=True, exist_ok=True)
    figures = {row.name: row.figures for row in rows}
    out.write_text(json.dumps({"title": title, "about": about, "figures": figures}, indent=1) + "\n", encoding="utf-8")


def lines(rows: list[Row]) -> list[list[str]]:
    """A table's head and its lines: a line a row, or a line a figure where there are more of those."""
    columns = list(dict.fromkeys(column for row in rows for column in row.figures))
    if len(columns) > len(rows):
        head = ["", *(row.name for row in rows)]
        return [head, *([column, *(_shown(row.figures.get(column)) for row in rows)] for column in columns)]
    return [["", *columns], *([row.name, *(_shown(row.figures.get(column)) for column in columns)] for row in rows)]


def notes(about: dict[str, Any]) -> list[str]:
    """What there is to know about the figures, a line each."""
    return [f"{name}: {_shown(value) if isinstance(value, float) else value}" for name, value in about.items()]


def _command() -> str:
    """How whoever reads the result runs it again: the first `make` in the benchmark's own words."""
    words = sys.modules["__main__"].__doc__ or ""
    return next((line.strip() for line in words.splitlines() if line.startswith("    make ")), "")


def _shown(value: float | None) -> str:
    if value is None:
        return ""
    if value == int(value):
        return f"{value:,.0f}"
    return f"{value:,.1f}" if value >= 10 else f"{value:,.2f}"
