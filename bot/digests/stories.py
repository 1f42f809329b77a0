"""Which items tell the same story: the same link, or nearly the same meaning with the same names and figures.

Cosines of different embedders mean different things: with some no two texts are below 0.7. So a cosine counts from what
two texts that have nothing to do with each other have, which is asked of each embedder once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import TypeVar

import numpy as np

from agent.quantities import numbers
from agent.text import content
from bot.digests.items import Item, Vector
from bot.digests.links import link_key
from retrieval.embedders import Embedder
from retrieval.proper import proper_names

N = TypeVar("N", float, Vector)
LIKELY = 0.3
"""How near two items must be for their words to be looked at."""
SAME = 0.8
"""How near an item must be to what was shown to be the same story, where meaning alone decides."""
CERTAIN = 10.0
BIAS, NEARNESS, WORDS, NAMES, FIGURES = -6.0, 6.0, 6.0, 1.5, 1.5
_UNRELATED = (
    "The city council voted on Tuesday to repave the market square before winter.",
    "A new compiler release speeds up incremental builds of large projects.",
    "Marine biologists counted more whales off the northern coast than last year.",
    "The central bank left interest rates unchanged at its meeting in March.",
    "The bakery won a prize for its sourdough bread at the regional fair.",
    "Researchers propose a cheaper way to train language models on small clusters.",
    "The orchestra opens its season with a symphony that was long thought lost.",
    "Heavy rain closed two mountain passes and delayed trains over the weekend.",
)


@dataclass(frozen=True, slots=True, eq=False)
class _Looks:
    """What of an item is compared."""

    link: str
    words: frozenset[str]
    names: frozenset[str]
    figures: frozenset[str]


class Sameness:
    """Says whether two items are one story. ``base`` is the cosine of what has nothing in common."""

    def __init__(self, embedder: Embedder, base: float) -> None:
        self.embedder = embedder
        self.base = base

    @classmethod
    async def of(cls, embedder: Embedder) -> Sameness:
        """Raises `EmbedderAway`."""
        vectors = await embedder.passages(_UNRELATED)
        return cls(embedder, float(np.mean([one @ two for one, two in combinations(vectors, 2)])))

    def nearness(self, cosine: N) -> N:
        """0 for what has nothing in common, 1 for the same."""
        return (cosine - self.base) / (1 - self.base)

    async def embedded(self, items: Sequence[Item]) -> list[Item]:
        """The items with their vectors. Raises `EmbedderAway`."""
        vectors = await self.embedder.passages([item.embeddable for item in items])
        return [replace(item, vector=vector) for item, vector in zip(items, vectors, strict=True)]

    def is_one_story(self, one: Item, two: Item) -> bool:
        return self.score(one, two) > 0

    def score(self, one: Item, two: Item) -> float:
        """Above 0 where they are one story (log odds)."""
        return self.compared(looks(one), looks(two), float(_vector(one) @ _vector(two)))

    def compared(self, one: _Looks, two: _Looks, cosine: float) -> float:
        """The same of what of them is compared."""
        if one.link == two.link:
            return CERTAIN
        near = self.nearness(cosine)
        if near < LIKELY:
            return -CERTAIN
        figures = (
            -1.0 if one.figures and two.figures and not one.figures & two.figures else _shared(one.figures, two.figures)
        )
        words, names = _shared(one.words, two.words), _shared(one.names, two.names)
        return BIAS + NEARNESS * near + WORDS * words + NAMES * names + FIGURES * figures


def looks(item: Item) -> _Looks:
    """What of an item is compared with others."""
    text = f"{item.title}\n{item.text[:1_000]}"
    figures = frozenset(number for number in numbers(text) if len(number) > 1)
    return _Looks(link_key(item.link, item.title), frozenset(content(text)), proper_names(text), figures)


def _shared(one: frozenset[str], two: frozenset[str]) -> float:
    """The share of the smaller set that is in the larger one."""
    return len(one & two) / min(len(one), len(two)) if one and two else 0.0


def _vector(item: Item) -> Vector:
    if item.vector is None:
        raise ValueError("this item was not embedded")
    return item.vector


@dataclass(frozen=True, slots=True)
class Story:
    """Items that tell one story, the one that tells most first."""

    items: tuple[Item, ...]

    @property
    def lead(self) -> Item:
        return self.items[0]


def clusters(items: Sequence[Item], sameness: Sameness) -> list[Story]:
    """The stories among items, in the order in which the first item of each comes.

    The likeliest pairs come together first, and two groups where their items are one story on average: an item that could
    also belong to somebody else's story goes where its own is told (average linkage, Sokal and Michener 1958).
    """
    known = [looks(item) for item in items]
    first: dict[str, int] = {}
    group = [first.setdefault(one.link, number) for number, one in enumerate(known)]
    members: dict[int, list[int]] = {}
    for number, head in enumerate(group):
        members.setdefault(head, []).append(number)
    vectors = np.stack([_vector(item) for item in items]) if items else np.empty((0, 0), np.float32)

    def score(pair: tuple[int, int]) -> float:
        one, two = pair
        return sameness.compared(known[one], known[two], float(vectors[one] @ vectors[two]))

    scores = {pair: found for pair in _likely(vectors, sameness) if (found := score(pair)) > 0}
    for pair in sorted(scores, key=lambda one: (-scores[one], one)):
        head, other = sorted(group[number] for number in pair)
        if head != other and sum(map(score, product(members[head], members[other]))) > 0:
            for number in members[other]:
                group[number] = head
            members[head] += members.pop(other)
    groups = [sorted(members[head], key=lambda one: (-len(items[one].text), one)) for head in sorted(members)]
    return [Story(tuple(items[one] for one in told)) for told in groups]


def _likely(vectors: Vector, sameness: Sameness) -> Iterator[tuple[int, int]]:
    """The pairs that are near enough for their words to be looked at."""
    for number in range(1, len(vectors)):
        near = sameness.nearness(vectors[:number] @ vectors[number])
        yield from ((int(other), number) for other in np.flatnonzero(near >= LIKELY))


def retold(stories: Sequence[Story], shown: Vector, sameness: Sameness) -> list[bool]:
    """For each story, whether one that was shown (a vector a row) has its meaning. Words of what was shown are not kept."""
    if not stories or not len(shown):
        return [False] * len(stories)
    vectors = np.stack([_vector(item) for story in stories for item in story.items])
    nearest = sameness.nearness((vectors @ shown.T).max(axis=1)) >= SAME
    owner = [number for number, story in enumerate(stories) for _ in story.items]
    return [
        any(near for near, one in zip(nearest, owner, strict=True) if one == number) for number in range(len(stories))
    ]
