"""Channels and threads disappear."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.servers.discord.models import Channel
from tests.servers.discord.payloads import channel_json

if TYPE_CHECKING:
    from tests.servers.discord.world import World


def remove_channel(world: World, channel: Channel) -> None:
    """The channel with its threads; everything in them answers 10003 from now on."""
    guild = channel.guild
    assert guild is not None
    if channel.is_thread:
        del world.channels[channel.id]
        data = {"id": str(channel.id), "guild_id": str(guild.id), "type": int(channel.type)}
        parent = channel.parent.id if channel.parent else 0
        world.emit("THREAD_DELETE", data | {"parent_id": str(parent)}, guild=guild)
        return
    for thread in [one for one in world.channels.values() if one.parent is channel]:
        del world.channels[thread.id]
    del world.channels[channel.id]
    del guild.channels[channel.id]
    world.emit("CHANNEL_DELETE", channel_json(channel), guild=guild)
