"""What a press does: to a subscription by its card, and to what comes by the buttons of a story."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from bot.chat import Action, Chat, ChatError, ChatRefused, Mention, Place, Press, Reply
from bot.cron import CronInvalid
from bot.digests.asking import MOST_TOPICS, NotUnderstood, Wish, named, sources, understood, when
from bot.digests.editions import Entry
from bot.digests.items import Vector
from bot.digests.phrases import LANGUAGES
from bot.digests.service import Digests, job_name, week_name
from bot.digests.showing import story_key
from bot.digests.subscriptions import Length, State, Subscription
from bot.rendering import escape_markdown
from bot.schedule import Schedule
from retrieval.errors import RetrievalError

PRESSED = frozenset(
    {
        Action.SUBSCRIBE,
        Action.CHANGE,
        Action.PAUSE,
        Action.RESUME,
        Action.DELETE,
        Action.MORE,
        Action.LESS,
        Action.MUTE,
        Action.RESEARCH,
        Action.REMEMBER,
    }
)
ONLY_OWNER = "Only whoever subscribed may do that; anyone here may pause it."


class DigestPresses:
    """``ask`` is what answers a mention; everything here may be called again for the same press."""

    def __init__(
        self,
        digests: Digests,
        schedule: Schedule,
        ask: Callable[[Mention], Awaitable[None]],
        chats: Mapping[str, Chat],
        zone: str,
    ) -> None:
        self._digests = digests
        self._schedule = schedule
        self._ask = ask
        self._chats = chats
        self._zone = zone

    async def press(self, press: Press) -> None:
        if press.person.is_bot:
            return
        match press.action:
            case Action.SUBSCRIBE:
                await self._subscribe(press)
            case Action.RESUME if press.subject.startswith("job:"):
                await self._schedule.resume(press.subject.removeprefix("job:"))
                await self._say(press, "It runs again from its next time on.")
            case Action.CHANGE | Action.PAUSE | Action.RESUME | Action.DELETE:
                await self._of_card(press)
            case _:
                await self._of_story(press)

    async def _subscribe(self, press: Press) -> None:
        """Keep a subscription, show its card, and show what it would have brought today."""
        try:
            wish = understood(str(press.form.get("text", "")), self._zone)
        except (NotUnderstood, CronInvalid) as error:
            await self._say(press, str(error))
            return
        made = _made(press, wish)
        await self._digests.subscriptions.add(made)
        await self._digests.show_card(made)
        try:
            await self._digests.preview(made)
        except RetrievalError as error:
            await self._say(press, f"There is no preview: {error}")
            return
        try:
            await self._digests.deliver(made.id)
        except ChatRefused as error:
            await self._say(press, f"Not shown: {escape_markdown(str(error))}")

    async def _of_card(self, press: Press) -> None:
        subscription = await self._digests.subscriptions.get(press.subject.removeprefix("digest-"))
        if subscription is None or subscription.state is State.DELETED:
            await self._say(press, "This digest was deleted.")
            return
        is_owner = press.person.id == subscription.owner.id
        in_place = press.place.channel_key == subscription.place.channel_key
        if not is_owner and not (press.action is Action.PAUSE and in_place):
            await self._say(press, ONLY_OWNER)
            return
        try:
            changed = await self._changed(subscription, press)
        except (NotUnderstood, CronInvalid, ValueError) as error:
            await self._say(press, str(error))
            return
        await self._digests.show_card(changed)

    async def _changed(self, subscription: Subscription, press: Press) -> Subscription:
        change, jobs = self._digests.subscriptions.change, (job_name(subscription.id), week_name(subscription.id))
        match press.action:
            case Action.PAUSE:
                return await change(subscription, state=State.PAUSED, reason="")
            case Action.DELETE:
                return await change(subscription, state=State.DELETED)
            case Action.RESUME:
                for job in jobs:
                    await self._schedule.resume(job)
                return await change(subscription, state=State.ACTIVE, reason="")
            case _:
                edited = _edited(subscription, press)
                for job in jobs:
                    await self._schedule.restart(job)
                return await change(subscription, **edited)

    async def _of_story(self, press: Press) -> None:
        id_, _, number = press.subject.rpartition(":")
        edition = await self._digests.editions.get(id_)
        if edition is None or not number.isdecimal() or int(number) >= len(edition.entries):
            await self._say(press, "I don't know this story any more.")
            return
        if edition.place.channel_key != press.place.channel_key and press.place.platform != "console":
            await self._say(press, "That can be pressed where the digest stands.")
            return
        entry = edition.entries[int(number)]
        match press.action:
            case Action.MORE | Action.LESS if int(number) < len(edition.vectors):
                await self._mark(press, edition.place, entry, edition.vectors[int(number)])
            case Action.MUTE:
                await self._mute(press, edition.subscription, entry)
            case Action.RESEARCH:
                await self._start(press, edition.place, f"What do we know about “{_plain(entry['title'])}”?")
            case Action.REMEMBER:
                await self._start(
                    press, edition.place, f"remember that: {_plain(entry['title'])} {entry['link']}".strip()
                )
            case _:
                await self._say(press, "I can't compare it any more: it was read with another embedding model.")

    async def _mark(self, press: Press, place: Place, entry: Entry, vector: Vector) -> None:
        mark = press.action.value
        await self._digests.editions.mark(
            press.subject, press.person.id, place, mark, entry["source"], vector, press.at
        )
        await self._say(press, "Noted: more like this." if press.action is Action.MORE else "Noted: less of this.")

    async def _mute(self, press: Press, id_: str, entry: Entry) -> None:
        subscription = await self._digests.subscriptions.get(id_)
        if subscription is None:
            return
        if await self._digests.subscriptions.mute(subscription, entry["source"]) is None:
            await self._say(press, "It is the only source of this digest; Edit names others, Pause stops it.")
            return
        await self._say(
            press, f"Muted here: {escape_markdown(named(entry['source']))}. Edit on the digest's card names it again."
        )

    async def _start(self, press: Press, place: Place, text: str) -> None:
        """Ask it in the thread of the story, in the name of whoever pressed."""
        id_, _, number = press.subject.rpartition(":")
        thread = story_key(id_, int(number)) if press.thread is None else press.thread
        there = replace(place, thread=place.thread or thread)
        await self._ask(Mention(f"{press.event_id}:{press.action.value}", there, press.person, text, press.at))

    async def _say(self, press: Press, words: str) -> None:
        with contextlib.suppress(ChatError):
            await self._chats[press.place.platform].whisper(press.place, press.person, Reply(words))


def _made(press: Press, wish: Wish) -> Subscription:
    place = replace(press.place, thread="")
    return Subscription(
        press.subject,
        place,
        press.person,
        wish.topics,
        wish.sources,
        wish.cron,
        wish.zone,
        press.at,
        length=wish.length,
        language=wish.language,
        weekly=wish.weekly,
    )


def _edited(subscription: Subscription, press: Press) -> dict[str, Any]:
    """The fields that a form holds. Raises `NotUnderstood`, `CronInvalid` or `ValueError`."""
    form, fields = press.form, dict[str, Any]()
    if "topics" in form:
        fields["topics"] = str(form["topics"]).strip()[:MOST_TOPICS]
    if form.get("when"):
        fields["cron"], fields["zone"] = when(str(form["when"]), subscription.zone)
    if form.get("sources"):
        fields |= {"sources": sources(str(form["sources"])), "muted": ()}
    if form.get("length"):
        fields["length"] = Length(str(form["length"]))
    if form.get("language"):
        language = str(form["language"])
        fields["language"] = language if language in LANGUAGES else ""
    return fields


def _plain(title: str) -> str:
    """A title within a sentence of ours: on one line, without what would end its quotation."""
    return " ".join(title.replace("“", "‘").replace("”", "’").split())[:300]
