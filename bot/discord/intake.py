"""What came from Discord, kept before it is acknowledged and handed to the inbox after.

A question by `/ask` in a channel is answered in a thread on the message that names it. That message is Discord's answer
to the command, so its id is known only once the command is acknowledged; until then the question is kept as it came.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass, field
from typing import Any

import discord
import structlog
from pydantic import TypeAdapter

from bot.arrivals import Arrivals
from bot.chat import ChatError, ChatGone, ChatRefused, Mention, Person, Place, Press, Reply, Withdrawal
from bot.discord.chat import DiscordChat
from bot.discord.errors import FEW, persistently
from bot.discord.places import PLATFORM
from bot.errors import STORAGE
from bot.inbox import Inbox
from bot.posts import Posts
from bot.records import Records

Event = Mention | Press | Withdrawal
_KINDS: dict[str, TypeAdapter[Any]] = {
    "mention": TypeAdapter(Mention),
    "press": TypeAdapter(Press),
    "withdrawal": TypeAdapter(Withdrawal),
}
HELD_SECONDS = 20.0
"""For how long what an earlier process accepted waits for what became of it meanwhile."""
ANSWERED_SECONDS = 10.0
LOOK_SECONDS = 0.5
KEEP_WAITS = (0.2, 1.0, 5.0, 15.0)
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Question:
    """A question by command at the top of a channel. ``token`` is what its first answer is found by."""

    interaction: int
    application: int
    token: str = field(repr=False)
    place: str
    person: str
    person_name: str
    text: str
    at: float


class Intake:
    """Start it before the client connects."""

    def __init__(self, client: discord.Client, chat: DiscordChat, records: Records, inbox: Inbox, replica: str) -> None:
        self._client = client
        self._chat = chat
        self._posts = Posts(records.engine)
        self._inbox = inbox
        self.release = inbox.hold(PLATFORM)
        """Call it once it is known which of the accepted mentions need no answer any more."""
        self._asked: dict[int, asyncio.Future[int | None]] = {}
        self._arrivals = Arrivals(records.engine, replica, PLATFORM, self._handle, chat.clock)

    def start(self) -> None:
        self._arrivals.start()
        asyncio.get_running_loop().call_later(HELD_SECONDS, self.release)

    async def stop(self) -> None:
        await self._arrivals.stop()

    async def keep(self, event: Event) -> None:
        """When this returns the event survives a crash. Raises what the database raises."""
        kind = type(event).__name__.lower()
        payload = {"kind": kind, "event": _KINDS[kind].dump_python(event, mode="json")}
        await self._arrivals.keep(payload, event.place.channel_key)

    async def unhandled(self) -> list[Mention]:
        """The mentions that were accepted, also by another process, and are not handled to their end."""
        kept = [one["event"] for one in await self._arrivals.left() if one["kind"] == "mention"]
        found = [*await self._inbox.unhandled(PLATFORM), *map(_KINDS["mention"].validate_python, kept)]
        return list({mention.event_id: mention for mention in found}.values())

    async def keep_patiently(self, *events: Event) -> None:
        """The same for what nobody would send again, where the database can't be written for a moment."""
        for event in events:
            for wait in (*KEEP_WAITS, None):
                try:
                    await self.keep(event)
                    break
                except STORAGE:
                    if wait is None:
                        raise
                    await asyncio.sleep(wait)

    async def keep_question(self, question: Question) -> asyncio.Future[int | None]:
        """The same for a question; set the result to the id of the message that names it, or to None if it is not known."""
        named: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._asked[question.interaction] = named
        asyncio.get_running_loop().call_later(ANSWERED_SECONDS, self._asked.pop, question.interaction, None)
        await self._arrivals.keep({"kind": "question", "event": asdict(question)}, f"question:{question.interaction}")
        return named

    async def _handle(self, payload: dict[str, Any]) -> None:
        if payload["kind"] == "question":
            await self._inbox.accept(await self._mention(Question(**payload["event"])))
        else:
            await self._inbox.accept(_KINDS[payload["kind"]].validate_python(payload["event"]))

    async def _mention(self, question: Question) -> Mention:
        place = Place.parse(question.place)
        message = ""
        try:
            message = str(await self._named(question) or await self._name(question, place))
        except (ChatGone, ChatRefused) as error:
            log.info("question not named", place=place.channel_key, why=str(error))
        return Mention(
            f"discord:{question.interaction}",
            Place(place.platform, place.workspace, place.channel, message or str(question.interaction)),
            Person(question.person, question.person_name),
            question.text,
            question.at,
            message=message,
        )

    async def _named(self, question: Question) -> int | None:
        """The message that answered the command; None where a crash came between, or it was too late."""
        named = self._asked.pop(question.interaction, None)
        if named is None:
            return await self._original(question, question.at + ANSWERED_SECONDS)
        try:
            return await asyncio.wait_for(named, ANSWERED_SECONDS) or await self._original(question, question.at)
        except TimeoutError:
            return None

    async def _original(self, question: Question, until: float) -> int | None:
        """The same as Discord has it: another replica may be about to answer, until then."""
        answer = discord.Webhook.partial(question.application, question.token, client=self._client)
        while True:
            try:
                return (await persistently(lambda: answer.fetch_message("@original"), FEW)).id  # type: ignore[arg-type]
            except ChatRefused:
                if self._chat.clock() >= until:
                    return None
            except ChatError:
                return None
            await asyncio.sleep(LOOK_SECONDS)

    async def _name(self, question: Question, place: Place) -> int:
        """Name the question ourselves, once."""
        key = f"asked:{question.interaction}"
        await self._chat.show(place, key, Reply(f"**{question.person_name} asks:** {question.text[:1_500]}"))
        posts = await self._posts.of(place, key)
        if not posts or posts[0].address is None:
            raise ChatRefused("the question could not be named")
        return int(posts[0].address.rpartition("/")[2])
