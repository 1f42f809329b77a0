"""Who is in a thread (docs.discord.com/developers/topics/threads#thread-membership)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.servers.discord.models import Channel, User
from tests.servers.discord.payloads import channel_json, member_json, thread_member_json
from tests.servers.discord.permissions import P

if TYPE_CHECKING:
    from tests.servers.discord.world import World


def join(world: World, thread: Channel, user: User) -> None:
    """Only the application's own joining is told without the members intent; joining a private thread shows it."""
    assert thread.guild is not None
    if user.id in thread.thread_members:
        return
    saw = bool(world.mine(thread) & P.VIEW_CHANNEL)
    thread.thread_members[user.id] = world.clock.now()
    if user is world.bot and not saw:
        world.emit("THREAD_CREATE", channel_json(thread, world.bot), channel=thread)
    added = thread_member_json(thread, user.id)
    if world.settings.members_intent:
        added |= {"member": member_json(thread.guild.members[user.id]), "presence": None}
    if user is world.bot or world.settings.members_intent:
        _members_changed(world, thread, {"added_members": [added]})


def leave(world: World, thread: Channel, user: User) -> None:
    if thread.thread_members.pop(user.id, None) is not None:
        _members_changed(world, thread, {"removed_member_ids": [str(user.id)]})


def _members_changed(world: World, thread: Channel, change: dict[str, Any]) -> None:
    assert thread.guild is not None
    count = min(50, len(thread.thread_members))
    data = {"id": str(thread.id), "guild_id": str(thread.guild.id), "member_count": count} | change
    world.emit("THREAD_MEMBERS_UPDATE", data, guild=thread.guild)
