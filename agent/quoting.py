"""The writer that needs no model: the sentences that answer best, word for word, in the order that reads well."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from agent.answerability import THRESHOLD, answerability
from agent.evidence import Evidence, Sentence, cite
from agent.table_rows import head_of, in_words, is_head, is_row
from agent.text import content, laid_out
from retrieval.embedders import Embedder
from retrieval.errors import EmbedderAway
from retrieval.sentences import Span
from retrieval.sentences import sentences as split_sentences

PASSAGES = 6
WHOLE = 3
"""Passages of which every sentence is compared by meaning; of the others those that share most words."""
NEAREST = 20
QUOTES = 3
LEAST = 2
"""Words that carry meaning in what is quoted."""
CLOSE = 0.75
"""How close to the best sentence another must come to be quoted too."""
LONGEST = 700
"""Characters of a quote that goes on with the list it announces."""
_MEANING = 0.6
_LIST_MARK = re.compile(r"^(?:[-*+•]|\d{1,2}[.)])\s+")
_ITEM = re.compile(r"\s*(?:[-*+•]|\d{1,2}[.)])\s+\S")
_GOES_ON = re.compile(
    r"^(?:it|this|that|these|those|they|he|she|its|their|but|however|otherwise|then|so|instead|also|yes|no|if not)\b"
    r"|^(?:它|他|她|这|那|但|否则|然后)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Candidate:
    rank: int
    start: int
    end: int
    text: str
    evidence: Evidence
    words: frozenset[str]
    """Those that carry meaning in it."""
    context: frozenset[str]
    """These, and those of the headings above it."""
    head: Span | None = None
    """Where the names of its columns are, if it is a row of a table."""
    score: float = 0.0


class QuotingWriter:
    """Quotes. ``embedder`` tells near sentences from those that only share words; without one, words decide."""

    def __init__(self, embedder: Embedder | None = None) -> None:
        self._embedder = embedder

    def reads(self, question: str, evidence: Sequence[Evidence]) -> list[Evidence]:
        return list(evidence[:PASSAGES])

    async def write(self, question: str, evidence: Sequence[Evidence]) -> AsyncGenerator[Sentence]:
        if answerability(question, evidence) < THRESHOLD:
            return
        ranked = await self._by_meaning(question, _candidates(question, self.reads(question, evidence)))
        said: list[tuple[int, int, int]] = []
        for found in sorted(_choose(question, ranked), key=lambda one: (one.rank, one.start)):
            start, end = _whole(found)
            if any(rank == found.rank and start < last and first < end for rank, first, last in said):
                continue
            said.append((found.rank, start, end))
            cited = [(start, end), *([found.head] if found.head else [])]
            yield Sentence(text=_shown(found, start, end), citations=[cite(found.evidence, *span) for span in cited])

    async def mend(self, sentence: Sentence) -> Sentence | None:
        """A quote is right or it is not."""
        return None

    async def _by_meaning(self, question: str, candidates: list[_Candidate]) -> list[_Candidate]:
        """The nearest candidates, best first."""
        by_words = sorted(candidates, key=lambda found: -found.score)
        if self._embedder is None or not candidates:
            return by_words
        near = [one for one in by_words if one.rank < WHOLE][:NEAREST]
        near += [one for one in by_words if one.rank >= WHOLE][: NEAREST - len(near)]
        try:
            asked = await self._embedder.query(question)
            vectors = await self._embedder.passages([f"{_heading(one.evidence)}: {one.text}" for one in near])
        except EmbedderAway:  # words decide, as they do without one
            return by_words
        similar = vectors @ asked
        scaled = (similar - similar.min()) / (float(np.ptp(similar)) or 1.0)
        scored = [
            replace(one, score=(1 - _MEANING) * one.score + _MEANING * float(value) * _stands(one))
            for one, value in zip(near, scaled, strict=True)
        ]
        return sorted(scored, key=lambda found: -found.score)


def _candidates(question: str, evidence: Sequence[Evidence]) -> list[_Candidate]:
    """Every sentence of the passages, scored by the share of the question's words it has, the rare ones weighing more."""
    times = Counter(content(question))
    asked = set(times)
    pieces = [one for rank, item in enumerate(evidence) for one in _pieces(rank, item)]
    seen = Counter(word for one in pieces for word in one.words & asked)
    weight = {word: times[word] * math.log(1 + len(pieces) / (1 + seen[word])) for word in asked}
    total = sum(weight.values()) or 1.0
    found = []
    for one in pieces:
        if len(one.words) < LEAST:
            continue
        covered = sum(weight[word] * (1.0 if word in one.words else 0.5) for word in asked & one.context)
        found.append(replace(one, score=covered / total * _stands(one)))
    return found


