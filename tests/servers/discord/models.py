"""What Discord keeps: users, guilds, channels and threads, messages, commands, interactions."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from typing import Any

from tests.servers.discord.permissions import P


class ChannelType(IntEnum):
    TEXT = 0
    DM = 1
    CATEGORY = 4
    ANNOUNCEMENT = 5
    ANNOUNCEMENT_THREAD = 10
    PUBLIC_THREAD = 11
    PRIVATE_THREAD = 12
    FORUM = 15


class MessageType(IntEnum):
    DEFAULT = 0
    THREAD_CREATED = 18
    REPLY = 19
    CHAT_INPUT_COMMAND = 20
    THREAD_STARTER_MESSAGE = 21
    CONTEXT_MENU_COMMAND = 23


class Flag(IntFlag):
    NONE = 0
    SUPPRESS_EMBEDS = 1 << 2
    HAS_THREAD = 1 << 5
    EPHEMERAL = 1 << 6
    LOADING = 1 << 7
    SUPPRESS_NOTIFICATIONS = 1 << 12
    IS_VOICE_MESSAGE = 1 << 13
    IS_COMPONENTS_V2 = 1 << 15


@dataclass(eq=False)
class User:
    id: int
    name: str
    bot: bool = False
    blocks_dms: bool = False

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"


@dataclass(eq=False)
class Role:
    id: int
    name: str
    permissions: P
    mentionable: bool = False
    position: int = 0
    bot_id: int | None = None


@dataclass(eq=False)
class Member:
    user: User
    joined_at: float
    roles: list[int] = field(default_factory=list)
    nick: str | None = None
    pending: bool = False
    """Whether they have not accepted the server's rules yet."""


@dataclass
class Overwrite:
    id: int
    type: int
    """0 for a role, 1 for a member."""
    allow: P = P.NONE
    deny: P = P.NONE


@dataclass(eq=False)
class Guild:
    id: int
    name: str
    owner_id: int
    roles: dict[int, Role] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    has_bot: bool = True
    has_commands: bool = True
    """Whether the application was invited with the scope applications.commands."""


@dataclass(eq=False)
class Channel:
    """A channel, a direct conversation (``recipient``) or a thread (``parent`` and the fields below it)."""

    id: int
    type: ChannelType
    name: str
    guild: Guild | None = None
    parent: Channel | None = None
    recipient: User | None = None
    topic: str | None = None
    position: int = 0
    nsfw: bool = False
    slow: int = 0
    overwrites: dict[int, Overwrite] = field(default_factory=dict)
    messages: dict[int, Message] = field(default_factory=dict)
    last_message_id: int | None = None
    tags: dict[int, str] = field(default_factory=dict)
    must_tag: bool = False
    owner_id: int = 0
    archived: bool = False
    locked: bool = False
    invitable: bool = True
    auto_archive: int = 1440
    archived_at: float = 0.0
    thread_members: dict[int, float] = field(default_factory=dict)
    message_count: int = 0
    total_sent: int = 0
    applied_tags: list[int] = field(default_factory=list)

    @property
    def is_thread(self) -> bool:
        return self.type in (ChannelType.ANNOUNCEMENT_THREAD, ChannelType.PUBLIC_THREAD, ChannelType.PRIVATE_THREAD)

    @property
    def is_private_thread(self) -> bool:
        return self.type is ChannelType.PRIVATE_THREAD

    @property
    def mention(self) -> str:
        return f"<#{self.id}>"


@dataclass(eq=False)
class Attachment:
    id: int
    channel_id: int
    filename: str
    data: bytes
    content_type: str
    description: str | None = None
    ephemeral: bool = False


@dataclass(eq=False)
class Message:
    id: int
    channel: Channel
    author: User
    content: str = ""
    embeds: list[dict[str, Any]] = field(default_factory=list)
    components: list[dict[str, Any]] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    flags: Flag = Flag.NONE
    type: MessageType = MessageType.DEFAULT
    reference: tuple[int, int] | None = None
    """The channel and the message that this one answers or points to."""
    mentions: list[int] = field(default_factory=list)
    """The users that it names and was allowed to name."""
    pinged: set[int] = field(default_factory=set)
    """Who got a notification: those named when it came, not those that an edit adds."""
    mention_roles: list[int] = field(default_factory=list)
    mention_everyone: bool = False
    edited_at: float | None = None
    nonce: str | int | None = None
    tts: bool = False
    reactions: dict[str, list[int]] = field(default_factory=dict)
    thread: Channel | None = None
    interaction: Interaction | None = None
    viewer: User | None = None
    """Who alone sees it, if it is ephemeral."""
    webhook: int | None = None
    """The webhook that wrote it, if it was one of another application."""
    deleted: bool = False
    versions: list[str] = field(default_factory=list)
    """What it said before each edit, oldest first."""

    @property
    def ephemeral(self) -> bool:
        return bool(self.flags & Flag.EPHEMERAL)

    @property
    def loading(self) -> bool:
        """Whether people see "… is thinking"."""
        return bool(self.flags & Flag.LOADING)

    @property
    def text(self) -> str:
        """All words that people read in it: content, embeds, text displays."""
        parts: list[str | None] = [self.content]
        for embed in self.embeds if not self.flags & Flag.SUPPRESS_EMBEDS else ():
            parts += [embed.get("title"), embed.get("description")]
            parts += [f"{one['name']}\n{one['value']}" for one in embed.get("fields", ())]
            parts.append(embed.get("footer", {}).get("text"))
        parts += [one["content"] for one in walk(self.components) if one["type"] == 10]
        return "\n".join(part for part in parts if part)

    @property
    def buttons(self) -> list[str]:
        """The labels of the buttons that can be pressed now."""
        return [one.get("label", "") for one in walk(self.components) if one["type"] == 2 and not one.get("disabled")]


def walk(components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every component, also those inside others, in reading order."""
    found = []
    for one in components:
        found.append(one)
        found += walk(one.get("components", []))
        found += walk([one[key] for key in ("accessory", "component") if isinstance(one.get(key), dict)])
    return found


@dataclass(eq=False)
class Command:
    id: int
    guild_id: int | None
    version: int
    data: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.data["name"])

    @property
    def type(self) -> int:
        return int(self.data.get("type", 1))


@dataclass(eq=False)
class Interaction:
    """One use of a command, button or form, and how the application answered it."""

    id: int
    type: int
    token: str = field(repr=False)
    user: User
    channel: Channel
    data: dict[str, Any]
    at: float
    name: str = ""
    message: Message | None = None
    """The message that the button or the form belongs to."""
    target: Message | None = None
    callback: int | None = None
    """The type of the first answer, None until there is one."""
    acked_at: float | None = None
    response: Message | None = None
    """The original response, deferred ones as well."""
    modal: Modal | None = None
    choices: list[dict[str, Any]] = field(default_factory=list)
    followups: list[Message] = field(default_factory=list)
    done: asyncio.Event = field(default_factory=asyncio.Event)

    async def answered(self, within: float = 5.0) -> Interaction:
        """Wait for the first answer."""
        await asyncio.wait_for(self.done.wait(), within)
        return self


@dataclass(eq=False)
class Modal:
    """A form that is open before one user."""

    user: User
    interaction: Interaction
    custom_id: str
    title: str
    components: list[dict[str, Any]]
    submitted: bool = False

    @property
    def inputs(self) -> dict[str, dict[str, Any]]:
        """The fields by custom_id."""
        return {one["custom_id"]: one for one in walk(self.components) if "custom_id" in one}
