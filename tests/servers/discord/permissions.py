"""Permission bits and how they add up (docs.discord.com/developers/topics/permissions)."""

from __future__ import annotations

from enum import IntFlag
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.servers.discord.models import Channel, Guild, Member


class P(IntFlag):
    NONE = 0
    KICK_MEMBERS = 1 << 1
    BAN_MEMBERS = 1 << 2
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    SEND_TTS_MESSAGES = 1 << 12
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    CHANGE_NICKNAME = 1 << 26
    MANAGE_ROLES = 1 << 28
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38
    PIN_MESSAGES = 1 << 51

    @classmethod
    def everything(cls) -> P:
        return cls(sum(cls))


USUAL = (
    P.ADD_REACTIONS
    | P.VIEW_CHANNEL
    | P.SEND_MESSAGES
    | P.EMBED_LINKS
    | P.ATTACH_FILES
    | P.READ_MESSAGE_HISTORY
    | P.USE_EXTERNAL_EMOJIS
    | P.CHANGE_NICKNAME
    | P.USE_APPLICATION_COMMANDS
    | P.CREATE_PUBLIC_THREADS
    | P.CREATE_PRIVATE_THREADS
    | P.SEND_MESSAGES_IN_THREADS
)
"""What everybody in a new guild may do: no pings of everyone, no managing."""

IN_DM = USUAL | P.MENTION_EVERYONE
NEEDS_SENDING = P.MENTION_EVERYONE | P.SEND_TTS_MESSAGES | P.ATTACH_FILES | P.EMBED_LINKS


def in_guild(guild: Guild, member: Member) -> P:
    if member.user.id == guild.owner_id:
        return P.everything()
    total = guild.roles[guild.id].permissions
    for role in member.roles:
        total |= guild.roles[role].permissions
    return P.everything() if total & P.ADMINISTRATOR else total


def in_channel(channel: Channel, member: Member) -> P:
    """What the member may do there; a thread takes its parent's permissions."""
    guild = channel.guild
    assert guild is not None
    total = in_guild(guild, member)
    if total & P.ADMINISTRATOR:
        return total
    total = _overwritten(channel.parent if channel.is_thread and channel.parent else channel, member, total)
    if not total & P.VIEW_CHANNEL or not _sees_private(channel, member, total):
        return P.NONE
    sending = P.SEND_MESSAGES_IN_THREADS if channel.is_thread else P.SEND_MESSAGES
    return total if total & sending else total & ~NEEDS_SENDING


def _overwritten(channel: Channel, member: Member, total: P) -> P:
    guild = channel.guild
    assert guild is not None
    if everyone := channel.overwrites.get(guild.id):
        total = (total & ~everyone.deny) | everyone.allow
    allow, deny = P.NONE, P.NONE
    for role in member.roles:
        if overwrite := channel.overwrites.get(role):
            allow, deny = allow | overwrite.allow, deny | overwrite.deny
    total = (total & ~deny) | allow
    if own := channel.overwrites.get(member.user.id):
        total = (total & ~own.deny) | own.allow
    return total


def _sees_private(channel: Channel, member: Member, total: P) -> bool:
    if not channel.is_private_thread:
        return True
    return member.user.id in channel.thread_members or bool(total & P.MANAGE_THREADS)
