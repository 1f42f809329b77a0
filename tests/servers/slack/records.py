"""What a workspace is made of, as plain records: teams, people, channels, messages, files, views, installed apps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]
Kind = Literal["public", "private", "im", "mpim"]

CHANNEL_TYPES: dict[Kind, str] = {"public": "channel", "private": "group", "im": "im", "mpim": "mpim"}
"""The word that events use for each kind of conversation (docs.slack.dev/reference/events/message)."""

FAMILIES: dict[Kind, str] = {"public": "channels", "private": "groups", "im": "im", "mpim": "mpim"}
"""The first half of the scopes that each kind of conversation needs."""


@dataclass
class Team:
    id: str
    name: str
    domain: str
    enterprise_id: str | None = None
    enterprise_name: str | None = None


@dataclass
class User:
    id: str
    team_id: str
    name: str
    real_name: str = ""
    email: str = ""
    tz: str = "Europe/Amsterdam"
    is_bot: bool = False
    is_admin: bool = False
    is_restricted: bool = False
    """A guest of several channels."""
    is_ultra_restricted: bool = False
    """A guest of one channel."""
    is_stranger: bool = False
    """Someone of another workspace, seen through a shared channel."""
    deleted: bool = False
    bot_id: str | None = None
    app_id: str | None = None


@dataclass
class Channel:
    id: str
    name: str
    team_id: str
    kind: Kind = "public"
    members: list[str] = field(default_factory=list)
    creator: str = ""
    created: int = 0
    is_archived: bool = False
    is_ext_shared: bool = False
    shared_team_ids: tuple[str, ...] = ()
    topic: str = ""
    purpose: str = ""

    @property
    def type(self) -> str:
        return CHANNEL_TYPES[self.kind]


@dataclass
class File:
    id: str
    name: str
    user: str
    team_id: str
    mimetype: str
    data: bytes = b""
    title: str = ""
    created: int = 0
    channels: list[str] = field(default_factory=list)
    complete: bool = True
    deleted: bool = False


@dataclass
class Task:
    """One task card of a streaming message, as its chunks have left it."""

    id: str
    title: str
    status: str
    details: str = ""
    output: str = ""
    sources: list[Json] = field(default_factory=list)


@dataclass
class Stream:
    """The streaming half of a message. A stream is open until it is stopped, expires, or a person stops it."""

    started: float
    expires: float
    mode: Literal["text", "chunks"] | None = None
    display: str = "timeline"
    state: Literal["in_progress", "completed", "stopped_by_user"] = "in_progress"
    appends: int = 0
    tasks: dict[str, Task] = field(default_factory=dict)
    plan: str = ""
    recipient: tuple[str | None, str | None] = (None, None)


@dataclass
class Message:
    ts: str
    channel: str
    user: str
    text: str = ""
    """What a reader sees now: of a streamed message all that was appended so far."""
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    thread_ts: str | None = None
    subtype: str | None = None
    team: str = ""
    bot_id: str | None = None
    app_id: str | None = None
    client_msg_id: str | None = None
    edited: Json | None = None
    deleted: bool = False
    ephemeral_to: str | None = None
    files: list[File] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    metadata: Json | None = None
    unfurl_links: bool | None = None
    unfurl_media: bool | None = None
    reply_broadcast: bool = False
    look: dict[str, str] = field(default_factory=dict)
    """A name and an icon put on with username, icon_emoji or icon_url."""
    stream: Stream | None = None
    versions: list[str] = field(default_factory=list)
    """Every text it had before this one."""

    @property
    def root(self) -> str:
        return self.thread_ts or self.ts

    @property
    def tasks(self) -> dict[str, Task]:
        return self.stream.tasks if self.stream else {}

    @property
    def plan(self) -> str:
        return self.stream.plan if self.stream else ""


@dataclass
class View:
    """A modal or a Home tab."""

    id: str
    user: str
    team_id: str
    payload: Json
    hash: str
    root_id: str
    previous_id: str | None = None
    external_id: str = ""
    open: bool = True
    errors: dict[str, str] = field(default_factory=dict)
    state: dict[str, dict[str, Json]] = field(default_factory=dict)

    @property
    def type(self) -> str:
        return str(self.payload["type"])


@dataclass
class Trigger:
    id: str
    user: str
    team_id: str
    at: float
    view_id: str | None = None
    used: bool = False


@dataclass
class ResponseUrl:
    """Where to answer an interaction: five posts, half an hour
    (docs.slack.dev/interactivity/handling-user-interaction)."""

    id: str
    user: str
    channel: str
    at: float
    message_ts: str | None = None
    thread_ts: str | None = None
    posts: int = 0


@dataclass
class AgentSession:
    channel: str
    thread_ts: str
    status: str
    title: str = ""
    initiator: str | None = None
    history: list[str] = field(default_factory=list)


@dataclass
class Status:
    """One assistant.threads.setStatus call that was accepted."""

    channel: str
    thread_ts: str
    status: str
    loading_messages: list[str]
    at: float
