"""What people do on Slack, as events of the port: a Mention, a Withdrawal; or nothing.

One post arrives as `app_mention` and as `message`, perhaps twice each: its event id is made from where it stands, so
that all of them are one. Some have seen an `app_mention` without the files of its post: with them it counts as an edit.
docs.slack.dev/reference/events/message, docs.slack.dev/reference/events/app_mention.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.chat import File, Mention, Person, Place, Press, Withdrawal
from bot.posts import Posts
from bot.records import Records
from bot.slack.calls import Json
from bot.slack.chat import SlackChat
from bot.slack.history import POSTS, Overhearing, is_persons
from bot.slack.markup import is_to_others, readable, users_in, without
from bot.slack.people import People
from bot.slack.streaming import Asked

Accept = Callable[[Mention | Press | Withdrawal], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Where:
    """The installation that an event is told to: its workspace, organisation and the assistant's own user."""

    workspace: str
    enterprise: str
    bot: str
    shared: bool = False
    """Whether Slack says that the channel is shared with another organisation."""

    def place(self, message: Json, channel: str) -> Place:
        """The thread of a message: its own where it began none yet."""
        return Place("slack", self.workspace, channel, str(message.get("thread_ts") or message["ts"]))

    def event(self, channel: str, ts: str) -> str:
        """The id of the event that a post is, whatever it arrives as."""
        return f"slack:{self.workspace}:{channel}:{ts}"

    @classmethod
    def of(cls, body: Json, bot: str) -> Where:
        authorized = (body.get("authorizations") or [{}])[0]
        enterprise = str(body.get("context_enterprise_id") or body.get("enterprise_id") or "")
        workspace = body.get("context_team_id") or authorized.get("team_id") or body.get("team_id") or enterprise
        return cls(str(workspace), enterprise, bot, bool(body.get("is_ext_shared_channel")))


