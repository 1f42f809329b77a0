"""Evidence: what the agent found, as plain data that a checkpoint keeps; and citations into it."""

from __future__ import annotations

from typing_extensions import TypedDict

from retrieval.documents import Hit


class Evidence(TypedDict):
    """A passage as the graph carries it. ``start``/``end`` are offsets into the document's text."""

    passage: str
    document: str
    title: str
    headings: list[str]
    text: str
    start: int
    end: int
    uri: str
    score: float
    similarity: float | None
    via: str


class Citation(TypedDict):
    """What a sentence rests on: ``quote`` is the document's text from ``start`` to ``end``."""

    document: str
    title: str
    uri: str
    start: int
    end: int
    quote: str


class Sentence(TypedDict):
    """One sentence of an answer and what it rests on."""

    text: str
    citations: list[Citation]


def from_hit(hit: Hit, *, comparable: bool = True) -> Evidence:
    """``comparable`` says whether similarities mean what the calibration of answerability thinks they mean."""
    passage = hit.passage
    return Evidence(
        passage=passage.id,
        document=passage.document,
        title=passage.title,
        headings=list(passage.headings),
        text=passage.text,
        start=passage.start,
        end=passage.end,
        uri=passage.uri,
        score=hit.score,
        similarity=hit.similarity if comparable else None,
        via=hit.via,
    )


def merge(known: list[Evidence], found: list[Evidence]) -> list[Evidence]:
    """Both, each passage once with its better score, best first."""
    best: dict[str, Evidence] = {}
    for evidence in (*known, *found):
        other = best.get(evidence["passage"])
        if other is None or evidence["score"] > other["score"]:
            best[evidence["passage"]] = evidence
    return sorted(best.values(), key=lambda evidence: -evidence["score"])


def cite(evidence: Evidence, start: int, end: int) -> Citation:
    """A citation of ``evidence['text'][start:end]``."""
    return Citation(
        document=evidence["document"],
        title=evidence["title"],
        uri=evidence["uri"],
        start=evidence["start"] + start,
        end=evidence["start"] + end,
        quote=evidence["text"][start:end],
    )
