"""What the bot is invited with, and what of it a server gives.

docs.discord.com/developers/topics/oauth2, docs.discord.com/developers/topics/permissions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import discord

from bot.chat import ChatGone
from bot.discord.errors import ONCE, persistently

NEEDED = {
    "view_channel": "View Channels",
    "send_messages": "Send Messages",
    "read_message_history": "Read Message History",
    "create_public_threads": "Create Public Threads",
    "send_messages_in_threads": "Send Messages in Threads",
    "attach_files": "Attach Files",
}
"""The permissions that are used, as the library and as Discord's settings call them."""
SPARED = {"create_public_threads", "send_messages_in_threads", "attach_files"}
"""Without these it answers in the channel, or a report comes without its picture."""
_IN_CHANNEL = NEEDED.keys() - {"attach_files"}
"""What is looked at channel by channel: the one picture is for one of them."""
_IN_FORUM = {"view_channel", "read_message_history", "send_messages_in_threads"}


def invitation(application: int) -> str:
    """The address at which somebody who manages a server invites the bot, or gives it what it lacks there."""
    permissions = discord.Permissions(**dict.fromkeys(NEEDED, True))
    return discord.utils.oauth_url(application, permissions=permissions, scopes=("bot", "applications.commands"))


@dataclass(frozen=True, slots=True)
class Standing:
    """What the bot may do in a server; permissions by the library's names."""

    lacking: Sequence[str]
    """In the whole server."""
    closed: dict[str, list[str]]
    """What it lacks only in some channels, and in which."""
    seen: int
    hidden: int
    """Channels that it does not see."""


async def standing(client: discord.Client, server: int) -> Standing:
    """What Discord says of this, asked once. Raises a `ChatError`."""
    guild = await persistently(lambda: client.fetch_guild(server, with_counts=False), ONCE)
    me = await persistently(lambda: guild.fetch_member(client.user.id if client.user else 0), ONCE)
    channels = await persistently(guild.fetch_channels, ONCE)
    lacking = [name for name in NEEDED if not getattr(me.guild_permissions, name)]
    spoken = [one for one in channels if isinstance(one, discord.TextChannel | discord.ForumChannel)]
    seen = [one for one in spoken if one.permissions_for(me).view_channel]
    closed: dict[str, list[str]] = {}
    for channel in seen:
        wanted = _IN_FORUM if isinstance(channel, discord.ForumChannel) else _IN_CHANNEL
        for name in NEEDED:
            if name in wanted and name not in lacking and not getattr(channel.permissions_for(me), name):
                closed.setdefault(name, []).append(channel.name)
    return Standing(lacking, closed, len(seen), len(spoken) - len(seen))


async def has_commands(client: discord.Client, server: int) -> bool:
    """Whether the bot was invited with the scope for commands: without it Discord refuses to list them there.

    Raises a `ChatError`.
    """
    try:
        await persistently(lambda: client.http.get_guild_commands(client.application_id or 0, server), ONCE)
    except ChatGone:
        return False
    return True
