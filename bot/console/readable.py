"""A document's text as HTML that reads well, and is still that text, character for character.

Every character stands in the page in its order, so that a cited span is exactly the characters between its offsets;
how lines flow is a matter of style alone: prose flows over the line breaks of its source, code and tables keep them.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from retrieval.documents import Heading
from retrieval.scripts import WIDE

_LINE = re.compile(r"[^\n]+")
_ITEM = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)])\s+\S")
_CODE = re.compile(
    r"^(?:\t| {4,})\S|^(?:>>>|\.\.\.|\$|#!|//|@\w|</?\w+.*>$)|[;{}]$|^\s*[)\]}]+,?$|\w\($|\w\[$|^\s*\w[\w.]*(?:\(.*\)|\[.*\])$"
    r"|^\s*(?:import |from \S+ import|(?:async )?def |class \w+.*:$|return\b|await |with .+:$|if .+:$|for .+:$|try:$|except.*:$"
    r"|pip3? |uv |git |npm |docker |export |curl |sudo |make \w+$)|^\s*[\w.\[\]\"']+(?:: [\w\[\], |.]+)? [-+*/]?= \S"
)
_TABLE = re.compile(r"^\s*[|+].*[|+]\s*$|\S +\| +\S|\S {3,}\S.* {3,}\S")
_WRAPPED = 50
"""A line that is at least so long was broken by its source for want of room."""
_MOST_LINES = 0.6
_DEEPEST = 4


@dataclass(frozen=True, slots=True)
class _Piece:
    """``kind`` is heading, item, prose, lines (prose whose line breaks mean something) or kept (code, tables).

    ``level`` is a heading's, or how deep an item stands in a list.
    """

    start: int
    end: int
    kind: str
    level: int = 0


def readable(text: str, headings: Sequence[Heading], start: int = -1, end: int = -1) -> str:
    """The HTML; ``text[start:end]`` is marked, its beginning under the id ``cited``."""
    shown: list[str] = []
    at = 0
    for piece in _merged(text, _pieces(text, {one.start: one.level for one in headings})):
        shown += [text[at : piece.start], _html(text, piece, start, end)]
        at = piece.end
    whole = "".join([*shown, text[at:]])
    return whole.replace("<mark>", '<mark id="cited" tabindex="-1">', 1)


def _html(text: str, piece: _Piece, start: int, end: int) -> str:
    first, last = max(piece.start, start), min(piece.end, end)
    if first < last:
        parts = (text[piece.start : first], text[first:last], text[last : piece.end])
        before, cited, after = map(html.escape, parts)
        inside = f"{before}<mark>{cited}</mark>{after}"
    else:
        inside = html.escape(text[piece.start : piece.end])
    match piece.kind:
        case "heading":
            level = min(6, piece.level + 2)
            return f"<h{level}>{inside}</h{level}>"
        case "kept":
            return f"<pre>{inside}</pre>"
        case "item":
            return f'<p class="item" style="--depth: {piece.level}">{inside}</p>'
        case kind:
            return f'<p class="{kind}">{inside}</p>'


def _pieces(text: str, levels: dict[int, int]) -> Iterator[_Piece]:
    """Headings, the items of lists, and what stands between blank lines."""
    block: list[tuple[int, int]] = []
    for match in _LINE.finditer(text):
        first, last = match.span()
        level = levels.get(first)
        apart = block and text.count("\n", block[-1][1], first) > 1
        blank = not match[0].strip()
        if block and (apart or blank or level or _begins_item(match[0], block, text)):
            yield _piece(text, block)
            block = []
        if level:
            yield _Piece(first, last, "heading", level)
        elif not blank:
            block.append((first, last))
    if block:
        yield _piece(text, block)


def _begins_item(line: str, block: list[tuple[int, int]], text: str) -> bool:
    return bool(_ITEM.match(line)) and not _is_kept([text[first:last] for first, last in block])


def _piece(text: str, block: list[tuple[int, int]]) -> _Piece:
    lines = [text[first:last] for first, last in block]
    start, end = block[0][0], block[-1][1]
    if _ITEM.match(lines[0]):
        return _Piece(start, end, "item", min(_DEEPEST, (len(lines[0]) - len(lines[0].lstrip())) // 2))
    if _is_kept(lines):
        return _Piece(start, end, "kept")
    wrapped = all(_width(line) >= _WRAPPED for line in lines[:-1])
    return _Piece(start, end, "prose" if wrapped else "lines")


def _is_kept(lines: Sequence[str]) -> bool:
    kept = sum(bool(_CODE.search(line) or _TABLE.search(line)) for line in lines)
    return kept >= _MOST_LINES * len(lines)


def _width(line: str) -> int:
    return len(line) + len(WIDE.findall(line))


def _merged(text: str, pieces: Iterator[_Piece]) -> Iterator[_Piece]:
    """Code goes on over its blank lines."""
    held: _Piece | None = None
    for piece in pieces:
        if held and held.kind == piece.kind == "kept" and not text[held.end : piece.start].strip():
            held = replace(held, end=piece.end)
            continue
        if held:
            yield held
        held = piece
    if held:
        yield held
