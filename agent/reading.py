"""Of all the passages that a tool has read, those that fit the question: by words first, then by meaning."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence

from agent.text import content, held
from retrieval.documents import Hit
from retrieval.embedders import Embedder
from retrieval.errors import EmbedderAway

BY_MEANING = 24
"""Passages that are embedded; a long page has thousands."""


async def fitting(question: str, hits: Sequence[Hit], embedder: Embedder | None, limit: int) -> list[Hit]:
    """At most ``limit`` hits, best first; what has no similarity yet gets one."""
    if all(hit.similarity is not None for hit in hits):
        return list(hits[:limit])
    by_words = await asyncio.to_thread(_by_words, question, hits)
    if embedder is None:
        return by_words[:limit]
    near = by_words[:BY_MEANING]
    try:
        asked = await embedder.query(question)
        vectors = await embedder.passages([hit.passage.embeddable for hit in near])
    except EmbedderAway:  # words decide, as they do without one
        return by_words[:limit]
    found = [
        Hit(hit.passage, float(similarity), float(similarity), hit.via)
        for hit, similarity in zip(near, vectors @ asked, strict=True)
    ]
    return sorted(found, key=lambda hit: -hit.score)[:limit]


def _by_words(question: str, hits: Sequence[Hit]) -> list[Hit]:
    """By the question's words that a passage holds, the rare ones weighing more; what holds none keeps its order."""
    asked = set(content(question))
    bags = list(held(asked, (hit.passage.embeddable for hit in hits)))
    rare = {word: math.log(1 + len(bags) / (1 + sum(word in bag for bag in bags))) for word in asked}
    scored = [
        Hit(hit.passage, sum(rare[word] for word in bag), via=hit.via) for hit, bag in zip(hits, bags, strict=True)
    ]
    return sorted(scored, key=lambda hit: -hit.score)
