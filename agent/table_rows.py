"""Rows of tables, as people read them out: each cell behind the name of its column."""

from __future__ import annotations

import re

from retrieval.sentences import Span

_ROW = re.compile(r"^\s*\|?[^|\n]+(?:\|[^|\n]*)+\s*$")
_RULE = re.compile(r"^\s*\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?\s*$")
_CODE = re.compile(r"\|\||[;{}=]")


def is_row(text: str) -> bool:
    """Whether it is one line of cells with bars between them, and no code."""
    return "|" in text.strip().strip("|") and bool(_ROW.match(text)) and not _CODE.search(text)


def is_head(text: str, start: int, end: int) -> bool:
    """Whether the line from ``start`` to ``end`` is a table's head, or the rule below one."""
    return bool(_RULE.match(text[start:end])) or _top(text, start) == (start, end)


def head_of(text: str, start: int) -> Span | None:
    """The head of the table that the row at ``start`` is of; None where it has none, or it is not in this text."""
    top = _top(text, start)
    return None if top is None or top[0] == start else top


def _top(text: str, start: int) -> Span | None:
    """The first of the rows between bars that the one at ``start`` is among, which is their head.

    None where rows stand without bars, and where the text begins with one: the table may have begun before.
    """
    if not text.startswith("|", start):
        return None
    first, length = start, text.find("\n", start) % (len(text) + 1) - start
    while (before := text.rfind("\n", 0, max(0, first - 1)) + 1) < first and text.startswith("|", before):
        first, length = before, first - before
    return (first, first + len(text[first : first + length].rstrip())) if first else None


def in_words(row: str, head: str = "") -> str:
    """The row without its bars: “Plan: Orchard, Price: 79 EUR”."""
    cells, names = _cells(row), _cells(head)
    if len(names) != len(cells):
        return ", ".join(filter(None, cells))
    return ", ".join(f"{name}: {cell}" if name else cell for name, cell in zip(names, cells, strict=True) if cell)


def _cells(row: str) -> list[str]:
    return [" ".join(cell.split()) for cell in row.strip().strip("|").split("|")] if row else []
