"""Whose claim is whose: the sentences of a model's prose, each with the numbers of the passages that it cites.

A mark ([1], [1, 2], [1-3], 【1】, [^1]) belongs to the sentence that it stands in or directly follows; a sentence
without one cites nothing, so that no sentence borrows the mark of its neighbour.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter

from retrieval.sentences import sentences as split_sentences

_NUMBERS = r"\^?[1-9]\d?(?:\s*[,，、;]\s*\^?[1-9]\d?|\s*[-–—]\s*[1-9]\d?)*"
_NAMED = r"(?:(?:passages?|sources?|documents?|doc|段落|来源)\s*#?\s*)?"
_MARK = re.compile(
    rf"(?P<code>`[^`\n]*`)|[\[【]\s*(?P<numbers>{_NAMED}{_NUMBERS})\s*+(?:†[^\]】]{{0,80}}+)?[\]】](?![A-Za-z0-9_(]|\.[a-z0-9_]|\s*=)",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(\d+)(?:\s*[-–—]\s*(\d+))?")
_ENDS = (".", "!", "?", "。", "！", "？", "…")
_OPEN = re.compile(r"[\[【][^\]】\n]{0,24}")
_AFTER = re.compile(r"[ \t]*[.!?。！？…]*")
_NEAR = 400
"""Characters around a mark in which it is seen whether a sentence ends there."""
_LEAD = re.compile(
    r"(?:according to|based on|as (?:stated|described|mentioned|noted|said|per)(?: in)?|per|from|in|根据|依据|按照|据)"
    r"\s*(?:the\s+)?(?:(?:given|provided|above|following|上述|以上)\s+)?"
    r"(?:(?:numbered\s+)?(?:passages?|sources?|documents?|texts?|information|context|段落|来源|资料)(?:\s+(?:provided|given))?)?"
    r"\s*[,:，：]\s*"
    r"|(?:(?:the\s+)?(?:passages?|sources?|documents?|texts?)\s+)?(?:says?|states?|mentions?|notes?|explains?)\s+that\s+",
    re.IGNORECASE,
)
_LOOSE = re.compile(r"\s+(?:([.,;:!?]+)(?=\s|$)|([。，；：！？]))")
_SAYS = re.compile(r"\w")
_LIST_MARK = re.compile(r"^(?:[-*+•]|\d{1,2}[.)])\s+")


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence without its marks, and the passages that it cites by number."""

    text: str
    numbers: tuple[int, ...]


Marks = list[tuple[int, int, tuple[int, ...]]]


@dataclass(frozen=True, slots=True)
class _Span:
    """A sentence; ``begins`` is where its own marks may stand from, ``text`` to ``end`` what it says."""

    begins: int
    text: int
    end: int


def claims(prose: str, *, more: bool = False) -> tuple[list[Claim], str]:
    """The sentences of the prose and what is left of it.

    ``more`` says that it goes on: then the last sentence, which may grow or get its mark yet, is left.
    """
    marks = [(m.start(), m.end(), _numbers(m["numbers"])) for m in _MARK.finditer(prose) if m["numbers"]]
    masked = _masked(prose, marks)
    spans = _spans(masked, marks)
    left = len(prose)
    if more:
        grows = 2 if spans and _OPEN.fullmatch(prose[spans[-1].text : spans[-1].end]) else 1
        left = spans[-grows:][0].begins if spans else 0
        spans = spans[:-grows]
    ends = [*(span.begins for span in spans[1:]), left]
    return [_claim(masked, marks, span, end) for span, end in zip(spans, ends, strict=False)], prose[left:]


def _masked(prose: str, marks: Marks) -> str:
    """The prose with spaces for its marks."""
    for start, end, _ in marks:
        prose = prose[:start] + " " * (end - start) + prose[end:]
    return prose


def _numbers(marked: str) -> tuple[int, ...]:
    found: list[int] = []
    for first, last in _NUMBER.findall(marked):
        found.extend(range(int(first), int(last or first) + 1))
    return tuple(dict.fromkeys(found))


def _spans(masked: str, marks: Marks) -> list[_Span]:
    spans: list[_Span] = []
    for start, end in _pieces(masked, marks):
        for first, last in split_sentences(masked[start:end]):
            text = start + first
            if _SAYS.search(masked, text, start + last):
                spans.append(_Span(_begins(masked, text) if spans else 0, text, start + last))
    return spans


def _pieces(masked: str, marks: Marks) -> Iterator[tuple[int, int]]:
    """The lines, cut behind a mark with which a sentence ends, whatever the word before it abbreviates."""
    cuts = {match.end() for match in re.finditer("\n", masked)}
    for start, end, _ in marks:
        after = _AFTER.match(masked, end)
        ends = after.end() if after else end
        said = masked[max(0, start - _NEAR) : start].rstrip().rstrip("\"'”’)」』")
        stopped = said.endswith(_ENDS) or (after and after[0].strip())
        if stopped and not masked[ends : ends + _NEAR].lstrip()[:1].islower():
            cuts.add(ends)
    edges = [0, *sorted(cuts), len(masked)]
    return pairwise(edges)


def _begins(masked: str, text: int) -> int:
    """Where the sentence begins: a mark that leads its line is its own, not its neighbour's."""
    line = masked.rfind("\n", 0, text) + 1
    return text if masked[line:text].strip() else line


def _claim(masked: str, marks: Marks, span: _Span, end: int) -> Claim:
    first, last = (bisect_left(marks, at, key=itemgetter(0)) for at in (span.begins, end))
    numbers = (number for _, _, found in marks[first:last] for number in found)
    text = _LIST_MARK.sub("", " ".join(masked[span.text : span.end].split()))
    text = _LOOSE.sub(r"\1\2", text)
    lead = _LEAD.match(text)
    if lead and lead.end() < len(text):
        text = text[lead.end()].upper() + text[lead.end() + 1 :]
    return Claim(text, tuple(dict.fromkeys(numbers)))
