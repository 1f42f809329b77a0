"""Who reads along in a channel of Discord, and which servers and channels somebody is in.

Roles, channels and what they allow are known from the gateway; who has which roles is asked for each person
(docs.discord.com/developers/resources/guild#get-guild-member), so that no list of all members is needed.
docs.discord.com/developers/topics/permissions, docs.discord.com/developers/topics/threads#private-threads.
"""

from __future__ import annotations

from collections.abc import Collection

import discord

from bot.chat import ChatAway, ChatError, ChatRefused, Membership, Openness, Person, Place, Readers
from bot.discord.errors import FEW, persistently
from bot.discord.places import DIRECT, PLATFORM

SERVERS = 25
"""Servers in which somebody is looked for who writes directly; further ones are none of theirs."""
_READS = discord.Permissions(view_channel=True, read_message_history=True)
Channel = discord.abc.GuildChannel | discord.Thread


def readers(client: discord.Client, place: Place) -> Readers:
    """Who reads along there. Raises `ChatAway` where the channel is not known."""
    if place.workspace == DIRECT:
        return Readers(Openness.DIRECT)
    guild = client.get_guild(int(place.workspace))
    channel = guild.get_channel(int(place.channel)) if guild is not None else None
    if guild is None or channel is None:
        raise ChatAway("Discord has not told of this channel")
    thread = guild.get_thread(int(place.thread)) if place.thread else None
    public = channel.permissions_for(guild.default_role).is_superset(_READS)
    closed = not public or (thread is not None and thread.is_private())
    return Readers(Openness.MEMBERS if closed else Openness.WORKSPACE, channel=channel.name)


async def membership(client: discord.Client, near: Place, person: Person, channels: Collection[str]) -> Membership:
    """Of the server of a place, or directly of all that the assistant is in. Raises a `ChatError`."""
    if near.workspace == DIRECT:
        guilds = list(client.guilds[:SERVERS])
    else:
        guilds = [guild] if (guild := client.get_guild(int(near.workspace))) is not None else []
    workspaces: set[str] = set()
    found: set[str] = set()
    for guild in guilds:
        if (member := await member_of(guild, person)) is None:
            continue
        here = f"{PLATFORM}/{guild.id}"
        if not (member.pending or member.flags.guest):
            workspaces.add(here)
        for key in channels:
            at, _, channel = key.rpartition("/")
            if at == here and channel.isdecimal() and await _reads(guild, member, int(channel)):
                found.add(key)
    return Membership(frozenset(workspaces), frozenset(found))


async def member_of(guild: discord.Guild, person: Person) -> discord.Member | None:
    """Somebody as a member of a server; None who is none. Raises `ChatAway`."""
    if not person.id.startswith(f"{PLATFORM}/"):
        return None
    user = int(person.id.rpartition("/")[2])
    try:
        return await persistently(lambda: guild.fetch_member(user), FEW)
    except ChatRefused:
        return None


async def _reads(guild: discord.Guild, member: discord.Member, channel: int) -> bool:
    """Whether somebody may read there; in a private thread only who is in it, or manages all of them."""
    where = guild.get_channel_or_thread(channel) or await _asleep(guild, channel)
    if where is None or not where.permissions_for(member).is_superset(_READS):
        return False
    if not isinstance(where, discord.Thread) or not where.is_private():
        return True
    if where.permissions_for(member).manage_threads:
        return True
    try:
        await persistently(lambda: where.fetch_member(member.id), FEW)
    except ChatRefused:
        return False
    return True


async def _asleep(guild: discord.Guild, channel: int) -> Channel | None:
    """A thread that has been asleep for so long that the library does not know it."""
    try:
        return await persistently(lambda: guild.fetch_channel(channel), FEW)
    except ChatError:
        return None
