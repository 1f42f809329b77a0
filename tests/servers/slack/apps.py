"""The app under test, as its manifest and its installations describe it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

BOT_SCOPES = (
    "app_mentions:read",
    "assistant:write",
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "im:write",
    "mpim:history",
    "mpim:read",
    "reactions:read",
    "reactions:write",
    "team:read",
    "users:read",
    "users:read.email",
)

BOT_EVENTS = (
    "agent_session_stopped",
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "channel_left",
    "group_left",
    "member_joined_channel",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
    "tokens_revoked",
)

EVENT_SCOPES: dict[str, tuple[str, ...]] = {
    "app_mention": ("app_mentions:read",),
    "message.channels": ("channels:history",),
    "message.groups": ("groups:history",),
    "message.im": ("im:history",),
    "message.mpim": ("mpim:history",),
    "member_joined_channel": ("channels:read", "groups:read"),
    "channel_left": ("channels:read",),
    "group_left": ("groups:read",),
    "reaction_added": ("reactions:read",),
}
"""What a subscription needs besides being in the manifest (docs.slack.dev/reference/events): one of these."""


@dataclass
class App:
    """What the settings pages of an app hold. Give ``scopes`` and ``bot_events`` as its manifest lists them."""

    scopes: tuple[str, ...] = BOT_SCOPES
    bot_events: tuple[str, ...] = BOT_EVENTS
    commands: tuple[str, ...] | None = None
    """The slash commands it declares; None lets any through."""
    name: str = "Footnote"
    id: str = "A0FOOTNOTE1"
    client_id: str = "1111111111.2222222222"
    client_secret: str = field(default="the-client-secret-of-the-test", repr=False)
    signing_secret: str = field(default="the-signing-secret-of-the-test", repr=False)
    verification_token: str = field(default="legacy-verification-token", repr=False)
    app_token: str = field(default="xapp-1-A0FOOTNOTE1-3333333333-ffff", repr=False)
    app_scopes: tuple[str, ...] = ("connections:write",)
    agent_view: bool = True
    """Declared as an agent: agents.sessions.* work, suggested prompts take no thread."""
    home_tab: bool = True
    messages_tab: bool = True
    socket_mode: bool = True
    token_rotation: bool = False
    org_deploy: bool = False
    redirect_urls: tuple[str, ...] = ()
    events_url: str | None = None
    interactivity_url: str | None = None
    commands_url: str | None = None


@dataclass
class Installation:
    """The app in one workspace (or, with no team, in a whole organisation)."""

    team_id: str | None
    enterprise_id: str | None
    bot_user: str
    bot_id: str
    scopes: tuple[str, ...]
    token: str = field(repr=False)
    installer: str = ""
    refresh_token: str | None = field(default=None, repr=False)
    state: Literal["active", "revoked", "uninstalled"] = "active"
    expires: dict[str, float] = field(default_factory=dict, repr=False)
    """When each token of it ends; empty without rotation."""
    home_team: str = ""
    """Where its bot user lives."""
