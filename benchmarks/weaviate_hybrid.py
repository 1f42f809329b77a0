"""Weaviate's own hybrid search, to be measured beside the product's way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from retrieval.documents import Audience, Hit
from retrieval.embedders import Embedder

ALL = Audience.everyone()
Way = Callable[[str], Awaitable[Sequence[Hit]]]


def hybrids(store: Any, embedder: Embedder) -> dict[str, Way]:
    """Relative scores with the vectors weighing a half and three quarters, and ranks. The product uses none of them."""
    from weaviate.classes.query import HybridFusion

    ways = {
        "Weaviate, relative scores, 0.5": (HybridFusion.RELATIVE_SCORE, 0.5),
        "Weaviate, relative scores, 0.75": (HybridFusion.RELATIVE_SCORE, 0.75),
        "Weaviate, ranks, 0.5": (HybridFusion.RANKED, 0.5),
    }
    return {name: _hybrid(store, embedder, fusion, alpha) for name, (fusion, alpha) in ways.items()}


def _hybrid(store: Any, embedder: Embedder, fusion: Any, alpha: float) -> Way:
    from retrieval.stores.weaviate_objects import PASSAGE, asked, read_passage, seen_by

    async def search(question: str) -> Sequence[Hit]:
        found = await store._passages.query.hybrid(
            asked(question),
            vector=(await embedder.query(question)).tolist(),
            target_vector=store._spaces.name,
            alpha=alpha,
            fusion_type=fusion,
            query_properties=["words"],
            filters=seen_by(ALL),
            limit=30,
            return_properties=PASSAGE,
        )
        return [Hit(read_passage(each.properties), 0.0) for each in found.objects]

    return search
