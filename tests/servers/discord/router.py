"""The table of routes, and one call to one of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.servers.discord.errors import refusal
from tests.servers.discord.forms import Upload
from tests.servers.discord.models import Channel, Guild, Interaction, Message, User
from tests.servers.discord.permissions import P

if TYPE_CHECKING:
    from tests.servers.discord.world import World


@dataclass
class Call:
    world: World
    method: str
    path: Mapping[str, str] = field(repr=False)
    query: Mapping[str, str]
    body: Any
    files: dict[int, Upload] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    """What was sent without effect; the test can look at it."""

    def id(self, name: str) -> int:
        value = self.path[name]
        if value == "@me":
            return self.world.bot.id
        return int(value) if value.isdigit() else 0

    @property
    def fields(self) -> dict[str, Any]:
        """The body, which must be an object."""
        if not isinstance(self.body, dict):
            raise refusal(50109)
        return self.body

    def channel(self, *wanted: P) -> Channel:
        """The channel of the path, seen by the application and with these permissions."""
        channel = self.world.channels.get(self.id("channel_id"))
        if channel is None:
            raise refusal(10003)
        self.world.need(channel, *wanted)
        return channel

    def message(self, channel: Channel) -> Message:
        """The message of the path; ephemeral ones can't be reached this way."""
        message = channel.messages.get(self.id("message_id"))
        if message is None or message.ephemeral:
            raise refusal(10008)
        return message

    def guild(self) -> Guild:
        guild = self.world.guilds.get(self.id("guild_id"))
        if guild is None:
            raise refusal(10004)
        if not guild.has_bot:
            raise refusal(50001)
        return guild

    def user(self) -> User:
        user = self.world.users.get(self.id("user_id"))
        if user is None:
            raise refusal(10013)
        return user

    def interaction(self) -> Interaction:
        """The interaction whose token the path holds: 401 50027 for a wrong or expired one, 404 10015 before it
        was answered."""
        token, now = self.path["token"], self.world.clock.now()
        found = next((one for one in self.world.interactions.values() if one.token == token), None)
        if self.id("application_id") != self.world.bot.id:
            raise refusal(10015)
        if found is None or now - found.at > self.world.settings.token_lifetime:
            raise refusal(50027)
        if found.acked_at is None:
            raise refusal(10015)
        return found

    def limit(self, usual: int, most: int) -> int:
        value = self.query.get("limit", str(usual))
        return max(1, min(most, int(value))) if value.isdigit() else usual


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any = None


Handler = Callable[[Call], Awaitable[Any]]
ROUTES: list[tuple[str, str, Handler]] = []
OPEN = {"POST /interactions/{interaction_id}/{token}/callback"}
"""Routes whose token is in the path; all under /webhooks/{application_id}/{token} are, too."""


def route(method: str, path: str) -> Callable[[Handler], Handler]:
    """Register a handler. It returns what to send as JSON (200), None (204), or an `Answer`."""

    def register(handler: Handler) -> Handler:
        ROUTES.append((method, path, handler))
        return handler

    return register


def is_open(name: str) -> bool:
    return name in OPEN or "/webhooks/{application_id}/{token}" in name
