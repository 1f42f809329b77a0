"""Rows of tables, as people read them out: each cell behind the name of its column.

A row is a line between bars next to another one, as Markdown has them; the HTML and DOCX parsers write them where a table
names its columns.
"""

from __future__ import annotations

import re

from retrieval.sentences import Span

_ROW = re.compile(r"^\|[^|\n]+(?:\|[^|\n]*)+\|\s*$")
_RULE = re.compile(r"^\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?\s*$")
_CODE = re.compile(r"[;{}=`]")


def is_row(text: str, start: int, end: int) -> bool:
    """Whether the line from ``start`` to ``end`` is a row, and no code."""
    line = text[start:end]
    if not _ROW.match(line) or _CODE.search(line):
        return False
    return text[:start].rstrip(" \t").endswith("|\n") or text[end:].lstrip(" \t").startswith("\n|")


def is_head(text: str, start: int, end: int) -> bool:
    """Whether the line from ``start`` to ``end`` is a table's head, or the rule below one."""
    rule = "|" in text[start:end] and bool(_RULE.match(text[start:end]))
    return rule or (is_row(text, start, end) and _top(text, start) == (start, end))


def head_of(text: str, start: int) -> Span | None:
    """The head of the table that the row at ``start`` is of; None where it has none, or it is not in this text."""
    top = _top(text, start)
    return None if top is None or top[0] == start else top


def _top(text: str, start: int) -> Span | None:
    """The first of the lines between bars that the one at ``start`` is among, which is their head.

    None where the text begins with it: the table may have begun before.
    """
    first = start
    while first and text.startswith("|", before := text.rfind("\n", 0, first - 1) + 1):
        first = before
    line = text[first:].partition("\n")[0]
    return (first, first + len(line.rstrip())) if first else None


def in_words(row: str, head: str = "") -> str:
    """The row without its bars: “Plan: Orchard, Price: 79 EUR”."""
    cells, names = _cells(row), _cells(head)
    if len(names) != len(cells):
        return ", ".join(filter(None, cells))
    return ", ".join(f"{name}: {cell}" if name else cell for name, cell in zip(names, cells, strict=True) if cell)


def _cells(row: str) -> list[str]:
    return [" ".join(cell.split()) for cell in row.strip().strip("|").split("|")] if row else []
