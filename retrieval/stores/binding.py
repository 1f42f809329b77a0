"""Which embedder a folder's vectors come from: a file beside them."""

from __future__ import annotations

import json
from pathlib import Path

Binding = tuple[str, int]
"""The name of an embedder and how many dimensions its vectors have."""
_FILE = "embedder.json"


def read_binding(path: Path) -> Binding | None:
    """None where nothing was bound, or the file is damaged."""
    try:
        kept = json.loads((path / _FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):  # the machine may have gone down while it was written
        return None
    return kept["name"], kept["dimensions"]


def write_binding(path: Path, bound: Binding) -> None:
    """Whoever reads meanwhile gets the old one or the new one, whole."""
    draft = path / f"{_FILE}.new"
    draft.write_text(json.dumps({"name": bound[0], "dimensions": bound[1]}), encoding="utf-8")
    draft.replace(path / _FILE)
