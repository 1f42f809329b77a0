"""In which order: by the topics, and by what people in that place marked.

Learning from marks is Rocchio's (1971): an item is worth more the nearer it is to the middle of what was marked “More like
this”, and less the nearer to that of “Less”; a source is worth what was marked of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from agent.text import content
from bot.digests.items import Vector
from bot.digests.stories import Sameness, Story

LIKED, DISLIKED, SOURCE, TOLD, WORDS = 0.35, 0.35, 0.15, 0.05, 0.3
ON_TOPIC = 0.2
"""How much a story must have of a topic, where topics were named."""
NEAR_LIKED = 0.5
_APART = re.compile(r"[,;，；、\n]|\band\b|\bor\b|和")


@dataclass(frozen=True, slots=True)
class Topic:
    """One of the topics in words of a subscription."""

    words: str
    vector: Vector
    stems: frozenset[str]


@dataclass(frozen=True, slots=True)
class Mark:
    """What somebody thought of a story that was shown."""

    more: bool
    source: str
    vector: Vector


@dataclass(frozen=True, slots=True)
class Ranked:
    """A story with its worth; ``topic`` is the one it is nearest to, ``liked`` that it is near what was marked."""

    story: Story
    worth: float
    topic: str = ""
    shared: tuple[str, ...] = ()
    liked: bool = False


async def topics_of(words: str, sameness: Sameness) -> list[Topic]:
    """Each topic with its vector. Raises `EmbedderAway`."""
    named = [part.strip() for part in _APART.split(words) if part.strip()]
    return [Topic(one, await sameness.embedder.query(one), frozenset(content(one))) for one in named[:20]]


def ranked(
    stories: Sequence[Story], topics: Sequence[Topic], marks: Sequence[Mark], sameness: Sameness
) -> list[Ranked]:
    """The stories on the topics, the one that is worth most first."""
    more = _middle([mark.vector for mark in marks if mark.more])
    less = _middle([mark.vector for mark in marks if not mark.more])
    sources = _sources(marks)
    found = [_ranked(story, topics, more, less, sources, sameness) for story in stories]
    on_topic = [one for one in found if not topics or one.topic]
    return sorted(on_topic, key=lambda one: (-one.worth, -one.story.lead.at, one.story.lead.id))


def _ranked(
    story: Story,
    topics: Sequence[Topic],
    more: Vector | None,
    less: Vector | None,
    sources: dict[str, float],
    sameness: Sameness,
) -> Ranked:
    vector = story.lead.vector
    if vector is None:
        raise ValueError("this story was not embedded")
    stems = frozenset(content(f"{story.lead.title} {story.lead.text[:1_000]}"))
    best, fit = None, 0.0
    for topic in topics:
        has = len(topic.stems & stems) / max(1, len(topic.stems))
        one = max(0.0, sameness.nearness(float(vector @ topic.vector))) + WORDS * has
        if one > fit:
            best, fit = topic, one
    liked = 0.0 if more is None else sameness.nearness(float(vector @ more))
    disliked = 0.0 if less is None else sameness.nearness(float(vector @ less))
    worth = fit + LIKED * liked - DISLIKED * disliked
    worth += SOURCE * sources.get(story.lead.source, 0.0) + TOLD * np.log2(len({item.source for item in story.items}))
    on_topic = best is not None and fit >= ON_TOPIC
    shared = tuple(sorted(best.stems & stems)) if best is not None else ()
    return Ranked(story, float(worth), best.words if best and on_topic else "", shared, liked >= NEAR_LIKED)


def _middle(vectors: Sequence[Vector]) -> Vector | None:
    if not vectors:
        return None
    middle: Vector = np.mean(np.stack(vectors), axis=0)
    return middle / max(float(np.linalg.norm(middle)), 1e-6)


def _sources(marks: Sequence[Mark]) -> dict[str, float]:
    """From -1 to 1, by source; one mark says little."""
    given: dict[str, list[float]] = {}
    for mark in marks:
        given.setdefault(mark.source, []).append(1.0 if mark.more else -1.0)
    return {source: sum(values) / (len(values) + 2) for source, values in given.items()}
