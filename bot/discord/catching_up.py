"""What was said while the bot was away: a new session of the gateway begins where it begins.

Only channels in which something was said lately are asked, so a quiet server costs nothing. What was heard before is
heard twice, which changes nothing. The first direct message of somebody who never wrote before is not found.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import discord
import structlog

from bot.chat import ChatError
from bot.discord.errors import persistently
from bot.discord.places import DIRECT, PLATFORM
from bot.records import Records

BACK_SECONDS = 15 * 60.0
MOST_CHANNELS = 200
MOST_DIRECT = 25
MOST_MESSAGES = 100
"""Of one channel: one request."""
PATIENT = (1.0, 2.0, 5.0, 10.0, 30.0)
Spoken = discord.TextChannel | discord.Thread | discord.VoiceChannel
Room = Spoken | discord.PartialMessageable
log = structlog.get_logger()


async def missed(client: discord.Client, records: Records, now: float) -> AsyncIterator[discord.Message]:
    """Every message of the last minutes in places that the assistant sees, oldest first in each."""
    since = discord.Object(discord.utils.time_snowflake(datetime.fromtimestamp(now - BACK_SECONDS, UTC)))
    for channel in [*_lively(client, since.id), *await _conversations(client, records)]:
        try:
            found = await persistently(lambda channel=channel: _listed(channel, since), PATIENT)  # type: ignore[misc]
        except ChatError as error:
            log.warning("not caught up", channel=channel.id, why=str(error))
            continue
        for message in found:
            yield message


def _lively(client: discord.Client, since: int) -> list[Room]:
    """Channels and threads with a message that is newer than this, the newest first."""
    spoken: list[Spoken] = []
    for guild in client.guilds:
        spoken += [*guild.text_channels, *guild.threads, *guild.voice_channels]
    found = [
        one
        for one in spoken
        if (one.last_message_id or 0) > since and one.permissions_for(one.guild.me).read_message_history
    ]
    newest = sorted(found, key=lambda channel: channel.last_message_id or 0, reverse=True)
    if len(newest) > MOST_CHANNELS:
        log.warning("catching up in part", channels=len(newest), most=MOST_CHANNELS)
    return list(newest[:MOST_CHANNELS])


async def _conversations(client: discord.Client, records: Records) -> list[Room]:
    """The direct conversations there have been."""
    known = [place.channel for place in await records.channels(PLATFORM) if place.workspace == DIRECT]
    newest = sorted(map(int, known), reverse=True)[:MOST_DIRECT]
    return [client.get_partial_messageable(channel, type=discord.ChannelType.private) for channel in newest]


async def _listed(channel: Room, since: discord.Object) -> list[discord.Message]:
    return [message async for message in channel.history(limit=MOST_MESSAGES, after=since, oldest_first=True)]
