"""Between the world and the app: what is published is told to whom it concerns, answers find their way back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from tests.servers.slack import payloads, present
from tests.servers.slack.apps import EVENT_SCOPES, App, Installation
from tests.servers.slack.clock import Timing
from tests.servers.slack.courier import Courier, Delivery
from tests.servers.slack.records import AgentSession, Channel, Message, ResponseUrl, Trigger, User, View
from tests.servers.slack.responses import respond
from tests.servers.slack.world import World

if TYPE_CHECKING:
    from tests.servers.slack.server import Slack

PLURALS = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}


@dataclass
class Violation:
    """Something an app should not do, though the real Slack would let it pass without a word."""

    kind: str
    detail: str
    at: float


class Hub(World):
    """Mixed into `Slack`: everything that leads to a delivery."""

    url: str
    courier: Courier

    def __init__(self, app: App, timing: Timing, seed: int) -> None:
        super().__init__(app, timing, seed)
        self.violations: list[Violation] = []
        self.entered: dict[str, dict[str, dict[str, Any]]] = {}
        """What was chosen in the menus of each message."""
        self.recipients_in_direct = False
        """Ask for recipient ids in direct conversations too, as some have seen the real one do."""
        self.files_in_mentions = True
        """Tell of files in ``app_mention`` as in ``message``; some have seen the real one leave them out."""
        self.echo = True
        """Tell the app of its own messages, as the real one does."""
        self._background: set[asyncio.Task[None]] = set()

    def as_slack(self) -> Slack:
        return cast("Slack", self)

    def violate(self, kind: str, detail: str) -> None:
        self.violations.append(Violation(kind, detail, self.clock.now()))

    def serving(self, team_id: str) -> Installation:
        """The installation that a person of this workspace deals with: theirs, or through a shared channel the first."""
        found = self.installed(team_id) or next((i for i in self.installations if i.state == "active"), None)
        if found is None:
            raise LookupError("the app is not installed anywhere")
        return found

    def shown(self, message: Message) -> dict[str, Any]:
        return present.message(message, self, self.url)

    def shown_view(self, view: View) -> dict[str, Any]:
        return present.view(view, self.app.id, self.serving(view.team_id).bot_id)

    def trigger(self, user: User, view_id: str | None = None) -> Trigger:
        numbers = "".join(c for c in user.team_id if c.isdigit()) or "1"
        identifier = f"{int(self.clock.now() * 1000)}.{numbers}.{self.clock.secret(32).lower()}"
        made = Trigger(identifier, user.id, user.team_id, self.clock.now(), view_id)
        self.triggers[made.id] = made
        return made

    def response_url(self, user: User, channel: Channel, message: Message | None = None) -> ResponseUrl:
        made = ResponseUrl(self.clock.secret(), user.id, channel.id, self.clock.now())
        if message:
            made.message_ts, made.thread_ts = message.ts, message.thread_ts
        self.response_urls[made.id] = made
        return made

    def response_address(self, url: ResponseUrl) -> str:
        return f"{self.url}/actions/{url.id}"

    def respond(self, url: ResponseUrl, answer: Any) -> None:
        """An acknowledgement with words in it is shown like a post to the response_url."""
        if isinstance(answer, str):
            answer = {"text": answer}
        if isinstance(answer, dict) and answer:
            problem = respond(self.as_slack(), url, answer)
            if problem:
                self.violate("invalid_acknowledgement", problem)

    def afterwards(self, delivery: Delivery, then: Callable[[Any], None]) -> None:
        async def wait() -> None:
            await delivery.finished.wait()
            if delivery.outcome == "acknowledged":
                then(delivery.response)

        self.background(wait())

    def background(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def tell(self, name: str, event: dict[str, Any], channel: Channel) -> None:
        """To every installation whose bot is where it happens and that subscribes to this."""
        for installation in self._concerned(channel):
            await self.tell_installation(name, event, installation, channel)

    async def tell_installation(
        self, name: str, event: dict[str, Any], installation: Installation, channel: Channel | None = None
    ) -> None:
        needed = EVENT_SCOPES.get(name)
        allowed = needed is None or any(scope in installation.scopes for scope in needed)
        if name in self.app.bot_events and allowed and installation.state == "active":
            whole = payloads.wrapped(self, event, installation, channel)
            await self.courier.deliver("events_api", whole)

    def _concerned(self, channel: Channel) -> list[Installation]:
        latest = {each.home_team: each for each in self.installations if each.state == "active"}
        return [each for each in latest.values() if each.bot_user in channel.members]

    async def tell_of(self, message: Message) -> None:
        """``app_mention`` where the app is mentioned outside direct conversations, and ``message``."""
        channel = self.channels[message.channel]
        for installation in self._concerned(channel):
            mentioned = f"<@{installation.bot_user}>" in message.text and message.user != installation.bot_user
            if mentioned and channel.kind != "im":
                event = payloads.mention_event(self, message, channel)
                await self.tell_installation("app_mention", event, installation, channel)
        event = payloads.message_event(self, message, channel)
        await self.tell(f"message.{PLURALS[channel.type]}", event, channel)

    async def tell_of_change(self, message: Message, before: dict[str, Any]) -> None:
        after = self.shown(message)
        await self._tell_subtype(message, "message_changed", {"message": after, "previous_message": before})

    async def tell_of_deletion(self, message: Message, before: dict[str, Any]) -> None:
        await self._tell_subtype(message, "message_deleted", {"previous_message": before, "deleted_ts": message.ts})

    async def _tell_subtype(self, message: Message, subtype: str, more: dict[str, Any]) -> None:
        channel = self.channels[message.channel]
        ts = self.clock.ts()
        event = {"type": "message", "subtype": subtype, "hidden": True, "channel": channel.id, "ts": ts, "event_ts": ts}
        await self.tell(f"message.{PLURALS[channel.type]}", {**event, "channel_type": channel.type, **more}, channel)

    def publish(self, message: Message, *, silently: bool = False) -> None:
        """The app said something."""
        self.posted.append(message)
        for status in self.statuses:
            if status.channel == message.channel and status.thread_ts == message.thread_ts:
                status.status = status.status if message.ephemeral_to else ""
        if not silently:
            self.spoken(message)

    def spoken(self, message: Message) -> None:
        if self.echo:
            self.background(self.tell_of(message))

    def changed(self, message: Message, before: dict[str, Any]) -> None:
        if self.echo:
            self.background(self.tell_of_change(message, before))

    def removed(self, message: Message) -> None:
        before = self.shown(message)
        message.deleted = True
        if self.echo:
            self.background(self.tell_of_deletion(message, before))

    def session_after_stream(self, message: Message, status: str) -> None:
        """chat.stopStream moves the session of its thread, if it has one."""
        session: AgentSession | None = self.sessions.get((message.channel, message.root))
        if session:
            session.status = status
            session.history.append(status)
