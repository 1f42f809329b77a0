"""An edition out of ranked stories: quotes by default; with a model prose, each sentence checked against what it cites.

What an item says is data: it is quoted with its signs escaped, or given to a model that has no tools. An instruction in it
has nobody who would follow it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

import structlog

from agent.errors import AgentError
from agent.evidence import Evidence, Sentence, cite
from agent.support import support
from agent.text import content
from agent.writing import ProseWriter
from bot.digests.editions import Content, Entry, Quote
from bot.digests.items import Item
from bot.digests.phrases import Phrases
from bot.digests.ranking import Ranked
from bot.digests.subscriptions import Subscription
from retrieval.sentences import sentences as split_sentences

SENTENCES = 2
SHORTEST, LONGEST = 25, 400
"""Characters of a sentence that is quoted."""
SUPPORTED = 0.6
"""What a sentence of a model must have of what it cites."""
MOST_ALSO = 5
Write = Callable[[Item], Awaitable[list[Sentence]]]
"""Writes on an item; none where there is nothing to say. May raise `AgentError`."""
log = structlog.get_logger()


class Prose:
    """Two sentences on an item by a model; none where what it says is not supported."""

    def __init__(self, writer: ProseWriter, language: str) -> None:
        self._writer = writer
        self.language = language

    async def sentences(self, item: Item, topics: str) -> list[Sentence]:
        """Raises `AgentError` where the model fails."""
        asked = f"In at most two sentences: what is new in this, for people who follow {topics or 'this'}?"
        if self.language:
            asked += f" Write {self.language}."
        kept: list[Sentence] = []
        async with aclosing(self._writer.write(asked, [_evidence(item)])) as written:
            async for sentence in written:
                if support(sentence["text"], [one["quote"] for one in sentence["citations"]]) >= SUPPORTED:
                    kept.append(sentence)
                if len(kept) == SENTENCES:
                    break
        return kept


async def edition_content(
    subscription: Subscription,
    found: Sequence[Ranked],
    number: int,
    now: float,
    notes: Sequence[str],
    write: Write | None = None,
    *,
    first: bool = False,
) -> Content:
    """The content of an edition; the stories of it are the first of those found. Without ``write`` they are quoted.

    ``first``: there was none before it, and it is of the last days.
    """
    phrases = Phrases.of(subscription.language)
    length = subscription.length
    full, rest = found[: length.items], found[length.items : length.items + length.listed]
    items = [await _in_full(one, phrases, write) for one in full]
    left = len(found) - len(full) - len(rest)
    more = [phrases.left_out.format(count=left)] if left else []
    quiet = phrases.quiet_preview if first else phrases.quiet
    day = datetime.fromtimestamp(now, ZoneInfo(subscription.zone))
    return Content(
        heading=phrases.heading.format(
            number=number, date=f"{day:%Y-%m-%d}", topics=subscription.topics or phrases.everything
        ),
        headline=items[0]["title"] if items else "",
        quiet="" if items else quiet.format(topics=subscription.topics or phrases.everything),
        items=items,
        rest=[_listed(one.story.lead) for one in rest],
        notes=[*more, *notes],
    )


async def _in_full(one: Ranked, phrases: Phrases, write: Write | None) -> Entry:
    item = one.story.lead
    entry = _listed(item)
    entry["sentences"] = [_quote(sentence) for sentence in await _written(item, write) or _quoted(item, one.topic)]
    entry["why"] = _why(one, phrases)
    others = dict.fromkeys(other.link for other in one.story.items[1:] if other.link and other.link != item.link)
    entry["also"] = list(islice(others, MOST_ALSO))
    return entry


async def _written(item: Item, write: Write | None) -> list[Sentence]:
    if write is None:
        return []
    try:
        return await write(item)
    except AgentError as error:
        log.warning("a digest is quoted, for the model failed", reason=str(error))
        return []


def _listed(item: Item) -> Entry:
    entry = Entry(title=item.title, link=item.link, source=item.source)
    if item.document:
        entry["document"] = item.document
    return entry


def _quoted(item: Item, topic: str) -> list[Sentence]:
    """The sentences that say most about the topic, in their order; the title where it says nothing else."""
    evidence = _evidence(item)
    wanted = set(content(f"{topic} {item.title}"))
    spans = [span for span in split_sentences(evidence["text"]) if SHORTEST <= span[1] - span[0] <= LONGEST]
    ranked = sorted(spans[:30], key=lambda span: (-len(wanted & set(content(evidence["text"][slice(*span)]))), span))
    chosen = sorted(ranked[:SENTENCES]) or [(0, min(len(evidence["text"]), LONGEST))]
    return [Sentence(text=evidence["text"][a:b], citations=[cite(evidence, a, b)]) for a, b in chosen]


def _evidence(item: Item) -> Evidence:
    return Evidence(
        passage=item.id,
        document=item.document or item.link or item.id,
        title=item.title,
        headings=[],
        text=item.text or item.title,
        start=item.start,
        end=item.start + len(item.text),
        uri=item.link,
        score=1.0,
        similarity=None,
        via="digest",
    )


def _quote(sentence: Sentence) -> Quote:
    cited = sentence["citations"][0]
    return Quote(
        text=" ".join(sentence["text"].split()),
        quote=cited["quote"],
        link=cited["uri"],
        title=cited["title"],
        document=cited["document"],
        start=cited["start"],
        end=cited["end"],
    )


def _why(one: Ranked, phrases: Phrases) -> str:
    reasons = []
    if one.topic:
        reasons.append(phrases.on_topic.format(topic=one.topic))
    if one.liked:
        reasons.append(phrases.liked)
    told = len({item.source for item in one.story.items})
    if told > 1:
        reasons.append(phrases.told.format(count=told))
    return phrases.why.format(reasons="; ".join(reasons) or phrases.chosen)
