"""How every benchmark ends: a table for people, JSON for the rest, and the machine it ran on."""

from __future__ import annotations

import json
import os
import platform
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


def publish(title: str, rows: list[Row], about: dict[str, Any], out: Path) -> None:
    """Print the table and write the JSON."""
    console = Console()
    console.print(_table(title, rows))
    about = {**about, "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"}
    for name, value in about.items():
        console.print(f"{name}: {_shown(value) if isinstance(value, float) else value}", highlight=False)
    out.parent.mkdir(parents=True, exist_ok=True)
    figures = {row.name: row.figures for row in rows}
    out.write_text(json.dumps({"title": title, "about": about, "figures": figures}, indent=1) + "\n", encoding="utf-8")


def _table(title: str, rows: list[Row]) -> Table:
    """A line a row; a line a figure where there are more of those."""
    columns = list(dict.fromkeys(column for row in rows for column in row.figures))
    if len(columns) > len(rows):
        table = Table("", *(row.name for row in rows), title=title)
        for column in columns:
            table.add_row(column, *(_shown(row.figures.get(column)) for row in rows))
        return table
    table = Table("", *columns, title=title)
    for row in rows:
        table.add_row(row.name, *(_shown(row.figures.get(column)) for column in columns))
    return table


def _shown(value: float | None) -> str:
    if value is None:
        return ""
    if value == int(value):
        return f"{value:,.0f}"
    return f"{value:,.1f}" if value >= 10 else f"{value:,.2f}"
