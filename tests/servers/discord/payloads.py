"""The models as JSON, in the shapes of docs.discord.com/developers/resources."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from tests.servers.discord.clock import iso, made_at
from tests.servers.discord.models import (
    Channel,
    ChannelType,
    Command,
    Guild,
    Member,
    Role,
    User,
)
from tests.servers.discord.permissions import P

if TYPE_CHECKING:
    from tests.servers.discord.world import World

Json = dict[str, Any]


def user_json(user: User) -> Json:
    data: Json = {
        "id": str(user.id),
        "username": user.name,
        "discriminator": "0" if not user.bot else "4242",
        "global_name": None if user.bot else user.name.title(),
        "avatar": None,
        "avatar_decoration_data": None,
        "primary_guild": None,
        "public_flags": 0,
    }
    if user.bot:
        data["bot"] = True
    return data


def member_json(member: Member, *, with_user: bool = True, permissions: P | None = None) -> Json:
    data: Json = {
        "avatar": None,
        "banner": None,
        "communication_disabled_until": None,
        "flags": 0,
        "joined_at": iso(member.joined_at),
        "nick": member.nick,
        "pending": member.pending,
        "premium_since": None,
        "roles": [str(role) for role in member.roles],
    }
    if with_user:
        data |= {"user": user_json(member.user), "deaf": False, "mute": False}
    if permissions is not None:
        data["permissions"] = str(int(permissions))
    return data


def message_member_json(member: Member) -> Json:
    """The partial member that events carry beside an author: no user inside, but deaf and mute."""
    return member_json(member, with_user=False) | {"deaf": False, "mute": False}


def role_json(role: Role) -> Json:
    data: Json = {
        "id": str(role.id),
        "name": role.name,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "icon": None,
        "unicode_emoji": None,
        "position": role.position,
        "permissions": str(int(role.permissions)),
        "managed": role.bot_id is not None,
        "mentionable": role.mentionable,
        "flags": 0,
    }
    if role.bot_id is not None:
        data["tags"] = {"bot_id": str(role.bot_id)}
    return data


def channel_json(channel: Channel, viewer: User | None = None) -> Json:
    if channel.type is ChannelType.DM:
        assert channel.recipient is not None
        return {
            "id": str(channel.id),
            "type": 1,
            "flags": 0,
            "last_message_id": _or_none(channel.last_message_id),
            "recipients": [user_json(channel.recipient)],
        }
    return _thread_json(channel, viewer) if channel.is_thread else _guild_channel_json(channel)


def _guild_channel_json(channel: Channel) -> Json:
    assert channel.guild is not None
    data: Json = {
        "id": str(channel.id),
        "type": int(channel.type),
        "guild_id": str(channel.guild.id),
        "name": channel.name,
        "position": channel.position,
        "parent_id": _or_none(channel.parent.id if channel.parent else None),
        "topic": channel.topic,
        "nsfw": channel.nsfw,
        "flags": 1 << 4 if channel.must_tag else 0,
        "rate_limit_per_user": channel.slow,
        "last_message_id": _or_none(channel.last_message_id),
        "permission_overwrites": [
            {"id": str(one.id), "type": one.type, "allow": str(int(one.allow)), "deny": str(int(one.deny))}
            for one in channel.overwrites.values()
        ],
    }
    if channel.type is ChannelType.FORUM:
        tags = [
            {"id": str(key), "name": name, "moderated": False, "emoji_id": None, "emoji_name": None}
            for key, name in channel.tags.items()
        ]
        data |= {
            "available_tags": tags,
            "default_reaction_emoji": None,
            "default_sort_order": None,
            "default_forum_layout": 0,
            "default_thread_rate_limit_per_user": 0,
        }
    return data


def _thread_json(thread: Channel, viewer: User | None) -> Json:
    assert thread.guild is not None
    assert thread.parent is not None
    metadata: Json = {
        "archived": thread.archived,
        "archive_timestamp": iso(thread.archived_at),
        "auto_archive_duration": thread.auto_archive,
        "locked": thread.locked,
        "create_timestamp": iso(made_at(thread.id)),
    }
    if thread.is_private_thread:
        metadata["invitable"] = thread.invitable
    data: Json = {
        "id": str(thread.id),
        "type": int(thread.type),
        "guild_id": str(thread.guild.id),
        "parent_id": str(thread.parent.id),
        "owner_id": str(thread.owner_id),
        "name": thread.name,
        "last_message_id": _or_none(thread.last_message_id),
        "rate_limit_per_user": thread.slow,
        "message_count": thread.message_count,
        "total_message_sent": thread.total_sent,
        "member_count": min(50, len(thread.thread_members)),
        "flags": 0,
        "thread_metadata": metadata,
    }
    if thread.parent.type is ChannelType.FORUM:
        data["applied_tags"] = [str(tag) for tag in thread.applied_tags]
    if viewer is not None and viewer.id in thread.thread_members:
        data["member"] = thread_member_json(thread, viewer.id)
    return data


def thread_member_json(thread: Channel, user_id: int) -> Json:
    joined = iso(thread.thread_members[user_id])
    return {"id": str(thread.id), "user_id": str(user_id), "join_timestamp": joined, "flags": 0}


def guild_json(guild: Guild) -> Json:
    empty = ("icon", "splash", "discovery_splash", "banner", "description", "vanity_url_code", "afk_channel_id")
    none = ("system_channel_id", "rules_channel_id", "public_updates_channel_id", "safety_alerts_channel_id")
    data: Json = dict.fromkeys((*empty, *none, "application_id"))
    return data | {
        "id": str(guild.id),
        "name": guild.name,
        "owner_id": str(guild.owner_id),
        "region": "deprecated",
        "afk_timeout": 300,
        "verification_level": 0,
        "default_message_notifications": 1,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw_level": 0,
        "premium_tier": 0,
        "premium_progress_bar_enabled": False,
        "premium_subscription_count": 0,
        "preferred_locale": "en-US",
        "system_channel_flags": 0,
        "features": [],
        "emojis": [],
        "stickers": [],
        "roles": [role_json(role) for role in guild.roles.values()],
    }


def command_json(world: World, command: Command) -> Json:
    extra: Json = {"id": str(command.id), "application_id": str(world.bot.id), "version": str(command.version)}
    if command.guild_id is not None:
        extra["guild_id"] = str(command.guild_id)
    return command.data | extra


def signature(secret: str, path: str, expires: int) -> str:
    return hashlib.sha256(f"{secret}{path}{expires}".encode()).hexdigest()


def _or_none(value: int | None) -> str | None:
    return str(value) if value else None
