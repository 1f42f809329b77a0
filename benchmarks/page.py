"""The page docs/benchmarks.md, made from benchmarks/results: `make docs` writes it anew."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.report import Row, lines, notes

RESULTS = Path(__file__).with_name("results")
HEAD = """# Benchmarks

<!-- Made from benchmarks/results by `make docs`. -->

What was measured, and the command that measures it again. Speeds are those of the machine that is named; where two things are
compared, both ran in the same run. Questions that something was fitted on are never those it is measured on.
"""


def page(found: list[dict[str, Any]]) -> str:
    """Every result as a section: its command, its figures as a table, and what there is to know about them."""
    return "\n".join([HEAD, *(_section(one) for one in sorted(found, key=lambda one: str(one["title"])))])


def _section(result: dict[str, Any]) -> str:
    about = dict(result["about"])
    command = about.pop("command", "")
    head, *rows = lines([Row(name, figures) for name, figures in result["figures"].items()])
    table = [_line(head), _line(["---"] * len(head)), *map(_line, rows)]
    parts = [
        f"## {result['title']}",
        *([f"`{command}`"] if command else []),
        "\n".join(table),
        "\n".join(f"- {note}" for note in notes(about)),
    ]
    return "\n\n".join(parts) + "\n"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def results() -> list[dict[str, Any]]:
    return [json.loads(file.read_text(encoding="utf-8")) for file in sorted(RESULTS.glob("*.json"))]


def main() -> None:
    Path(sys.argv[1], "benchmarks.md").write_text(page(results()), encoding="utf-8")


if __name__ == "__main__":
    main()
