"""The port `Chat` on Slack."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import replace

import structlog

from agent.errors import place_of
from bot.chat import ChatError, ChatGone, File, Membership, Page, Person, Place, Readers, Reply, Said
from bot.slack.blocks import Links, Part, parts, text_of
from bot.slack.calls import QUICK, Calls, Closed, Json, Refused
from bot.slack.clients import Clients
from bot.slack.files import Files
from bot.slack.history import History
from bot.slack.markup import fallback, readable, split, users_in
from bot.slack.messages import QUIET, Messages
from bot.slack.people import People
from bot.slack.pictures import Pictures
from bot.slack.progress import Progress
from bot.slack.streaming import Asked, Streams
from bot.slack.threads import pages

REMEMBERED = 2_000
"""Threads of which is remembered who addressed the assistant there last."""
CLOSING = 10.0
CHANNELS_SECONDS = 60.0
PAGES = 10
log = structlog.get_logger()


class SlackChat:
    """``close`` takes what is unfinished away: the run that writes it will write it again."""

    platform = "slack"

    def __init__(
        self,
        calls: Calls,
        clients: Clients,
        messages: Messages,
        people: People,
        files: Files,
        history: History,
        links: Links,
        awaits: Callable[[Place], Awaitable[bool]],
    ) -> None:
        self._calls = calls
        self._clients = clients
        self._messages = messages
        self._people = people
        self._files = files
        self._pictures = Pictures(calls, files, messages)
        self._history = history
        self._links = links
        self._streams = Streams(calls, messages)
        self._progress = Progress(calls, awaits)
        self._asked: OrderedDict[str, Asked] = OrderedDict()
        self._channels: dict[str, tuple[float, dict[str, str]]] = {}

    def asked(self, place: Place, asked: Asked) -> None:
        """Somebody addresses the assistant there."""
        self._asked[place.key] = asked
        self._asked.move_to_end(place.key)
        while len(self._asked) > REMEMBERED:
            self._asked.popitem(last=False)

    def asker(self, place: Place) -> Asked | None:
        """Who addressed it there last; None after a restart."""
        return self._asked.get(place.key)

    async def status(self, place: Place, text: str) -> None:
        if not place.thread:
            return
        try:
            async with self._messages.lock(place):
                streams = self._streams.runs(place)
                if not text:
                    await self._progress.end(place)
                    return
                await self._progress.say(place, text, self.asker(place), silently=streams)
                if streams:
                    await self._streams.tell(place, self._progress.text(place))
        except ChatError as error:
            log.debug("no status", place=place.channel_key, what=place_of(error))

    async def stopped(self, place: Place) -> None:
        """Somebody used Slack's own stop button there: it goes away, also where a lost answer has left it."""
        try:
            await self._progress.stopped(place)
        except ChatError as error:
            log.warning("a stop button stands", place=place.channel_key, what=place_of(error))

    async def show(self, place: Place, key: str, reply: Reply) -> None:
        async with self._messages.lock(place):
            if not reply.final:
                part = Part(split(text_of(reply, self._links))[0], (), fallback(reply.text))
                if part.text.strip():
                    await self._streams.advance(place, key, part, self.asker(place), self._progress.text(place))
                return
            if reply.chart is not None:
                await self._pictures.put(place, key, reply.chart)
            shown = parts(reply, self._links, place.workspace)
            streamed = await self._streams.finish(place, key, shown[0], await self._progress.session(place))
            posted = await self._messages.put(place, key, shown)
        if streamed or posted:
            self._progress.spoken(place, ended=streamed)
        elif self._progress.text(place):
            await self.status(place, "")

    async def retract(self, place: Place, key: str) -> None:
        async with self._messages.lock(place):
            self._streams.drop(place, key)
            with suppress(ChatGone):
                await self._messages.remove(place, key)

    async def whisper(self, place: Place, person: Person, reply: Reply) -> None:
        """What takes several messages is told directly: what only one person sees in a channel is gone when they look away."""
        told = self._whispered(place, reply)
        user = person.id.rpartition("/")[2]
        if len(told) == 1:
            here: Json = {"channel": place.channel, **({"thread_ts": place.thread} if place.thread else {})}
            with suppress(Closed, Refused):
                await self._calls(place.workspace, "chat.postEphemeral", user=user, **here, **told[0])
                return
        direct = await self.direct(place.workspace, user) if told else ""
        for words in told:
            await self._calls(place.workspace, "chat.postMessage", channel=direct, **words, **QUIET)

    async def respond(self, url: str, place: Place, person: Person, reply: Reply) -> None:
        """The same at the ``response_url`` of what somebody did, which the assistant need not be in the channel for."""
        told = self._whispered(place, reply)
        if not (url and len(told) == 1 and await self._clients.respond(url, told[0])):
            await self.whisper(place, person, reply)

    def _whispered(self, place: Place, reply: Reply) -> list[Json]:
        shown = [part for part in parts(replace(reply, buttons=()), self._links, place.workspace) if part.says]
        return [{"blocks": part.blocks, "text": part.told} for part in shown]

    async def direct(self, workspace: str, user: str) -> str:
        """The direct conversation with somebody."""
        return str((await self._calls(workspace, "conversations.open", users=user))["channel"]["id"])

    async def channel(self, near: Place, name: str, person: Person) -> Place | None:
        """Public channels that the assistant is in, by name or id, and the one where it is asked.

        For guests and people of other organisations: of these, the ones that they are in.
        """
        wanted = name.removeprefix("#")
        if not wanted:
            return None
        if wanted == near.channel:
            return Place(self.platform, near.workspace, near.channel)
        known = await self._member_of(near.workspace)
        found = wanted if wanted in known.values() else known.get(wanted.casefold())
        if not found:
            return None
        place = Place(self.platform, near.workspace, found)
        if (await self.membership(near, person, ())).workspaces:
            return place
        return place if (await self.membership(near, person, {place.channel_key})).channels else None

    async def name(self, near: Place, person: str) -> str:
        _, _, within = person.partition("/")
        workspace, _, user = within.rpartition("/")
        if near.platform == self.platform:
            workspace = near.workspace
        return (await self._people.names(workspace, [user])).get(user, "")

    async def readers(self, place: Place) -> Readers:
        return await self._people.readers(place)

    async def membership(self, near: Place, person: Person, channels: Collection[str]) -> Membership:
        if not person.id.startswith(f"{self.platform}/"):
            return Membership()
        return await self._people.membership(near, person.id.rpartition("/")[2], channels)

    async def history(self, place: Place, before: float, limit: int) -> list[Said]:
        found: dict[str, Json] = {}
        try:
            mine = await self._clients.identity(place.workspace)
            async for page in pages(self._calls, place, patience=QUICK, latest=f"{before:.6f}"):
                found |= {one["ts"]: one for one in page if one.get("user", mine.user) != mine.user}
        except ChatError as error:
            log.warning("a thread was not read to its end", place=place.key, read=len(found), what=place_of(error))
        people = [one for one in found.values() if not one.get("bot_id")]
        kept = people if len(people) <= limit else [people[0], *people[1:][-limit:]]
        return [await self._said(place, mine.enterprise, one) for one in kept]

    async def talk(self, place: Place, cursor: str = "") -> Page:
        return await self._history.page(place, cursor)

    async def read(self, place: Place, file: File) -> bytes:
        answer = await self._calls(place.workspace, "files.info", patience=60, file=file.reference)
        token = (await self._clients.identity(place.workspace)).token
        return await self._files.read(file.name, answer["file"], token)

    async def close(self) -> None:
        """End what is shown as going on, quickly: Slack itself ends what this does not reach."""
        with suppress(TimeoutError, ChatError):
            async with asyncio.timeout(CLOSING):
                for place, key in self._streams.left():
                    await self.retract(place, key)
                for place in self._progress.left():
                    await self.status(place, "")

    async def _said(self, place: Place, enterprise: str, message: Json) -> Said:
        author = await self._people.person(place.workspace, enterprise, message["user"])
        names = await self._people.names(place.workspace, users_in(message["text"]))
        return Said(message["ts"], author, readable(message["text"], names), float(message["ts"]))

    async def _member_of(self, workspace: str) -> dict[str, str]:
        at, known = self._channels.get(workspace, (0.0, {}))
        if at and time.monotonic() - at < CHANNELS_SECONDS:
            return known
        found: dict[str, str] = {}
        cursor = ""
        for _ in range(PAGES):
            more: Json = {"cursor": cursor} if cursor else {}
            answer = await self._calls(
                workspace,
                "users.conversations",
                types="public_channel",
                exclude_archived=True,
                limit=999,
                team_id=workspace,
                **more,
            )
            found |= {str(one["name"]).casefold(): str(one["id"]) for one in answer["channels"]}
            cursor = (answer.get("response_metadata") or {}).get("next_cursor", "")
            if not cursor:
                break
        self._channels[workspace] = (time.monotonic(), found)
        return found
