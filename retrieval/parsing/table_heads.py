"""Whether a table names its columns in its first row, by its markup or by how it looks."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lxml import etree

_ROWS = etree.XPath("./tr | ./thead/tr | ./tbody/tr | ./tfoot/tr")
_BOLD = etree.XPath(".//text()[ancestor::strong or ancestor::b]")
LOOKED_AT = 50
"""Rows that are looked at."""
LONGEST_NAME = 60
"""Characters of a column's name."""
_VALUE = re.compile(r"free|none|n/a|[-–—✓✗x]|yes|no|open|closed|unlimited|always|never|all")
"""What stands in a cell as a value, and names no column."""


def names_columns(table: etree._Element) -> bool:
    """By header cells; else by a first row that alone is bold, or has words above two columns of figures.

    A first row that holds figures, says something twice or says what is a value, as “free”, is taken for a row like the others.
    """
    first, *others = _ROWS(table)[: LOOKED_AT + 1] or [()]
    if len(first) < 2:
        return False
    names = [_text(cell) for cell in first]
    if all(_is_head(cell) or not (name or place) for place, (cell, name) in enumerate(zip(first, names, strict=True))):
        return True
    if not others or any(len(row) != len(first) for row in others) or not _could_be_names(names):
        return False
    return (_bold(first) and not _bold(others[0])) or _above_figures([[_text(cell) for cell in row] for row in others])


def _is_head(cell: etree._Element) -> bool:
    row = cell.getparent()
    above = None if row is None else row.getparent()
    return cell.tag == "th" or (above is not None and above.tag == "thead")


def _could_be_names(names: list[str]) -> bool:
    said = [name.casefold() for name in names]
    return (
        all(said[1:])
        and len(set(said)) == len(said)
        and not any(len(name) > LONGEST_NAME or _VALUE.fullmatch(name) or _has_digit(name) for name in said)
    )


def _bold(row: etree._Element) -> bool:
    """Whether all that a row says is bold."""
    return all(_text(cell) == _joined(_BOLD(cell)) for cell in row)


def _above_figures(rows: list[list[str]]) -> bool:
    columns = list(zip(*rows, strict=True))
    return len(rows) > 1 and sum(all(map(_has_digit, column)) for column in columns) > 1


def _has_digit(text: str) -> bool:
    return any(char.isdigit() for char in text)


def _text(cell: etree._Element) -> str:
    return _joined(cell.itertext())


def _joined(texts: Iterable[object]) -> str:
    return " ".join("".join(map(str, texts)).split())
