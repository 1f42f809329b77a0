"""One call of a Web API method: its arguments read and checked, the way handlers want them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.servers.slack.apps import Installation
from tests.servers.slack.limits import Tier
from tests.servers.slack.records import FAMILIES, Channel, Message, Team, User
from tests.servers.slack.refusals import Refused, invalid

if TYPE_CHECKING:
    from tests.servers.slack.server import Slack

TS = re.compile(r"\d{10}\.\d{6}")
Answer = dict[str, Any]


@dataclass
class Call:
    slack: Slack
    method: str
    args: dict[str, Any] = field(repr=False)
    token: str = field(repr=False)
    installation: Installation | None = None
    basic: tuple[str, str] | None = field(default=None, repr=False)
    """Name and password of HTTP Basic, for oauth.v2.access."""

    @property
    def who(self) -> Installation:
        if self.installation is None:
            raise Refused("not_authed")
        return self.installation

    @property
    def bot(self) -> User:
        return self.slack.users[self.who.bot_user]

    @property
    def team(self) -> Team:
        asked = self.args.get("team_id")
        return self.slack.teams[asked if self.who.team_id is None and asked else self.who.home_team]

    def string(self, name: str) -> str | None:
        value = self.args.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, dict | list | bool):
            raise invalid("invalid_arguments", [f"must be a string [json-pointer:/{name}]"])
        return str(value)

    def require(self, name: str) -> str:
        value = self.string(name)
        if value is None:
            raise invalid("invalid_arguments", [f"missing required field: {name}"])
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.args.get(name)
        return default if value in (None, "") else str(value).lower() in ("1", "true")

    def number(self, name: str, default: int, most: int) -> int:
        value = self.args.get(name)
        try:
            count = default if value in (None, "") else int(value)
        except (TypeError, ValueError):
            raise Refused("invalid_limit") from None
        if not 0 < count <= most:
            raise Refused("invalid_limit")
        return count

    def structure(self, name: str, error: str) -> Any:
        """A JSON argument: as it is in a JSON body, as a string in a form. None if it was not given."""
        value = self.args.get(name)
        if isinstance(value, str):
            if not value.strip():
                return None
            try:
                return json.loads(value)
            except ValueError:
                raise Refused(error) from None
        return value

    def need(self, *scopes: str) -> None:
        """Any one of these scopes."""
        have = self.who.scopes
        if scopes and not any(scope in have for scope in scopes):
            raise Refused("missing_scope", needed=",".join(scopes), provided=",".join(have))

    def channel(self, name: str = "channel", family: str | None = None) -> Channel:
        """A conversation that the app can see. ``family`` asks for that half of a scope: ``history``, ``read``."""
        asked = self.string(name)
        channel = self.slack.channels.get(asked or "")
        if channel is None or not self.sees(channel):
            raise Refused("channel_not_found")
        if family:
            self.need(f"{FAMILIES[channel.kind]}:{family}")
        return channel

    def sees(self, channel: Channel) -> bool:
        team_ids = {channel.team_id, *channel.shared_team_ids}
        mine = self.who.home_team in team_ids or self._in_org(channel)
        return mine and (channel.kind == "public" or self.who.bot_user in channel.members)

    def _in_org(self, channel: Channel) -> bool:
        owner = self.slack.teams.get(channel.team_id)
        return self.who.team_id is None and owner is not None and owner.enterprise_id == self.who.enterprise_id

    def timestamp(self, name: str, error: str) -> str | None:
        value = self.string(name)
        if value is not None and not TS.fullmatch(value):
            raise invalid(error, [f"{value} is not a valid {name}"])
        return value

    def timestamp_or_number(self, name: str, error: str) -> str | None:
        """A moment that need not be a message's."""
        value = self.string(name)
        if value is not None and not re.fullmatch(r"\d+(\.\d+)?", value):
            raise Refused(error)
        return value

    def own(self, channel: Channel, refusal: str, name: str = "ts") -> Message:
        """A message of this app's, to change."""
        message = self.slack.find(channel.id, self.string(name))
        if message is None:
            raise Refused("message_not_found")
        if message.user != self.who.bot_user:
            raise Refused(refusal)
        return message

    def page(self, items: list[Any], default: int, most: int) -> tuple[list[Any], str]:
        """One page and the cursor of the next (docs.slack.dev/apis/web-api/pagination)."""
        limit = self.number("limit", default, most)
        if self.method in ("conversations.history", "conversations.replies"):
            limit = min(limit, self.slack.meter.rates.history_page or limit)
        cursor = self.string("cursor")
        start = 0
        if cursor:
            match = re.fullmatch(r"cursor:(\d+)=", cursor)
            if not match:
                raise Refused("invalid_cursor")
            start = int(match[1])
        rest = len(items) > start + limit
        return items[start : start + limit], f"cursor:{start + limit}=" if rest else ""


Handler = Callable[[Call], Answer]


@dataclass(frozen=True)
class Method:
    name: str
    handler: Handler
    tier: Tier
    scopes: tuple[str, ...]
    arguments: frozenset[str]
    token: str
    """bot, app, or none at all."""
    verbs: tuple[str, ...] = field(default=("GET", "POST"))


METHODS: dict[str, Method] = {}


def method(
    name: str, tier: Tier, *arguments: str, scopes: tuple[str, ...] = (), token: str = "bot"
) -> Callable[[Handler], Handler]:
    """Registers a handler with the arguments that the method's page documents."""

    def register(handler: Handler) -> Handler:
        METHODS[name] = Method(name, handler, tier, scopes, frozenset(arguments), token)
        return handler

    return register
