"""Whether a table names its columns in its first row, by its markup or by how it looks."""

from __future__ import annotations

from collections.abc import Iterable

from lxml import etree

_ROWS = etree.XPath("./tr | ./thead/tr | ./tbody/tr | ./tfoot/tr")
_BOLD = etree.XPath(".//text()[ancestor::strong or ancestor::b]")
LOOKED_AT = 50
"""Rows that are looked at."""
LONGEST_NAME = 60
"""Characters of a column's name."""


def names_columns(table: etree._Element) -> bool:
    """By header cells; else by a first row that alone is bold, or has words above columns of figures.

    Two columns of which nothing is bold may as well be names and their values, row by row.
    """
    first, *others = _ROWS(table)[: LOOKED_AT + 1] or [()]
    if len(first) < 2:
        return False
    names = [_text(cell) for cell in first]
    if all(
        cell.tag == "th" or not (name or place) for place, (cell, name) in enumerate(zip(first, names, strict=True))
    ):
        return True
    if not others or any(len(row) != len(first) for row in others):
        return False
    if not all(0 < len(name) <= LONGEST_NAME for name in names[1:]) or len(names[0]) > LONGEST_NAME:
        return False
    return (_bold(first) and not _bold(others[0])) or _above_figures(
        names, [[_text(cell) for cell in row] for row in others]
    )


def _bold(row: etree._Element) -> bool:
    """Whether all that a row says is bold."""
    return all(_text(cell) == _joined(_BOLD(cell)) for cell in row)


def _above_figures(names: list[str], rows: list[list[str]]) -> bool:
    if len(names) < 3 or len(rows) < 2 or any(map(_has_digit, names)):
        return False
    columns = list(zip(*rows, strict=True))
    return any(all(_has_digit(cell) for cell in column) for column in columns)


def _has_digit(text: str) -> bool:
    return any(char.isdigit() for char in text)


def _text(cell: etree._Element) -> str:
    return _joined(cell.itertext())


def _joined(texts: Iterable[object]) -> str:
    return " ".join("".join(map(str, texts)).split())
