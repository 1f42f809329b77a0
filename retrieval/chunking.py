"""A document cut into passages: sentences in a row, under their headings, each with its exact span."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise
from operator import attrgetter

from retrieval.documents import Document, Link, Passage
from retrieval.links import fold
from retrieval.proper import proper_names
from retrieval.scripts import WIDE
from retrieval.sentences import Span, sentences

TARGET = 900
"""Characters of a usual passage: about 150 English words, well inside the 512 tokens of the default embedder."""
SMALLEST = 160
_WIDE_WEIGHT = 3
"""A Chinese, Japanese or Korean character says about as much as three Latin ones."""


def chunk(document: Document) -> list[Passage]:
    """The passages of a document in order; together they hold every character that is not white space."""
    passages: list[Passage] = []
    name, anchors = fold(document.title), sorted(document.anchors, key=attrgetter("start"))
    for start, end, path in _sections(document):
        for first, last in _packed(document.text, start, end):
            passages.append(
                Passage(
                    id=f"{document.id}#{len(passages)}",
                    document=document.id,
                    source=document.source,
                    title=document.title,
                    headings=path,
                    text=document.text[first:last],
                    start=first,
                    end=last,
                    audience=document.audience,
                    uri=document.uri,
                    mentions=tuple(sorted(proper_names(document.text[first:last]) | {name})),
                    links=tuple(dict.fromkeys(link.target for link in _between(anchors, first, last))),
                )
            )
    return passages


def _sections(document: Document) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Each stretch under one heading, its line included, with the path of headings; tiny ones join the next."""
    marks = [(0, ()), *_paths(document)]
    pending: int | None = None
    for (start, path), (end, following) in pairwise([*marks, (len(document.text), ())]):
        begin = start if pending is None else pending
        body = _weight(document.text[begin:end].strip())
        if not body:
            continue
        if body < SMALLEST and end < len(document.text) and _deeper(following, path):
            pending = begin
            continue
        pending = None
        yield begin, end, path
    if pending is not None:
        yield pending, len(document.text), marks[-1][1]


def _between(anchors: Sequence[Link], first: int, last: int) -> Sequence[Link]:
    """Those, in the order of the text, that stand from ``first`` to before ``last``."""
    begin, end = (bisect_left(anchors, at, key=attrgetter("start")) for at in (first, last))
    return anchors[begin:end]


def _deeper(following: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """Whether the heading that follows stands under the present one, so that both may share a passage."""
    return len(following) > len(path) and following[: len(path)] == path


def _paths(document: Document) -> Iterator[tuple[int, tuple[str, ...]]]:
    open_headings: list[tuple[int, str]] = []
    for heading in document.headings:
        while open_headings and open_headings[-1][0] >= heading.level:
            open_headings.pop()
        open_headings.append((heading.level, heading.text))
        yield heading.start, tuple(text for _, text in open_headings)


def _packed(text: str, start: int, end: int) -> Iterator[Span]:
    """Sentences of ``text[start:end]`` in runs of about `TARGET`, the last two evened out."""
    spans = [(start + first, start + last) for first, last in sentences(text[start:end])]
    if not spans:
        return
    total = _weight(text[start:end])
    count = max(1, round(total / TARGET))
    share = total / count
    begin, weight = spans[0][0], 0
    for (first, last), following in zip(spans, [*spans[1:], None], strict=True):
        weight += _weight(text[first:last])
        if following is None or (weight >= share * 0.9 and weight + _weight(text[slice(*following)]) > share * 1.1):
            yield begin, last
            if following:
                begin, weight = following[0], 0


def _weight(text: str) -> int:
    return len(text) + (0 if text.isascii() else (_WIDE_WEIGHT - 1) * len(WIDE.findall(text)))