def _pieces(rank: int, item: Evidence) -> Iterator[_Candidate]:
    """The sentences of a passage as they stand; the rows of its tables in words."""
    text = item["text"]
    above = frozenset(content(f"{item['title']} {' '.join(item['headings'])}"))
    for start, end in _spans(item):
        said, head = text[start:end], None
        if is_row(text, start, end):
            head = head_of(text, start)
            said = in_words(said, text[slice(*head)] if head else "")
        words = frozenset(content(said))
        yield _Candidate(rank, start, end, said, item, words, words | above, head)


def _spans(item: Evidence) -> list[Span]:
    """The sentences of a passage; its headings are none, nor do they begin one, and the heads of tables are none."""
    text = item["text"]
    spans = [(start + _leading_heading(text[start:end], item), end) for start, end in split_sentences(text)]
    return [
        (start, end) for start, end in spans if not (_is_heading(text[start:end], item) or is_head(text, start, end))
    ]


def _shown(found: _Candidate, start: int, end: int) -> str:
    text = found.evidence["text"]
    return found.text if is_row(text, start, end) else laid_out(text[start:end])


def _leading_heading(piece: str, item: Evidence) -> int:
    """How many characters a heading's line takes at the start of a piece that goes on after it."""
    line, broken, rest = piece.partition("\n")
    if not broken or not rest.strip():
        return 0
    short = len(line) <= 60 and len(line.split()) <= 8 and not line.rstrip().endswith((",", ";", "，", "、"))
    if _is_heading(line, item) or (short and not _ITEM.match(line) and rest.lstrip()[:1].isupper()):
        return len(piece) - len(rest.lstrip())
    return 0


def _is_heading(line: str, item: Evidence) -> bool:
    plain = " ".join(line.split())
    return bool(plain) and any(" ".join(heading.split()).endswith(plain) for heading in item["headings"])


def _stands(one: _Candidate) -> float:
    """How well a sentence stands as a part of an answer, 0 to 1; code, scraps and what ranks low do less."""
    text = one.text
    prior = 0.93**one.rank
    if text.endswith(("?", "？")):
        return 0.3 * prior
    signs = sum(char in "=(){}[]<>_`|\\/;#" for char in text)
    if signs > 0.04 * len(text) + 1:
        return 0.4 * prior
    return prior if len(one.words) > LEAST else 0.5 * prior


def _choose(question: str, ranked: Sequence[_Candidate]) -> list[_Candidate]:
    """The best ones that are close to the best, have to do with it or with the question, and do not repeat each other."""
    chosen = list(ranked[:1])
    about = set(content(question)).union(*(one.context for one in chosen))
    for one in ranked[1:]:
        if one.score < CLOSE * chosen[0].score or len(chosen) == QUOTES:
            break
        repeats = any(len(one.words & other.words) > 0.8 * len(one.words) for other in chosen)
        if not repeats and about & one.context:
            chosen.append(one)
    return chosen


def _whole(found: _Candidate) -> Span:
    """The span that can be understood alone: with the list it announces, or the sentence it goes on from."""
    spans = _spans(found.evidence)
    place = spans.index((found.start, found.end))
    start, end = found.start, found.end
    if place and _GOES_ON.match(_LIST_MARK.sub("", found.text)) and end - spans[place - 1][0] <= LONGEST:
        start = spans[place - 1][0]
    if found.text.endswith((":", "：")):
        for first, last in spans[place + 1 :]:
            if last - start > LONGEST or not _ITEM.match(found.evidence["text"][first:last]):
                break
            end = last
    return start, end


def _heading(item: Evidence) -> str:
    return item["headings"][-1] if item["headings"] else item["title"]
