"""Putting lists of hits together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from retrieval.documents import Hit

MEANING = 0.8
"""The weight of the vectors' half in a convex combination with BM25's (Bruch et al., TOIS 2023); measured."""
FLOOR = -0.5
"""The least that nearness counts, for a passage far below the nearest ones."""
GUARD = 2.0
"""How far below the nearest passages, in units of their spread, a followed one may be before it counts nothing."""


class Pool:
    """Candidates of one search. Scores are comparable within it alone; the two halves are worth at most 1 together.

    For a passage that has no vector yet (``waiting``) its words are worth all of it.
    """

    def __init__(self, near: Sequence[Hit], words: Sequence[Hit], waiting: Collection[str] = ()) -> None:
        nearness = [hit.similarity for hit in near if hit.similarity is not None]
        self._high = max(nearness, default=1.0)
        self._spread = max(self._high - min(nearness, default=0.0), 1e-6)
        self._best_words = max((hit.score for hit in words), default=1.0)
        self._hits: dict[str, Hit] = {}
        weight = MEANING if nearness else 0.0
        self._weight = weight
        for hit in near:
            self._hits[hit.passage.id] = Hit(hit.passage, self._base(hit), hit.similarity, "meaning")
        least = min((hit.score for hit in words), default=0.0) if len(words) > 1 else 0.0
        for hit in words:
            worth = (hit.score - least) / max(self._best_words - least, 1e-6)
            if hit.passage.id in waiting:
                self._hits[hit.passage.id] = merged([hit], worth)
                continue
            known = self._hits.get(hit.passage.id) or Hit(hit.passage, weight * FLOOR)
            self._hits[hit.passage.id] = merged([known, hit], known.score + (1 - weight) * worth)

    def add(self, hit: Hit, bonus: float, via: str, *, guarded: bool) -> None:
        """Raise a hit by a bonus; a guarded one less, the farther it is from the question."""
        known = self._hits.get(hit.passage.id) or Hit(hit.passage, self._base(hit), hit.similarity)
        if guarded:
            bonus *= min(1.0, max(0.0, (self._nearness(hit) + GUARD) / (1 + GUARD)))
        self._hits[hit.passage.id] = merged([known, Hit(hit.passage, 0.0, hit.similarity, via)], known.score + bonus)

    def share(self, hit: Hit) -> float:
        """How good a hit is beside the best one, 0 to 1."""
        best = max(known.score for known in self._hits.values())
        return max(0.0, hit.score / best) if best > 0 else 1.0

    def ranked(self) -> list[Hit]:
        return by_score(self._hits)

    def _base(self, hit: Hit) -> float:
        if hit.similarity is None and hit.via == "text":  # it has no vector yet, so its words are worth all of it
            return min(1.0, hit.score / max(self._best_words, 1e-6))
        return self._weight * max(FLOOR, self._nearness(hit))

    def _nearness(self, hit: Hit) -> float:
        """1 for the nearest passage, 0 for the last of the nearest ones, below that for what is farther."""
        if hit.similarity is None:
            return FLOOR
        return 1 - (self._high - hit.similarity) / self._spread


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
