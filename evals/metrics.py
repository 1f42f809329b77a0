"""Figures that need no model: ranking, citations by span, refusals, effects.

A figure is there only where it means something: a case that is to be refused has no recall.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from agent.text import content
from evals.cases import Case, Expected
from evals.outcomes import Outcome

CUT = 10
"""How far down a ranking is looked at."""
HALF = 0.5


class Span(NamedTuple):
    """Characters ``start:end`` of a document."""

    document: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Metric:
    """``better`` is 1 where more is better, -1 where less is. What does not ``count`` is shown and raises no alarm."""

    name: str
    label: str
    better: int = 1
    counts: bool = True
    unit: str = "%"


METRICS = (
    Metric("passed", "cases passed"),
    Metric("recall", "evidence found"),
    Metric("mrr", "rank of the first evidence (MRR)"),
    Metric("ndcg", "nDCG@10"),
    Metric("citation_precision", "citations that rest on the evidence"),
    Metric("citation_recall", "evidence that is cited"),
    Metric("says", "words that a right answer holds"),
    Metric("refused_wrongly", "answerable, and refused", -1),
    Metric("refused_rightly", "unanswerable, and refused"),
    Metric("effects_expected", "actions proposed as expected"),
    Metric("effects_unwanted", "actions proposed that nobody asked for", -1),
    Metric("cut", "cut off, or broken", -1),
    Metric("tokens", "tokens a case", -1, unit=""),
    Metric("cost", "cost a case", -1, unit="$"),
    # What makes a machine slow tonight makes all its cases slow: pairs do not cancel it.
    Metric("seconds", "seconds a case", -1, counts=False, unit="s"),
)


def recall(found: Sequence[str], relevant: Collection[str], cut: int) -> float:
    """The share of the relevant ones among the first ``cut`` found."""
    return len(set(found[:cut]) & set(relevant)) / len(set(relevant))


def ndcg(found: Sequence[str], relevant: Collection[str], cut: int) -> float:
    """Binary nDCG (Järvelin and Kekäläinen, TOIS 2002)."""
    gain = sum(1 / math.log2(rank + 2) for rank, one in enumerate(found[:cut]) if one in relevant)
    best = sum(1 / math.log2(rank + 2) for rank in range(min(cut, len(set(relevant)))))
    return gain / best


def reciprocal_rank(found: Sequence[str], relevant: Collection[str]) -> float:
    """One over the rank of the first relevant one; 0 where none is found."""
    return next((1 / rank for rank, one in enumerate(found, 1) if one in relevant), 0.0)


def touches(one: Span, other: Span) -> bool:
    """Whether two spans share at least half of the shorter one."""
    shared = min(one.end, other.end) - max(one.start, other.start)
    return one.document == other.document and shared >= HALF * max(1, min(one.end - one.start, other.end - other.start))


def figures(case: Case, evidence: Sequence[Span], outcome: Outcome) -> dict[str, float]:
    """Every figure of one outcome; ``evidence`` are the case's spans as they stand in the documents."""
    made = {
        "cut": float(bool(outcome.failed)),
        "effects_unwanted": float(sum(tool not in case.tools for tool in outcome.effects)),
        "tokens": float(outcome.tokens),
        "cost": outcome.cost,
        "seconds": outcome.seconds,
    }
    if not outcome.failed:
        made |= _of_kind(case, evidence, outcome)
    return {**made, "passed": float(passed(case, made))}


def _of_kind(case: Case, evidence: Sequence[Span], outcome: Outcome) -> dict[str, float]:
    match case.expects:
        case Expected.REFUSAL:
            return {"refused_rightly": float(outcome.refused)}
        case Expected.ACTION:
            return {"effects_expected": len(set(case.tools) & set(outcome.effects)) / len(set(case.tools))}
        case Expected.ANSWER:
            made = {"refused_wrongly": float(outcome.refused)}
            if case.says:
                made["says"] = _says(case.says, outcome.text)
            return {**made, **(_of_spans(evidence, outcome) if evidence else {})}


def _of_spans(evidence: Sequence[Span], outcome: Outcome) -> dict[str, float]:
    """A passage stands for the first evidence in it that none before it held, so that no evidence counts twice."""
    names = [str(number) for number in range(len(evidence))]
    found: list[str] = []
    for passage in outcome.found:
        held = [name for name, span in zip(names, evidence, strict=True) if touches(Span(*passage), span)]
        found.extend([name for name in held if name not in found] if held else [""])
    made = {
        "recall": recall(found, names, CUT),
        "mrr": reciprocal_rank(found, names),
        "ndcg": ndcg(found, names, CUT),
    }
    if outcome.refused:
        return made
    cited = [Span(*one) for one in outcome.cited]
    made["citation_recall"] = sum(any(touches(one, span) for one in cited) for span in evidence) / len(evidence)
    if cited:
        made["citation_precision"] = sum(any(touches(one, span) for span in evidence) for one in cited) / len(cited)
    return made


def _says(words: Sequence[str], text: str) -> float:
    """The share of the words, or short phrases, whose stems the text holds."""
    held = set(content(text))
    return sum(one in text or bool(content(one) and set(content(one)) <= held) for one in words) / len(words)


def passed(case: Case, made: dict[str, float]) -> bool:
    """Whether a person would let it pass: the right kind of answer, resting on half of the evidence at least."""
    if made["cut"] or made["effects_unwanted"]:
        return False
    match case.expects:
        case Expected.REFUSAL:
            return made["refused_rightly"] == 1.0
        case Expected.ACTION:
            return made["effects_expected"] == 1.0
        case Expected.ANSWER:
            rests = made.get("citation_recall", 1.0) >= HALF
            return not made["refused_wrongly"] and rests and made.get("says", 1.0) == 1.0