class Events:
    """``accept`` keeps an event for handling."""

    def __init__(
        self,
        accept: Accept,
        records: Records,
        people: People,
        chat: SlackChat,
        overhearing: Overhearing,
        *,
        follow_ups: bool,
    ) -> None:
        self._accept = accept
        self._records = records
        self._posts = Posts(records.engine)
        self._people = people
        self._chat = chat
        self._overhearing = overhearing
        self._follow_ups = follow_ups

    async def message(self, where: Where, event: Json) -> None:
        """Somebody posted, edited or deleted a message."""
        await self._overhearing.hear(where.workspace, event)
        match event.get("subtype"):
            case "message_changed":
                await self._edited(where, event)
            case "message_deleted":
                await self._deleted(where, event["channel"], event.get("previous_message") or {})
            case subtype if subtype in POSTS and is_persons(event, where.bot):
                await self._posted(where, event["channel"], event)

    async def stopped(self, where: Where, event: Json) -> None:
        """Somebody used Slack's own stop button (docs.slack.dev/reference/events/agent_session_stopped)."""
        place = Place("slack", where.workspace, event["channel"], event["thread_ts"])
        if asked := self._chat.asker(place):
            await self._accept(Withdrawal(f"{asked.event}:stopped", place, asked.message))
        elif said := [entry.key for entry in await self._records.transcript(place) if entry.kind == "person"]:
            await self._accept(Withdrawal(f"{where.event(place.channel, said[-1])}:stopped", place, said[-1]))
        await self._chat.stopped(place)

    async def _posted(self, where: Where, channel: str, message: Json) -> None:
        place, event_id = where.place(message, channel), where.event(channel, message["ts"])
        if await self._is_for_it(where, place, message):
            named = message.get("files") and where.bot in users_in(str(message.get("text", "")))
            if named and await self._records.stands(place, message["ts"], whole := f"{event_id}:files"):
                await self._accept(Withdrawal(f"{whole}:edited", place, str(message["ts"]), whole))
                await self._mention(where, place, message, whole, edited=True)
            else:
                await self._mention(where, place, message, event_id)
        elif "thread_ts" in message and await self._spoke(place) is not None:
            await self._hear(where, place, message)

    async def _edited(self, where: Where, event: Json) -> None:
        """Only another text counts: previews that Slack adds are edits too."""
        channel, now, before = event["channel"], event["message"], event.get("previous_message") or {}
        if now.get("subtype") == "tombstone":
            await self._deleted(where, channel, before)
            return
        if not is_persons(now, where.bot) or now.get("text") == before.get("text") or not now.get("edited"):
            return
        place, event_id = where.place(now, channel), _event(where, channel, now)
        is_for_it = await self._is_for_it(where, place, now)
        if is_for_it or await self._is_for_it(where, place, before):
            stands = event_id if is_for_it else ""
            await self._accept(Withdrawal(f"{event_id}:edited", place, str(now["ts"]), stands))
        if is_for_it:
            await self._mention(where, place, now, event_id, edited=True)

    async def _deleted(self, where: Where, channel: str, message: Json) -> None:
        if not message.get("ts") or not is_persons(message, where.bot):
            return
        event, place = _event(where, channel, message), where.place(message, channel)
        if await self._is_for_it(where, place, message):
            await self._accept(Withdrawal(f"{event}:deleted", place, str(message["ts"])))

    async def _is_for_it(self, where: Where, place: Place, message: Json) -> bool:
        """In a direct conversation, by a mention, or as a follow-up to what it has said."""
        text = str(message.get("text", ""))
        if place.channel.startswith("D") or where.bot in users_in(text):
            return True
        if not self._follow_ups or "thread_ts" not in message or is_to_others(text):
            return False
        return await self._follows(place, message)

    async def _follows(self, place: Place, message: Json) -> bool:
        """Whether the assistant had spoken in a thread before this was posted there."""
        first = await self._spoke(place)
        return first is not None and first < float(message["ts"])

    async def _spoke(self, place: Place) -> float | None:
        """When the assistant first spoke in a thread; where a crash kept that from being noted, when it was about to."""
        first = await self._posts.first(place)
        return await self._posts.unnoted(place) if first is None else float(first)

    async def _mention(self, where: Where, place: Place, message: Json, event_id: str, *, edited: bool = False) -> None:
        person, text = await self._read(where, message)
        user, channel = message["user"], place.channel
        self._chat.asked(place, Asked(user, _team(where, message), text, event_id, message["ts"]))
        await self._accept(
            Mention(
                event_id,
                place,
                person,
                text,
                float(message["ts"]),
                files=tuple(_file(one) for one in message.get("files") or []),
                message=message["ts"],
                outsiders=where.shared or await self._people.outsiders(where.workspace, channel, user),
                edited=edited,
            )
        )

    async def _hear(self, where: Where, place: Place, message: Json) -> None:
        """What people say to each other in a thread that it is in is a part of the talk."""
        person, text = await self._read(where, message)
        await self._records.say(place, message["ts"], person, text[:20_000], float(message["ts"]))

    async def _read(self, where: Where, message: Json) -> tuple[Person, str]:
        """Who wrote a message, and its text without the mention of the assistant."""
        text = without(str(message.get("text", "")), where.bot)
        names = await self._people.names(where.workspace, users_in(text))
        person = await self._people.person(where.workspace, where.enterprise, message["user"])
        return person, readable(text, names)


def _event(where: Where, channel: str, message: Json) -> str:
    """The event that a message was, as it stood then."""
    posted = where.event(channel, message.get("ts", ""))
    edited = (message.get("edited") or {}).get("ts")
    return f"{posted}:{edited}" if edited else posted


def _team(where: Where, message: Json) -> str:
    """The author's workspace, where Slack says it: of somebody in another organisation it may name only that one."""
    told = (str(message.get(name) or "") for name in ("user_team", "team"))
    return next((team for team in told if team.startswith("T")), where.workspace)


def _file(file: Json) -> File:
    return File(str(file.get("name") or file.get("title") or "file"), str(file["id"]), int(file.get("size") or 0))
