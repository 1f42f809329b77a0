"""The writer that needs no model: the sentences that answer best, word for word, in the order that reads well."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import numpy as np

from agent.answerability import answerability, threshold
from agent.evidence import Evidence, Sentence, cite
from agent.text import content
from retrieval.embedders import Embedder
from retrieval.sentences import sentences as split_sentences

_LIST_MARK = re.compile(r"^(?:[-*+•]|\d{1,2}[.)])\s+")
PASSAGES = 6
NEAREST = 12
QUOTES = 4


@dataclass(frozen=True, slots=True)
class _Candidate:
    rank: int
    start: int
    end: int
    text: str
    evidence: Evidence
    score: float = 0.0


class QuotingWriter:
    """Quotes. ``embedder`` tells near sentences from those that only share words; without one, words decide."""

    def __init__(self, embedder: Embedder | None = None) -> None:
        self._embedder = embedder

    async def write(self, question: str, evidence: Sequence[Evidence]) -> AsyncIterator[Sentence]:
        if answerability(question, evidence) < threshold():
            return
        candidates = sorted(_candidates(question, evidence[:PASSAGES]), key=lambda found: -found.score)[:NEAREST]
        ranked = await self._by_meaning(question, candidates)
        chosen = _choose(ranked)
        for found in sorted(chosen, key=lambda one: (one.rank, one.start)):
            text = _LIST_MARK.sub("", " ".join(found.text.split()))
            yield Sentence(text=text, citations=[cite(found.evidence, found.start, found.end)])

    async def mend(self, sentence: Sentence) -> Sentence | None:
        """A quote is right or it is not."""
        return None

    async def _by_meaning(self, question: str, candidates: list[_Candidate]) -> list[_Candidate]:
        if self._embedder is None or not candidates:
            return candidates
        asked = await self._embedder.query(question)
        vectors = await self._embedder.passages([f"{one.evidence['title']}\n{one.text}" for one in candidates])
        near = vectors @ asked
        spread = float(np.ptp(near)) or 1.0
        rescored = [
            _Candidate(
                c.rank, c.start, c.end, c.text, c.evidence, 0.5 * c.score + 0.5 * float((n - near.min()) / spread)
            )
            for c, n in zip(candidates, near, strict=True)
        ]
        return sorted(rescored, key=lambda found: -found.score)


def _candidates(question: str, evidence: Sequence[Evidence]) -> list[_Candidate]:
    """Every sentence of the passages, scored by the share of the question's words it has, the rare ones weighing more."""
    times = Counter(content(question))
    asked = set(times)
    pieces = [(rank, item, span) for rank, item in enumerate(evidence) for span in split_sentences(item["text"])]
    bags = [set(content(item["text"][slice(*span)])) for _, item, span in pieces]
    seen = Counter(word for bag in bags for word in bag & asked)
    weight = {word: times[word] * math.log(1 + len(bags) / (1 + seen[word])) for word in asked}
    total = sum(weight.values()) or 1.0
    found = []
    for (rank, item, (start, end)), bag in zip(pieces, bags, strict=True):
        context = set(content(f"{item['title']} {' '.join(item['headings'])}"))
        covered = sum(weight[word] * (1.0 if word in bag else 0.5) for word in asked & (bag | context))
        score = covered / total * _readable(item["text"][start:end], len(bag)) * 0.95**rank
        found.append(_Candidate(rank, start, end, item["text"][start:end], item, score))
    return found


def _readable(text: str, says: int) -> float:
    """How well a piece stands as a sentence of an answer: code, headings and scraps do less."""
    if text.endswith((":", "：", "?", "？")):
        return 0.3
    signs = sum(char in "=(){}[]<>_`|\\/;#" for char in text)
    if signs > 0.04 * len(text) + 1:
        return 0.3
    return 1.0 if says >= 3 else 0.4


def _choose(ranked: Sequence[_Candidate]) -> list[_Candidate]:
    """The best ones that are close to the best and do not repeat each other."""
    chosen: list[_Candidate] = []
    for one in ranked:
        bag = set(content(one.text))
        repeats = any(len(bag & set(content(other.text))) > 0.8 * max(1, len(bag)) for other in chosen)
        if not repeats and (not chosen or one.score >= 0.7 * chosen[0].score):
            chosen.append(one)
        if len(chosen) == QUOTES:
            break
    return chosen
