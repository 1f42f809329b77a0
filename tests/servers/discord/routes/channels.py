"""Channels: look, change, delete, show that somebody is typing."""

from __future__ import annotations

from typing import Any

from tests.servers.discord.errors import Form, refusal
from tests.servers.discord.models import ChannelType
from tests.servers.discord.payloads import channel_json
from tests.servers.discord.permissions import P
from tests.servers.discord.removing import remove_channel
from tests.servers.discord.router import Answer, Call, route
from tests.servers.discord.threads import change
from tests.servers.discord.world import Typing


@route("GET", "/channels/{channel_id}")
async def get_channel(call: Call) -> Any:
    return channel_json(call.channel(), call.world.bot)


@route("PATCH", "/channels/{channel_id}")
async def edit_channel(call: Call) -> Any:
    channel = call.channel()
    if channel.type is ChannelType.DM:
        raise refusal(50003)
    if channel.is_thread:
        change(call.world, channel, call.fields)
        return channel_json(channel, call.world.bot)
    call.world.need(channel, P.MANAGE_CHANNELS)
    form = Form()
    if "name" in call.fields:
        channel.name = form.text(call.fields["name"], "name", 100, shortest=1, required=True) or channel.name
    if "topic" in call.fields:
        channel.topic = form.text(call.fields["topic"], "topic", 1024) or None
    form.check()
    call.world.emit("CHANNEL_UPDATE", channel_json(channel), channel=channel)
    return channel_json(channel)


@route("DELETE", "/channels/{channel_id}")
async def delete_channel(call: Call) -> Any:
    channel = call.channel()
    if channel.type is ChannelType.DM:
        return channel_json(channel)
    call.world.need(channel, P.MANAGE_THREADS if channel.is_thread else P.MANAGE_CHANNELS)
    data = channel_json(channel, call.world.bot)
    remove_channel(call.world, channel)
    return Answer(200, data)


@route("POST", "/channels/{channel_id}/typing")
async def typing(call: Call) -> Any:
    channel = call.channel()
    call.world.need(channel, P.SEND_MESSAGES_IN_THREADS if channel.is_thread else P.SEND_MESSAGES)
    call.world.typing.append(Typing(channel, call.world.clock.now()))
