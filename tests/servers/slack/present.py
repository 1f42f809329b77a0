"""How records look in answers and events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tests.servers.slack.records import Channel, File, Message, User, View

if TYPE_CHECKING:
    from tests.servers.slack.world import World

Json = dict[str, Any]


def message(one: Message, world: World, base: str) -> Json:
    """docs.slack.dev/reference/events/message."""
    shown: Json = {"type": "message", "user": one.user, "text": one.text, "ts": one.ts, "team": one.team}
    optional = {
        "subtype": one.subtype,
        "thread_ts": one.thread_ts,
        "bot_id": one.bot_id,
        "app_id": one.app_id,
        "client_msg_id": one.client_msg_id,
        "edited": one.edited,
        "metadata": one.metadata,
        **one.look,
    }
    shown |= {name: value for name, value in optional.items() if value is not None}
    if one.blocks:
        shown["blocks"] = one.blocks
    if one.attachments:
        shown["attachments"] = one.attachments
    if one.files:
        shown["files"] = [file(each, base) for each in one.files]
        shown["upload"] = False
    if one.thread_ts and one.thread_ts != one.ts:
        parent = world.find(one.channel, one.thread_ts)
        if parent:
            shown["parent_user_id"] = parent.user
    if one.reactions:
        shown["reactions"] = [{"name": n, "users": u, "count": len(u)} for n, u in one.reactions.items()]
    if one.stream:
        shown["streaming_state"] = "in_progress" if one.stream.state == "in_progress" else "completed"
    return shown


def rich_text(text: str, block_id: str) -> list[Json]:
    """What the composer makes of what a person types."""
    words: Json = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return [{"type": "rich_text", "block_id": block_id, "elements": [words]}] if text else []


def file(one: File, base: str) -> Json:
    """docs.slack.dev/reference/objects/file-object."""
    kind = one.name.rsplit(".", 1)[-1] if "." in one.name else "binary"
    private = f"{base}/files-pri/{one.team_id}-{one.id}"
    return {
        "id": one.id,
        "created": one.created,
        "timestamp": one.created,
        "name": one.name,
        "title": one.title or one.name,
        "mimetype": one.mimetype,
        "filetype": kind,
        "pretty_type": kind.upper(),
        "user": one.user,
        "user_team": one.team_id,
        "size": len(one.data),
        "mode": "hosted",
        "is_external": False,
        "is_public": bool(one.channels),
        "file_access": "visible",
        "url_private": f"{private}/{quote(one.name)}",
        "url_private_download": f"{private}/download/{quote(one.name)}",
        "permalink": f"{base}/files/{one.user}/{one.id}/{quote(one.name)}",
        "channels": one.channels,
        "groups": [],
        "ims": [],
    }


def user(one: User, viewer_team: str, *, email: bool) -> Json:
    """docs.slack.dev/reference/objects/user-object."""
    profile: Json = {"real_name": one.real_name, "display_name": one.name, "team": one.team_id}
    if email and not one.is_bot:
        profile["email"] = one.email
    if one.is_bot:
        profile |= {"bot_id": one.bot_id, "api_app_id": one.app_id}
    shown: Json = {
        "id": one.id,
        "team_id": one.team_id,
        "name": one.name,
        "deleted": one.deleted,
        "real_name": one.real_name,
        "tz": one.tz,
        "tz_label": one.tz,
        "tz_offset": 3600,
        "profile": profile,
        "is_admin": one.is_admin,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": one.is_restricted or one.is_ultra_restricted,
        "is_ultra_restricted": one.is_ultra_restricted,
        "is_bot": one.is_bot,
        "is_app_user": False,
        "updated": 0,
        "is_email_confirmed": True,
    }
    if one.is_stranger or one.team_id != viewer_team:
        shown["is_stranger"] = one.is_stranger
    return shown


def channel(one: Channel, bot_user: str) -> Json:
    """docs.slack.dev/reference/objects/conversation-object."""
    shown: Json = {
        "id": one.id,
        "created": one.created,
        "is_archived": one.is_archived,
        "is_im": one.kind == "im",
        "is_mpim": one.kind == "mpim",
        "is_channel": one.kind == "public",
        "is_group": one.kind == "private",
        "is_private": one.kind != "public",
        "is_org_shared": False,
        "is_ext_shared": one.is_ext_shared,
        "is_shared": one.is_ext_shared,
        "context_team_id": one.team_id,
        "updated": one.created * 1000,
    }
    if one.kind == "im":
        other = next((member for member in one.members if member != bot_user), bot_user)
        return {**shown, "user": other, "is_user_deleted": False, "priority": 0}
    return {**shown, **_named(one, bot_user)}


def _named(one: Channel, bot_user: str) -> Json:
    """What a channel has and a direct conversation has not."""
    teams = list(dict.fromkeys([one.team_id, *one.shared_team_ids]))
    return {
        "name": one.name,
        "name_normalized": one.name,
        "creator": one.creator,
        "is_general": one.name == "general",
        "is_member": bot_user in one.members,
        "is_pending_ext_shared": False,
        "shared_team_ids": teams,
        "internal_team_ids": [one.team_id],
        "connected_team_ids": [team for team in teams if team != one.team_id],
        "topic": {"value": one.topic, "creator": "", "last_set": 0},
        "purpose": {"value": one.purpose, "creator": "", "last_set": 0},
    }


def view(one: View, app_id: str, bot_id: str) -> Json:
    """docs.slack.dev/reference/views: a view as answers and payloads carry it."""
    return {
        "private_metadata": "",
        "callback_id": "",
        "clear_on_close": False,
        "notify_on_close": False,
        "close": None,
        "submit": None,
        **one.payload,
        "id": one.id,
        "team_id": one.team_id,
        "external_id": one.external_id,
        "state": {"values": one.state},
        "hash": one.hash,
        "previous_view_id": one.previous_id,
        "root_view_id": one.root_id,
        "app_id": app_id,
        "app_installed_team_id": one.team_id,
        "bot_id": bot_id,
    }
