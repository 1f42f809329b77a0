"""The shapes of what an app receives. docs.slack.dev/apis/events-api and docs.slack.dev/reference/interaction-payloads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.servers.slack import present
from tests.servers.slack.apps import Installation
from tests.servers.slack.records import Channel, Message, ResponseUrl, Team, Trigger, User, View

if TYPE_CHECKING:
    from tests.servers.slack.hub import Hub

Json = dict[str, Any]


def wrapped(slack: Hub, event: Json, installation: Installation, channel: Channel | None = None) -> Json:
    """An event in its envelope (docs.slack.dev/apis/events-api#event-payloads)."""
    team = workspace_of(slack, installation, channel.team_id if channel else None)
    event_ts = str(event.get("event_ts") or slack.clock.ts())
    whole: Json = {
        "token": slack.app.verification_token,
        "team_id": team.id,
        "context_team_id": team.id,
        "context_enterprise_id": team.enterprise_id,
        "api_app_id": slack.app.id,
        "event": {**event, "event_ts": event_ts},
        "type": "event_callback",
        "event_id": slack.clock.id("Ev", 10),
        "event_time": int(float(event_ts)),
        "authorizations": [
            {
                "enterprise_id": team.enterprise_id,
                "team_id": installation.team_id,
                "user_id": installation.bot_user,
                "is_bot": True,
                "is_enterprise_install": installation.team_id is None,
            }
        ],
        "is_ext_shared_channel": bool(channel and channel.is_ext_shared),
        "event_context": "4-" + slack.clock.secret(40),
    }
    if team.enterprise_id:
        whole["enterprise_id"] = team.enterprise_id
    return whole


def workspace_of(slack: Hub, installation: Installation, team_id: str | None) -> Team:
    """An installation in a whole organisation serves the workspace where something happens."""
    return slack.teams[team_id if installation.team_id is None and team_id else installation.home_team]


def message_event(slack: Hub, message: Message, channel: Channel, **more: Any) -> Json:
    """docs.slack.dev/reference/events/message: what a person or an app said."""
    event = present.message(message, slack, slack.url)
    event |= {"channel": channel.id, "channel_type": channel.type, "event_ts": message.ts, **more}
    author = slack.users[message.user]
    if channel.kind == "im" and slack.app.agent_view and author.id in slack.contexts:
        event["app_context"] = {"entities": slack.contexts[author.id]}
    if channel.is_ext_shared:
        event |= {"user_team": author.team_id, "source_team": author.team_id}
        if author.is_stranger:
            event["user_profile"] = {"name": author.name, "real_name": author.real_name, "team": author.team_id}
            event["files"] = [{"id": f.id, "file_access": "check_file_info"} for f in message.files]
            if not message.files:
                del event["files"]
    return event


def mention_event(slack: Hub, message: Message, channel: Channel) -> Json:
    """docs.slack.dev/reference/events/app_mention: the same message, without channel_type."""
    event = {**message_event(slack, message, channel), "type": "app_mention"}
    for name in ("channel_type", "subtype", *(() if slack.files_in_mentions else ("files",))):
        event.pop(name, None)
    return event


def person(slack: Hub, user: User) -> Json:
    return {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team_id}


def workspace(team: Team) -> Json:
    shown: Json = {"id": team.id, "domain": team.domain}
    if team.enterprise_id:
        shown |= {"enterprise_id": team.enterprise_id, "enterprise_name": team.enterprise_name}
    return shown


def place(channel: Channel) -> Json:
    """Names as interactions tell them: only public channels have theirs."""
    names = {"public": channel.name, "private": "privategroup", "im": "directmessage", "mpim": channel.name}
    return {"id": channel.id, "name": names[channel.kind]}


def interaction(slack: Hub, kind: str, user: User, trigger: Trigger) -> Json:
    """What all interactions share."""
    installation = slack.serving(user.team_id)
    team = workspace_of(slack, installation, user.team_id)
    enterprise = {"id": team.enterprise_id, "name": team.enterprise_name} if team.enterprise_id else None
    org = installation.team_id is None
    return {
        "type": kind,
        "user": person(slack, user),
        "api_app_id": slack.app.id,
        "token": slack.app.verification_token,
        "trigger_id": trigger.id,
        "team": None if org else workspace(team),
        "enterprise": enterprise,
        "is_enterprise_install": org,
    }


def on_message(slack: Hub, user: User, message: Message, action: Json, url: ResponseUrl, trigger: Trigger) -> Json:
    """docs.slack.dev/reference/interaction-payloads/block_actions-payload, from a message."""
    channel = slack.channels[message.channel]
    container: Json = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": message.ephemeral_to is not None,
    }
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    shown = {} if message.ephemeral_to else {"message": slack.shown(message)}
    return {
        **interaction(slack, "block_actions", user, trigger),
        "container": container,
        "channel": place(channel),
        **shown,
        "state": {"values": slack.entered.get(message.ts, {})},
        "response_url": slack.response_address(url),
        "actions": [action],
    }


def on_view(slack: Hub, user: User, view: View, action: Json, trigger: Trigger) -> Json:
    """The same, from a modal or the Home tab."""
    return {
        **interaction(slack, "block_actions", user, trigger),
        "container": {"type": "view", "view_id": view.id},
        "view": slack.shown_view(view),
        "actions": [action],
    }


def submission(slack: Hub, user: User, view: View, trigger: Trigger) -> Json:
    """docs.slack.dev/reference/interaction-payloads/view-interactions-payload."""
    whole = interaction(slack, "view_submission", user, trigger)
    return {**whole, "view": slack.shown_view(view), "response_urls": []}


def closing(slack: Hub, user: User, view: View, trigger: Trigger) -> Json:
    whole = interaction(slack, "view_closed", user, trigger)
    del whole["trigger_id"]
    return {**whole, "view": slack.shown_view(view), "is_cleared": False}


def message_shortcut(
    slack: Hub, user: User, message: Message, callback_id: str, url: ResponseUrl, trigger: Trigger
) -> Json:
    """docs.slack.dev/reference/interaction-payloads/shortcuts-interaction-payload."""
    return {
        **interaction(slack, "message_action", user, trigger),
        "callback_id": callback_id,
        "action_ts": slack.clock.ts(),
        "message_ts": message.ts,
        "channel": place(slack.channels[message.channel]),
        "message": slack.shown(message),
        "response_url": slack.response_address(url),
    }


def command(slack: Hub, user: User, channel: Channel, name: str, text: str, url: ResponseUrl, trigger: Trigger) -> Json:
    """docs.slack.dev/interactivity/implementing-slash-commands: the fields of the form."""
    installation = slack.serving(user.team_id)
    team = workspace_of(slack, installation, user.team_id)
    fields: Json = {
        "token": slack.app.verification_token,
        "team_id": team.id,
        "team_domain": team.domain,
        "channel_id": channel.id,
        "channel_name": place(channel)["name"],
        "user_id": user.id,
        "user_name": user.name,
        "command": name,
        "text": text,
        "api_app_id": slack.app.id,
        "is_enterprise_install": str(installation.team_id is None).lower(),
        "response_url": slack.response_address(url),
        "trigger_id": trigger.id,
    }
    if team.enterprise_id:
        fields |= {"enterprise_id": team.enterprise_id, "enterprise_name": team.enterprise_name}
    return fields
