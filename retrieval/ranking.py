"""Putting lists of hits together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from retrieval.documents import Hit


def reciprocal_rank_fusion(lists: Sequence[tuple[float, Sequence[Hit]]], k: float = 60.0) -> list[Hit]:
    """Weighted reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009): the sum of weight / (k + rank)."""
    scores: dict[str, float] = {}
    hits: dict[str, list[Hit]] = {}
    for weight, ranked in lists:
        for rank, hit in enumerate(ranked, 1):
            scores[hit.passage.id] = scores.get(hit.passage.id, 0.0) + weight / (k + rank)
            hits.setdefault(hit.passage.id, []).append(hit)
    return by_score({name: merged(found, scores[name]) for name, found in hits.items()})


def merged(found: Sequence[Hit], score: float) -> Hit:
    """One hit of several of the same passage."""
    similarity = next((hit.similarity for hit in found if hit.similarity is not None), None)
    via = "+".join(dict.fromkeys(way for hit in found for way in hit.via.split("+") if way))
    return Hit(found[0].passage, score, similarity, via)


def by_score(hits: Mapping[str, Hit]) -> list[Hit]:
    """Best first; ties in the order of ids, so that a result does not depend on luck."""
    return sorted(hits.values(), key=lambda hit: (-hit.score, hit.passage.id))
