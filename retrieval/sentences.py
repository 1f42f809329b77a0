"""Where the sentences of a text are, in any language."""

from __future__ import annotations

import re

LONGEST = 600
"""Characters of the longest sentence; a longer run is cut at a clause mark or a space."""

_END = re.compile(
    r"(?<![.!?…])[.!?…]++[\"'”’)\]]*+(?=\s|$)|(?:[。！？｡।॥؟۔።։။។]|．(?!\d))++[”’」』）\"]*+"
    r"|\n\s*\n|\n(?=\s*(?:[-*+•]|\d+[.)]|#{1,6}|```|\||>)\s?)"
    r"|(?<=\|)\n"
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:Dr|Mr|Mrs|Ms|Prof|St|Jr|Sr|vs|etc|e\.g|i\.e|cf|al|Fig|No|Vol|pp?|ca|approx|Inc|Ltd|Co|Corp|Gen|Gov|Sen|Rep|"
    r"Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)|\b[A-Z](?:\.[A-Z])*|^\s*\d{1,3})\.$"
)
_CLAUSE = re.compile(r"[;:,，；：、]\s*|\s+")
Span = tuple[int, int]


def sentences(text: str) -> list[Span]:
    """Spans of the sentences in order, without white space at their ends; list items and headings stand alone.

    Linear in the length of the text; no span is longer than `LONGEST`.
    """
    spans: list[Span] = []
    start = 0
    for match in _END.finditer(text):
        end = match.end()
        if match.group().startswith(".") and _abbreviates(text, start, match.start() + 1, end):
            continue
        spans.extend(_cut(text, start, end))
        start = end
    return [*spans, *_cut(text, start, len(text))]


def _abbreviates(text: str, start: int, dot: int, end: int) -> bool:
    """Whether the full stop before ``dot`` belongs to a short form, so that the sentence goes on."""
    following = text[end : end + 40].lstrip()
    if following[:1].islower():
        return True
    return bool(_ABBREVIATION.search(text[max(start, dot - 16) : dot]))


def _cut(text: str, start: int, end: int) -> list[Span]:
    spans: list[Span] = []
    while True:
        while start < end and text[start].isspace():
            start += 1
        while end > start and text[end - 1].isspace():
            end -= 1
        if start >= end:
            return spans
        if end - start <= LONGEST:
            return [*spans, (start, end)]
        middle = _last_clause(text, start)
        spans.extend(_cut(text, start, middle))
        start = middle


def _last_clause(text: str, start: int) -> int:
    limit = start + LONGEST
    position = limit
    for match in _CLAUSE.finditer(text, start + LONGEST // 2, limit):
        position = match.end()
    return position
