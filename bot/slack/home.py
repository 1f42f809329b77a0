"""The app's Home tab: what waits for whoever looks, what is indexed, and what the assistant can do.

docs.slack.dev/surfaces/app-home. Somebody sees only what they asked for themselves,
or are named to decide; a guest sees no sources.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Sequence

import structlog

from agent.approvals import Approval
from agent.errors import place_of
from agent.ledger import Ledger
from bot.chat import ChatError, Person, Place
from bot.commands import HELP, Command, Invocation
from bot.records import Records
from bot.slack.calls import QUICK, Calls, Json
from bot.slack.events import Where
from bot.slack.markup import clean, escaped
from bot.slack.people import People

OPEN_SECONDS = 3_600.0
"""For how long a tab that was opened counts as looked at: Slack does not say when it is closed."""
OPEN = 200
SETTLE = 1.0
"""Seconds in which changes gather before an open tab is published anew."""
SHOWN = 20
PROMPTS = (
    ("What do you know?", "What do you know, and from where?"),
    ("How do you work?", "What can you do?"),
    ("Remember something", "remember that demos go better with a footnote"),
)
log = structlog.get_logger()


class Home:
    """``known`` is the command that tells what is indexed."""

    def __init__(
        self, calls: Calls, ledger: Ledger, records: Records, people: People, commands: Sequence[Command]
    ) -> None:
        self._calls = calls
        self._ledger = ledger
        self._people = people
        self._known = next((one for one in commands if one.name == "knowledge"), None)
        self._open: OrderedDict[tuple[str, str], tuple[float, Where]] = OrderedDict()
        self._changed: asyncio.Task[None] | None = None
        self._unwatch = records.watch(self._said)

    async def opened(self, where: Where, event: Json) -> None:
        """Somebody opened the Home tab, or the conversation with the assistant."""
        try:
            if event.get("tab") == "messages":
                await self._suggest(where, event["channel"])
                return
            user = event["user"]
            self._open[where.workspace, user] = (time.monotonic(), where)
            self._open.move_to_end((where.workspace, user))
            while len(self._open) > OPEN:
                self._open.popitem(last=False)
            await self._publish(where, user)
        except ChatError as error:
            log.warning("home was not shown", workspace=where.workspace, what=place_of(error))

    async def close(self) -> None:
        self._unwatch()
        if self._changed:
            self._changed.cancel()

    async def _said(self, place: Place, key: str) -> None:
        """Something changed: a card perhaps, which stands in the transcript like all messages."""
        if place.platform == "slack" and self._open and (self._changed is None or self._changed.done()):
            self._changed = asyncio.create_task(self._publish_all())

    async def _publish_all(self) -> None:
        await asyncio.sleep(SETTLE)
        for (_, user), (at, where) in list(self._open.items()):
            if time.monotonic() - at > OPEN_SECONDS:
                self._open.pop((where.workspace, user), None)
                continue
            try:
                await self._publish(where, user)
            except ChatError as error:
                log.debug("home was not shown", workspace=where.workspace, what=place_of(error))

    async def _publish(self, where: Where, user: str) -> None:
        person = await self._people.person(where.workspace, where.enterprise, user)
        blocks = await self._waiting(person)
        if self._known and self._known.run and not await self._people.outsiders(where.workspace, "D", user):
            place = Place("slack", where.workspace, "")
            blocks += [_header("What I know"), _words(await self._known.run(Invocation(place, person, "")))]
        blocks += [_header("What I can do"), _words(HELP)]
        view = {"type": "home", "blocks": blocks}
        await self._calls(where.workspace, "views.publish", patience=QUICK, user_id=user, view=view)

    async def _waiting(self, person: Person) -> list[Json]:
        """What somebody is named to decide, and what else they asked for."""
        pending = await self._ledger.pending()
        theirs = [one for one in pending if one.deciders.rule == "named" and person.id in one.deciders.people][:SHOWN]
        asked = [one for one in pending if one.asker == person.id and one not in theirs][:SHOWN]
        blocks: list[Json] = []
        for heading, waiting in (("Waits for your decision", theirs), ("Waits for a decision", asked)):
            if waiting:
                blocks.append(_header(heading))
                blocks += [_approval(one, await self._link(Place.parse(one.place))) for one in waiting]
        return blocks or [_header("Waits for a decision"), _words("Nothing.")]

    async def _link(self, place: Place) -> str:
        if place.platform != "slack" or not place.thread:
            return ""
        try:
            answer = await self._calls(
                place.workspace, "chat.getPermalink", patience=QUICK, channel=place.channel, message_ts=place.thread
            )
        except ChatError:
            return ""
        return str(answer["permalink"])

    async def _suggest(self, where: Where, channel: str) -> None:
        prompts = [{"title": title, "message": message} for title, message in PROMPTS]
        await self._calls(
            where.workspace,
            "assistant.threads.setSuggestedPrompts",
            patience=QUICK,
            channel_id=channel,
            title="Ask me, or try",
            prompts=prompts,
        )


def _approval(approval: Approval, link: str) -> Json:
    summary = escaped(approval.summary)[:2_000]
    text = f"{summary}  <{link}|Go there>" if link else summary
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _words(markdown: str) -> Json:
    """Markdown of ours as plain text: a Home tab takes no markdown block."""
    return {"type": "section", "text": {"type": "plain_text", "text": clean(markdown).replace("**", "")[:3_000]}}


def _header(text: str) -> Json:
    return {"type": "header", "text": {"type": "plain_text", "text": text}}
