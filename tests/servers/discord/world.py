"""Everything this Discord knows, and how news of it reaches the gateway."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.servers.discord.clock import Clock, Snowflakes
from tests.servers.discord.errors import refusal
from tests.servers.discord.message_payloads import redacted
from tests.servers.discord.models import (
    Attachment,
    Channel,
    ChannelType,
    Command,
    Guild,
    Interaction,
    Member,
    Message,
    Modal,
    Role,
    User,
)
from tests.servers.discord.payloads import Json, signature
from tests.servers.discord.permissions import IN_DM, USUAL, P, in_channel
from tests.servers.discord.sessions import Session

TOKEN = "MTA0MjAw.GfakeX.a-token-that-opens-nothing"


@dataclass
class Settings:
    """What a test may set; the defaults are the published ones."""

    token: str = field(default=TOKEN, repr=False)
    content_intent: bool = True
    members_intent: bool = False
    presences_intent: bool = False
    heartbeat_interval: float = 41.25
    ack_within: float = 3.0
    token_lifetime: float = 900.0
    session_lifetime: float = 180.0
    identify_every: float = 0.0
    """Seconds between identifications of one bucket (5 on the real one, here off)."""
    shards: int = 1
    max_concurrency: int = 1
    """Buckets of identifications: a shard is in bucket shard % max_concurrency."""
    session_start_limit: int = 1000
    """Identifications in a day."""
    attachment_limit: int = 10 * 1024 * 1024
    request_limit: int = 25 * 1024 * 1024
    rate_limits: bool = True
    global_limit: int = 50
    latency: float = 0.0
    """Seconds that every REST answer takes."""


@dataclass(frozen=True)
class Ack:
    """How long an application took to answer an interaction, and with which callback type."""

    interaction: Interaction
    callback: int
    seconds: float


@dataclass(frozen=True)
class Typing:
    channel: Channel
    at: float


@dataclass
class World:
    settings: Settings = field(default_factory=Settings)
    clock: Clock = field(default_factory=Clock)
    users: dict[int, User] = field(default_factory=dict)
    guilds: dict[int, Guild] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    commands: list[Command] = field(default_factory=list)
    creates: dict[int | None, list[float]] = field(default_factory=dict)
    """When commands were created, by guild."""
    interactions: dict[int, Interaction] = field(default_factory=dict)
    attachments: dict[int, Attachment] = field(default_factory=dict)
    modals: list[Modal] = field(default_factory=list)
    acks: list[Ack] = field(default_factory=list)
    typing: list[Typing] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    session_starts: int = 0
    base: str = ""
    listeners: list[Callable[[], None]] = field(default_factory=list)
    """Called after every event and every request, so that a test can wait for a condition."""

    def __post_init__(self) -> None:
        self.ids = Snowflakes(self.clock)
        self.bot = User(self.ids.next(), "footnote", bot=True)
        self.users[self.bot.id] = self.bot

    # what is there

    def add_user(self, name: str, *, bot: bool = False) -> User:
        user = User(self.ids.next(), name, bot)
        self.users[user.id] = user
        return user

    def add_guild(self, name: str, owner: User, permissions: P = USUAL) -> Guild:
        guild = Guild(self.ids.next_guild(), name, owner.id)
        guild.roles[guild.id] = Role(guild.id, "@everyone", USUAL)
        role = Role(self.ids.next(), self.bot.name, permissions, position=1, bot_id=self.bot.id)
        guild.roles[role.id] = role
        self.guilds[guild.id] = guild
        self.join(guild, owner)
        self.join(guild, self.bot).roles.append(role.id)
        return guild

    def join(self, guild: Guild, user: User) -> Member:
        return guild.members.setdefault(user.id, Member(user, self.clock.now()))

    def add_channel(self, guild: Guild, name: str, kind: ChannelType = ChannelType.TEXT) -> Channel:
        channel = Channel(self.ids.next(), kind, name, guild, position=len(guild.channels))
        guild.channels[channel.id] = self.channels[channel.id] = channel
        return channel

    def dm_of(self, user: User) -> Channel:
        for channel in self.channels.values():
            if channel.recipient is user:
                return channel
        channel = Channel(self.ids.next(), ChannelType.DM, user.name, recipient=user)
        self.channels[channel.id] = channel
        return channel

    def find_message(self, message_id: int) -> Message | None:
        for channel in self.channels.values():
            if message_id in channel.messages:
                return channel.messages[message_id]
        return None

    # who may

    def permissions(self, user: User, channel: Channel) -> P:
        if channel.guild is None:
            return IN_DM if user in (channel.recipient, self.bot) else P.NONE
        member = channel.guild.members.get(user.id)
        return in_channel(channel, member) if member else P.NONE

    def mine(self, channel: Channel) -> P:
        """What the application may do there."""
        return self.permissions(self.bot, channel)

    def need(self, channel: Channel, *wanted: P) -> None:
        """Refuse with 50001 what the application can't see, and with 50013 what it lacks the permission for."""
        mine = self.mine(channel)
        if not mine & P.VIEW_CHANNEL:
            raise refusal(50001)
        if any(not mine & one for one in wanted):
            raise refusal(50013)

    # files

    def attachment_url(self, attachment: Attachment) -> str:
        """Signed and good for a day, like the real ones."""
        path = f"/attachments/{attachment.channel_id}/{attachment.id}/{attachment.filename}"
        expires = int(self.clock.now()) + 86_400
        return f"{self.base}{path}?ex={expires:x}&is={expires - 86_400:x}&hm={self.sign(path, expires)}&"

    def sign(self, path: str, expires: int) -> str:
        return signature(self.settings.token, path, expires)

    # news

    def emit(self, event: str, data: Json, *, channel: Channel | None = None, guild: Guild | None = None) -> None:
        """To every session that asked for this kind of event, that has the guild on its shard, and that may see it."""
        guild = guild or (channel.guild if channel else None)
        if guild is not None and not guild.has_bot and event != "GUILD_DELETE":
            return
        if channel is not None and not self.mine(channel) & P.VIEW_CHANNEL and event in _NEEDS_VIEW:
            return
        for session in list(self.sessions):
            if session.wants(event, guild):
                session.push(event, self._for(session, event, data))
        self.changed()

    def _for(self, session: Session, event: str, data: Json) -> Json:
        if event in ("MESSAGE_CREATE", "MESSAGE_UPDATE"):
            return redacted(self, data, may_read=session.reads_content)
        return data

    @property
    def session_starts_left(self) -> int:
        return self.settings.session_start_limit - self.session_starts

    def changed(self) -> None:
        for listener in list(self.listeners):
            listener()

    def granted(self) -> int:
        """The privileged intents that the developer portal has switched on."""
        settings = self.settings
        return settings.members_intent << 1 | settings.presences_intent << 8 | settings.content_intent << 15

    def application_json(self) -> dict[str, Any]:
        """The flags tell which privileged intents are on (limited form: fewer than 100 servers)."""
        settings = self.settings
        flags = settings.presences_intent << 13 | settings.members_intent << 15 | settings.content_intent << 19
        return {"id": str(self.bot.id), "flags": flags}


_NEEDS_VIEW = {
    "MESSAGE_CREATE",
    "MESSAGE_UPDATE",
    "MESSAGE_DELETE",
    "MESSAGE_REACTION_ADD",
    "MESSAGE_REACTION_REMOVE",
    "TYPING_START",
    "THREAD_CREATE",
    "THREAD_UPDATE",
}
