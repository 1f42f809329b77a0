"""A digest from its moment to its place: gathered, written once, then shown; and the jobs of all subscriptions."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.audiences import Audiences
from bot.chat import Chat, ChatAway, ChatError, ChatGone, ChatRefused, Place, Reply
from bot.cron import Cron, CronInvalid
from bot.digests.anew import Anew
from bot.digests.asking import KNOWLEDGE, named
from bot.digests.editions import WEEK, Edition, Editions, vectors_of
from bot.digests.gathering import Gatherer
from bot.digests.items import MOST, Item, Items, Vector
from bot.digests.links import link_key
from bot.digests.phrases import Phrases
from bot.digests.ranking import Ranked, ranked, topics_of
from bot.digests.showing import card, card_key, messages
from bot.digests.stories import Sameness, clusters, retold
from bot.digests.subscriptions import State, Subscription, Subscriptions
from bot.digests.tidying import tidy
from bot.digests.weekly import week_of
from bot.digests.writing import Prose, edition_content
from bot.digests.written import Written
from bot.jobs import Job, iso
from bot.poster import post
from bot.records import Records
from retrieval.documents import Filter
from retrieval.embedders import Embedder
from retrieval.search import Searcher
from retrieval.sources import Source

DAY = 86_400.0
JITTER = 120.0
"""Seconds over which the digests of one moment are spread."""
OVERLAP = 3_600.0
"""Of what was read shortly before the last digest, some may not have been there yet when it was written."""
LATE = 5 * DAY
"""How long after its own date an item may turn up and still be news: arXiv tells on Monday night what came in on Friday."""
PREVIEWED = 7 * DAY
LONGEST = 30 * DAY
"""How far back a digest looks at most, as after a pause of months."""
KEPT = LONGEST + 7 * DAY
"""How long what was read is kept whole; a moment may be run days after it was due."""
FOUND = 20
"""Documents of the knowledge base that a digest looks at."""
TRIES = 5
REFUSED = (
    "The whole of it is on the console's page Digests, and is not posted again; the next one comes at its time. "
    "Ask whoever runs that channel to allow what was refused, or pause the digest on its card."
)
log = structlog.get_logger()
ProseOf = Callable[[Subscription], Prose | None]


class Digests:
    """``open_source(name)`` makes a source; ``prose_of`` is what writes for a subscription, if anything but quotes is wanted."""

    def __init__(
        self,
        engine: AsyncEngine,
        embedder: Embedder,
        searcher: Searcher,
        audiences: Audiences,
        open_source: Callable[[str], Source],
        chats: Mapping[str, Chat],
        records: Records,
        clock: Callable[[], float],
        prose_of: ProseOf = lambda subscription: None,
    ) -> None:
        self._engine = engine
        self.subscriptions = Subscriptions(engine)
        self.editions = Editions(engine, embedder.name, embedder.dimensions)
        self._items = Items(engine, embedder.name)
        self._anew = Anew(self._items, self.editions, self._ready)
        self._gatherer = Gatherer(engine, self._items, self._ready, open_source, clock)
        self._embedder = embedder
        self._searcher = searcher
        self._audiences = audiences
        self._chats = chats
        self._records = records
        self._clock = clock
        self._prose_of = prose_of
        self._written = Written()
        self._sameness: Sameness | None = None

    # what runs when (bot.jobs.Jobs)

    async def jobs(self) -> Sequence[Job]:
        """Those of every active subscription. One whose schedule can't be read is paused, and says so."""
        return [job for one in await self.subscriptions.active() for job in await self._jobs(one)]

    async def job(self, name: str) -> Job | None:
        kind, _, id_ = name.partition(":")
        subscription = await self.subscriptions.get(id_) if kind.startswith("digest") else None
        if subscription is None or subscription.state is State.DELETED:
            return None
        return next((one for one in await self._jobs(subscription) if one.name == name), None)

    async def _jobs(self, one: Subscription) -> list[Job]:
        try:
            daily = Cron(one.cron, one.zone, JITTER)
        except CronInvalid as error:
            await self.pause(one, str(error))
            return []
        label, lane = f"The digest on “{one.topics or 'its sources'}”", f"digest:{one.place.channel_key}"
        deliver = partial(self.deliver, one.id)
        written = partial(self.write, one)
        found = [Job(job_name(one.id), daily, written, deliver, label, lane, one.created_at, again=True)]
        if one.weekly:
            friday, weekly = Cron("0 16 * * fri", one.zone, JITTER), partial(self.write_week, one)
            found.append(Job(week_name(one.id), friday, weekly, deliver, f"{label}, weekly", lane, one.created_at))
        return found

    # writing

    async def write(self, subscription: Subscription, moment: float) -> None:
        """Write the edition of a moment, once. Raises `RetrievalError` where nothing can be embedded."""
        last = await self.editions.last(subscription.id)
        since = max(last, moment - LONGEST) if last and last <= self._clock() else moment - DAY
        await self._write(subscription, f"{subscription.id}:{iso(moment)}", moment, since)

    async def preview(self, subscription: Subscription) -> None:
        """Write the first edition, of what was new in the last days."""
        now = self._clock()
        await self._write(subscription, preview_id(subscription.id), now, now - PREVIEWED)

    async def write_week(self, subscription: Subscription, moment: float) -> None:
        """Write the summary of a week out of its editions."""
        id_ = f"{subscription.id}:{WEEK}:{iso(moment)}"
        if await self.editions.exists(id_):
            return
        written = [one for one in await self.editions.newest(subscription.id, 14) if one.due > moment - 7 * DAY]
        weeks = f"{subscription.id}:{WEEK}:"
        if any(one.id.startswith(weeks) and one.due > moment - 3 * DAY for one in written):
            return  # its zone was changed on a Friday: that week was summed up already
        memory = await self.editions.memory(subscription.place, ())
        now = self._clock()
        content = week_of(subscription, written, now)
        none = vectors_of((), self._embedder.dimensions)
        place, number = subscription.place, memory.number + 1
        await self.editions.write(
            Edition(id_, subscription.id, place, moment, now, content["heading"], content, none, number=number)
        )

    async def _write(self, subscription: Subscription, id_: str, due: float, since: float) -> None:
        for _ in range(TRIES):
            if await self.editions.exists(id_):
                return
            if await self.editions.write(await self.compose(subscription, id_, due, since)):
                return
        raise ChatAway(f"other digests are written for {subscription.place.channel_key} all the time")

    async def compose(self, subscription: Subscription, id_: str, due: float, since: float) -> Edition:
        """An edition of what is new since then and was never shown in its place. It is not kept yet."""
        now = self._clock()
        items, notes = await self._gathered(subscription, since)
        sameness = await self._ready()
        stories = await asyncio.to_thread(clusters, items, sameness)
        keys = {item.id: link_key(item.link, item.title) for item in items}
        await self._anew.shown(subscription.place)
        memory = await self.editions.memory(subscription.place, set(keys.values()))
        stories = [one for one in stories if not any(keys[item.id] in memory.links for item in one.items)]
        again = retold(stories, memory.vectors, sameness)
        fresh = [one for one, told in zip(stories, again, strict=True) if not told]
        topics = await topics_of(subscription.topics, sameness)
        found = ranked(fresh, topics, await self.editions.marks(subscription.place), sameness)
        number = memory.number + 1
        prose = self._prose_of(subscription)
        write = partial(self._written.sentences, prose, subscription.topics) if prose is not None else None
        first = id_ == preview_id(subscription.id)
        content = await edition_content(subscription, found, number, now, notes, write, first=first)
        seen = found[: len(content["items"]) + len(content["rest"])]
        return Edition(
            id_,
            subscription.id,
            subscription.place,
            due,
            now,
            content["headline"] or content["quiet"],
            content,
            vectors_of(_vectors(seen), self._embedder.dimensions),
            tuple(dict.fromkeys(keys[item.id] for one in seen for item in one.story.items)),
            number,
        )

    async def _gathered(self, subscription: Subscription, since: float) -> tuple[list[Item], list[str]]:
        """What is new in the sources, and what is to be said at the foot."""
        phrases = Phrases.of(subscription.language)
        sources = [source for source in subscription.read if source != KNOWLEDGE]
        errors = await self._gatherer.refresh(sources)
        notes = [phrases.unread.format(source=named(source), reason=reason) for source, reason in errors.items()]
        items, more = await self._items.since(sources, since - OVERLAP, since - LATE) if sources else ([], 0)
        items = await self._anew.items(items)
        if more:
            notes.append(f"There was more than can be looked at: {MOST:,} items were, {more:,} older ones were not.")
        if KNOWLEDGE in subscription.read:
            items += await self._from_knowledge(subscription, since)
        return items, notes

    async def _from_knowledge(self, subscription: Subscription, since: float) -> list[Item]:
        """Documents of this time that everyone in the place may see; each by its best passage."""
        if not subscription.topics:
            return []
        sight = await self._audiences.of(subscription.place, subscription.owner)
        found = await self._searcher.search(subscription.topics, sight.audience, FOUND, Filter(since=since))
        best = {hit.passage.document: hit.passage for hit in reversed(found.hits)}
        now = self._clock()
        items = [
            Item(one.id, KNOWLEDGE, one.uri, one.title, one.text, now, document=one.document, start=one.start)
            for one in best.values()
        ]
        return await (await self._ready()).embedded(items) if items else []

    async def tidy(self) -> int:
        """Drop the words and vectors of what was read and is too old for any digest; returns of how many."""
        return await tidy(self._engine, self._clock() - KEPT)

    # delivering

    async def deliver(self, id_: str) -> None:
        """Show what was written for a subscription and is still to be shown.

        Raises `ChatAway`; where something of it was refused for good, `ChatRefused`, after all else is shown.
        """
        subscription = await self.subscriptions.get(id_)
        if subscription is None or subscription.state is State.DELETED:
            return
        refused: list[str] = []
        for edition in await self.editions.undelivered(id_):
            if subscription.state is State.PAUSED and subscription.reason:
                break  # its place is closed: what was written stands in the archive, and is shown when it is resumed
            try:
                reason = await self._show_all(subscription, edition)
            except ChatGone:
                subscription = await self.pause(
                    subscription, "I was removed from that channel, may not post there, or it is gone."
                )
                continue
            if reason:
                await self.editions.refused(edition.id, reason)
                refused.append(reason)
            else:
                await self.editions.delivered(edition.id, self._clock())
        if refused:
            raise ChatRefused(" ".join([*refused, REFUSED]))

    async def _show_all(self, subscription: Subscription, edition: Edition) -> str:
        """Show each message of an edition; what was refused, where and why, or nothing. Raises `ChatGone` or `ChatAway`."""
        shown, why = messages(edition, subscription.language), []
        for key, reply in shown:
            try:
                await self.show(subscription.place, key, reply)
            except ChatRefused as error:
                why.append(str(error).rstrip("."))
        if not why:
            return ""
        heading, there = edition.content["heading"], subscription.place.channel_key
        log.warning("an edition was refused", edition=edition.id, place=there, reason=why[0])
        return f"{len(why)} of the {len(shown)} messages of “{heading}” may not stand in {there} ({why[0]})."

    async def pause(self, subscription: Subscription, reason: str) -> Subscription:
        """Write no more of it, and tell whoever subscribed why."""
        log.warning("digest paused", subscription=subscription.id, reason=reason)
        paused = await self.subscriptions.change(subscription, state=State.PAUSED, reason=reason)
        words = f"Your digest on “{subscription.topics or 'its sources'}” is paused: {reason} /digest shows it."
        with contextlib.suppress(ChatError):
            await self._chats[subscription.place.platform].whisper(subscription.place, subscription.owner, Reply(words))
        return paused

    async def show(self, place: Place, key: str, reply: Reply) -> None:
        """Show a message and keep it. Raises `ChatError`, also where the platform does not run here."""
        if place.platform not in self._chats:
            raise ChatAway(f"{place.platform} is not connected")
        await post(self._records, self._chats, place, key, reply, self._clock())

    async def show_card(self, subscription: Subscription, place: Place | None = None) -> None:
        """Show the card of a subscription, in its place or in another, and anew wherever it stands."""
        key = card_key(subscription.id)
        await self._records.pin(key, place or subscription.place, key)
        for where, name in await self._records.pinned(key):
            with contextlib.suppress(ChatGone, ChatRefused):
                await self.show(where, name, self.card(subscription))

    def card(self, subscription: Subscription) -> Reply:
        """The card of a subscription as it is now."""
        following = None
        if subscription.state is State.ACTIVE:
            with contextlib.suppress(CronInvalid):
                following = Cron(subscription.cron, subscription.zone).after(self._clock())
        return card(subscription, following)

    async def _ready(self) -> Sameness:
        if self._sameness is None:
            self._sameness = await Sameness.of(self._embedder)
        return self._sameness


def job_name(subscription: str) -> str:
    """The job of a subscription."""
    return f"digest:{subscription}"


def week_name(subscription: str) -> str:
    """The job of the summaries of its weeks."""
    return f"digest-week:{subscription}"


def preview_id(subscription: str) -> str:
    """The first edition of a subscription."""
    return f"{subscription}:preview"


def _vectors(found: Sequence[Ranked]) -> list[Vector]:
    return [one.story.lead.vector for one in found if one.story.lead.vector is not None]
