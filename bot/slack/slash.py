"""Slash commands, and the shortcut "Remember this" on a message.

docs.slack.dev/interactivity/implementing-slash-commands, docs.slack.dev/interactivity/implementing-shortcuts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from bot.chat import ChatGone, Mention, Person, Place, Reply
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
AT_ONCE = 1.5
"""Seconds in which a command is done or is answered later: Slack waits three for an acknowledgement."""
FORGOTTEN = 600.0
"""Seconds after which what came of one is not waited for here: another replica has told it, or it is run again."""


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
        self._running: dict[str, asyncio.Task[str]] = {}
        """The commands that were not done at once, by their triggers."""

    async def at_once(self, body: Json) -> tuple[bool, Json | None]:
        """Whether to keep a command for handling, and what its acknowledgement tells whoever used it."""
        command = self.commands.get(body["command"])
        if command is None:
            return False, _told(f"I don't know {body['command']}. Try `/footnote help`.")
        text = str(body.get("text", "")).strip()
        if command.run is not None:
            run = asyncio.create_task(self._run(body))
            done, _ = await asyncio.wait({run}, timeout=AT_ONCE)
            if done:
                return False, _told(run.result())
            self._running[body["trigger_id"]] = run
            asyncio.get_running_loop().call_later(FORGOTTEN, self._running.pop, body["trigger_id"], None)
            return True, _told("One moment: this takes longer. I tell you here once it is done.")
        if not text:
            return False, _told(f"Write your {command.argument} behind it: `{body['command']} {command.argument}`.")
        return True, None

    async def finish(self, body: Json) -> None:
        """Tell what came of a command that was not done at once; after a crash it is run again."""
        known = self._running.get(body["trigger_id"])
        told = await known if known else await self._run(body)
        invocation = _invocation(body)
        await self._chat.whisper(invocation.place, invocation.person, Reply(told))
        self._running.pop(body["trigger_id"], None)

    async def _run(self, body: Json) -> str:
        run = self.commands[body["command"]].run
        return await run(_invocation(body)) if run else ""

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


def _invocation(body: Json) -> Invocation:
    person = Person(f"slack/{_enterprise(body) or body['team_id']}/{body['user_id']}", body["user_name"])
    text = readable(str(body.get("text", "")).strip(), {})
    id_ = f"slack:{body['team_id']}:{body['trigger_id']}"
    return Invocation(Place("slack", body["team_id"], body["channel_id"]), person, text, id_)


def _enterprise(body: Json) -> str:
    return str(body.get("enterprise_id") or "")


def _told(text: str) -> Json:
    """For the eyes of whoever used the command."""
    blocks = [{"type": "markdown", "text": harmless(text)[:PART]}]
    return {"response_type": "ephemeral", "text": fallback(text), "blocks": blocks}
