"""What a person sees of an HTML page, block by block: headings, list items, rows, code as it was laid out."""

from __future__ import annotations

from collections.abc import Iterator

import lxml.html
from lxml import etree

from retrieval.documents import Heading
from retrieval.parsing.table_heads import names_columns

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_APART = frozenset(
    "p div ul ol dl table pre blockquote section article main header footer aside figure figcaption form fieldset details".split()  # noqa: SIM905
)
"""Blocks with an empty line around them."""
_LINES = frozenset({"li", "tr", "br", "dt", "dd", "summary", "caption", "option", "hr"})
_LAYOUT = frozenset({"table", "ul", "ol", "dl", "pre", "section", "article", *_HEADINGS})
LONGEST_CELL = 1_000
"""Characters of a table's cell that stands in its row; a longer one, or one with blocks, lays out a page."""


def visible(tree: lxml.html.HtmlElement) -> tuple[str, tuple[Heading, ...]]:
    """The text and its headings, with their offsets in it."""
    page = _Page()
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        if event == "start":
            page.start(element)
        else:
            page.end(element)
    page.flush()
    return "\n".join(page.lines), tuple(page.headings)


class _Page:
    """The lines of a page as it is walked through."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.headings: list[Heading] = []
        self._length = 0
        self._words: list[str] = []
        self._mark = ""
        self._level = 0
        self._flat: etree._Element | None = None
        self._code: etree._Element | None = None
        self._heads: dict[etree._Element, bool] = {}

    def start(self, element: etree._Element) -> None:
        tag = str(element.tag)
        if self._flat is None and self._code is None:
            self._open(element, tag)
        elif tag == "br":
            self._words.append("\n")
        elif tag in _APART or tag in _LINES:
            self._words.append(" ")
        self._words.append(element.text or "")

    def end(self, element: etree._Element) -> None:
        tag = str(element.tag)
        if element is self._code or (element is self._flat and tag in _HEADINGS):
            self.flush()
            self._apart()
        if element is self._code:
            self._code = None
        if element is self._flat:
            self._flat, self._level = None, 0
        elif self._flat is None and self._code is None and (tag in _APART or tag in _LINES):
            self.flush()
            if tag in _APART:
                self._apart()
        if tag in {"td", "th"} and element.getnext() is None and self._has_head(element):
            self._words.append(" |")
        self._words.append(element.tail or "")

    def _open(self, element: etree._Element, tag: str) -> None:
        if tag in _APART or tag in _LINES or tag in _HEADINGS:
            self.flush()
            if tag not in _LINES:
                self._apart()
        if tag in {"td", "th"}:
            if element.getprevious() is not None:
                self._words.append(" | ")
            elif self._has_head(element):
                self._words.append("| ")
            if not _lays_out(element):
                self._flat = element
        elif tag in _HEADINGS:
            self._flat, self._level = element, _HEADINGS[tag]
        elif tag == "pre":
            self._code = element
        elif tag == "li":
            self._mark = "- "

    def _has_head(self, cell: etree._Element) -> bool:
        """Whether the rows of its table stand between bars, as Markdown has them."""
        table = next(cell.iterancestors("table"), None)
        if table is None:
            return False
        if table not in self._heads:
            self._heads[table] = names_columns(table)
        return self._heads[table]

    def flush(self) -> None:
        """End the line; in code, all its lines."""
        words = "".join(self._words)
        self._words = []
        lines = words.strip("\n").split("\n") if self._code is not None else [" ".join(words.split())]
        for line in lines:
            if not line.strip() and self._code is None:
                continue
            if self._level:
                self.headings.append(Heading(self._level, line, self._length))
            self._add(self._mark + line.rstrip())
            self._mark = ""

    def _apart(self) -> None:
        if self.lines and self.lines[-1]:
            self._add("")

    def _add(self, line: str) -> None:
        self.lines.append(line)
        self._length += len(line) + 1


def _lays_out(cell: etree._Element) -> bool:
    """Whether a cell holds a part of the page, as pages were once laid out, rather than a value."""
    if any(inner.tag in _LAYOUT for inner in cell.iterdescendants()):
        return True
    return sum(map(len, _texts(cell))) > LONGEST_CELL


def _texts(element: etree._Element) -> Iterator[str]:
    return (str(text) for text in element.itertext())
