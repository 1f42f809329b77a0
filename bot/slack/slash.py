"""Slash commands, and the shortcut "Remember this" on a message.

docs.slack.dev/interactivity/implementing-slash-commands, docs.slack.dev/interactivity/implementing-shortcuts.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress

from bot.chat import ChatError, ChatGone, Mention, Person, Place, Reply
from bot.commands import Command, Invocation
from bot.rendering import escape_markdown
from bot.slack.blocks import Part
from bot.slack.calls import Json
from bot.slack.chat import SlackChat
from bot.slack.events import Accept
from bot.slack.interactions import enterprise_of, workspace_of
from bot.slack.markup import PART, fallback, harmless, readable, users_in
from bot.slack.messages import Messages
from bot.slack.people import People
from bot.slack.streaming import Asked

REMEMBER = "remember_this"
"""The callback id of the message shortcut."""
SLOW = 3.0
"""Seconds after which whoever used a command is told that it is being carried out."""
MOMENT = "One moment: this takes longer."


class Slash:
    """``commands`` by name; one without a ``run`` asks a question that everybody sees."""

    def __init__(
        self,
        accept: Accept,
        commands: Sequence[Command],
        chat: SlackChat,
        messages: Messages,
        people: People,
        clock: Callable[[], float],
    ) -> None:
        self._accept = accept
        self.commands = {f"/{command.name}": command for command in commands}
        self._chat = chat
        self._messages = messages
        self._people = people
        self._clock = clock

    def at_once(self, body: Json) -> tuple[bool, Json | None]:
        """Whether to keep a command for handling, and what its acknowledgement tells whoever used it."""
        command = self.commands.get(body["command"])
        if command is None:
            return False, told(f"I don't know {body['command']}. Try `/footnote help`.")
        if command.run is None and not str(body.get("text", "")).strip():
            return False, told(f"Write your {command.argument} behind it: `{body['command']} {command.argument}`.")
        return True, None

    async def run(self, body: Json) -> None:
        """Carry a command out and tell what came of it; after a crash it is carried out again."""
        command, invocation = self.commands[body["command"]], _invocation(body)

        async def tell(text: str) -> None:
            url = str(body.get("response_url", ""))
            await self._chat.respond(url, invocation.place, invocation.person, Reply(text))

        if command.run is not None:
            async with _patience(lambda: tell(MOMENT)):
                said = await command.run(invocation)
            await tell(said)

    async def ask(self, body: Json) -> None:
        """Post what somebody asks where they ask it, and answer in its thread; where that can't be, directly."""
        workspace, user = body["team_id"], body["user_id"]
        person = await self._people.person(workspace, _enterprise(body), user)
        text = await self._text(workspace, str(body["text"]).strip())
        words = f"{escape_markdown(person.name)} asked: {escape_markdown(text)}"
        place = Place("slack", workspace, body["channel_id"])
        try:
            address = await self._post(place, body["trigger_id"], words)
        except ChatGone:
            place = Place("slack", workspace, await self._chat.direct(workspace, user))
            address = await self._post(place, body["trigger_id"], words)
        thread = Place("slack", workspace, place.channel, address)
        await self._mention(thread, person, user, text, f"slack:{workspace}:{body['trigger_id']}", address)

    async def remember(self, body: Json) -> None:
        """Somebody chose "Remember this" on a message."""
        workspace, user, message = workspace_of(body), body["user"]["id"], body["message"]
        person = await self._people.person(workspace, enterprise_of(body), user)
        text = await self._text(workspace, str(message.get("text", "")))
        thread = str(message.get("thread_ts") or message["ts"])
        place = Place("slack", workspace, body["channel"]["id"], thread)
        event_id = f"slack:{workspace}:{user}:{body['action_ts']}"
        await self._mention(place, person, user, f"remember that: {text}", event_id, "")

    async def _mention(self, place: Place, person: Person, user: str, text: str, event_id: str, message: str) -> None:
        self._chat.asked(place, Asked(user, place.workspace, text, event_id, message or event_id))
        outsiders = await self._people.outsiders(place.workspace, place.channel, user)
        mention = Mention(event_id, place, person, text, self._clock(), message=message, outsiders=outsiders)
        await self._accept(mention)

    async def _text(self, workspace: str, text: str) -> str:
        return readable(text, await self._people.names(workspace, users_in(text)))

    async def _post(self, place: Place, trigger: str, words: str) -> str:
        """The address of the message that tells what was asked: the same one, however often this is done."""
        key = f"asked:{trigger}"
        async with self._messages.lock(place):
            await self._messages.put(place, key, [Part(harmless(words)[:PART], (), fallback(words))])
            known = await self._messages.known(place, key, 0)
        return str(known.address) if known else ""


@asynccontextmanager
async def _patience(tell: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Tell somebody to be patient where it takes long; a message that can't be shown takes nothing away."""

    async def later() -> None:
        await asyncio.sleep(SLOW)
        with suppress(ChatError):
            await tell()

    waiting = asyncio.create_task(later())
    try:
        yield
    finally:
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


def _invocation(body: Json) -> Invocation:
    person = Person(f"slack/{_enterprise(body) or body['team_id']}/{body['user_id']}", body["user_name"])
    text = readable(str(body.get("text", "")).strip(), {})
    id_ = f"slack:{body['team_id']}:{body['trigger_id']}"
    return Invocation(Place("slack", body["team_id"], body["channel_id"]), person, text, id_)


def _enterprise(body: Json) -> str:
    return str(body.get("enterprise_id") or "")


def told(text: str) -> Json:
    """An acknowledgement that tells whoever used the command, and nobody else."""
    blocks = [{"type": "markdown", "text": harmless(text)[:PART]}]
    return {"response_type": "ephemeral", "text": fallback(text), "blocks": blocks}
