"""Threads and forum posts, and who is in them."""

from __future__ import annotations

from typing import Any

from tests.servers.discord import membership, posting, threads
from tests.servers.discord.errors import Form, refusal
from tests.servers.discord.forms import read_message
from tests.servers.discord.message_payloads import message_json
from tests.servers.discord.models import Channel, ChannelType
from tests.servers.discord.payloads import channel_json, thread_member_json
from tests.servers.discord.permissions import P
from tests.servers.discord.router import Answer, Call, route

MEMBERS = "/channels/{channel_id}/thread-members"


@route("POST", "/channels/{channel_id}/messages/{message_id}/threads")
async def from_message(call: Call) -> Any:
    channel = call.channel(P.CREATE_PUBLIC_THREADS)
    message = call.message(channel)
    if channel.type not in (ChannelType.TEXT, ChannelType.ANNOUNCEMENT):
        raise refusal(50024)
    name, duration = threads.read_thread(call.fields)
    announcing = channel.type is ChannelType.ANNOUNCEMENT
    kind = ChannelType.ANNOUNCEMENT_THREAD if announcing else ChannelType.PUBLIC_THREAD
    thread = threads.start(call.world, channel, call.world.bot, name, kind=kind, source=message, auto_archive=duration)
    return Answer(201, channel_json(thread, call.world.bot))


@route("POST", "/channels/{channel_id}/threads")
async def without_message(call: Call) -> Any:
    channel = call.channel()
    if channel.type is ChannelType.FORUM:
        return _forum_post(call, channel)
    if channel.type not in (ChannelType.TEXT, ChannelType.ANNOUNCEMENT):
        raise refusal(50024)
    name, duration = threads.read_thread(call.fields)
    form = Form()
    kind = call.fields.get("type", int(ChannelType.PRIVATE_THREAD))
    private_too = (10, 11, 12) if channel.type is ChannelType.TEXT else (10,)
    form.one_of(kind, "type", private_too)
    form.check()
    private = kind == ChannelType.PRIVATE_THREAD
    call.world.need(channel, P.CREATE_PRIVATE_THREADS if private else P.CREATE_PUBLIC_THREADS)
    invitable = call.fields.get("invitable") is not False
    thread = threads.start(
        *(call.world, channel, call.world.bot, name),
        kind=ChannelType(kind),
        auto_archive=duration,
        invitable=invitable,
    )
    return Answer(201, channel_json(thread, call.world.bot))


def _forum_post(call: Call, forum: Channel) -> Answer:
    """A post is a thread with its first message, whose id it shares; the permission is SEND_MESSAGES."""
    call.world.need(forum, P.SEND_MESSAGES)
    name, duration = threads.read_thread(call.fields)
    form = Form()
    if not isinstance(call.fields.get("message"), dict):
        form.wrong("message", "BASE_TYPE_REQUIRED", "This field is required")
    tags = form.ids(call.fields.get("applied_tags"), "applied_tags", 5)
    for number, tag in enumerate(tags):
        if tag not in forum.tags:
            form.wrong(f"applied_tags.{number}", "UNKNOWN_TAG", "Unknown tag")
    form.check()
    if forum.must_tag and not tags:
        raise refusal(40067)
    draft = read_message(call.fields["message"], call.files, path="message")
    call.ignored += draft.ignored
    thread = threads.start(*(call.world, forum, call.world.bot, name), auto_archive=duration, tags=tuple(tags))
    message = posting.post(
        *(call.world, thread, call.world.bot, draft), body=call.fields["message"], message_id=thread.id
    )
    body = channel_json(thread, call.world.bot) | {"message": message_json(call.world, message)}
    return Answer(201, body)


def _thread(call: Call) -> Channel:
    channel = call.channel()
    if not channel.is_thread:
        raise refusal(50024)
    return channel


@route("GET", MEMBERS)
async def list_members(call: Call) -> Any:
    """Needs the members intent to be switched on."""
    if not call.world.settings.members_intent:
        raise refusal(50001)
    thread = _thread(call)
    return [thread_member_json(thread, one) for one in thread.thread_members]


@route("GET", MEMBERS + "/{user_id}")
async def get_member(call: Call) -> Any:
    thread, user = _thread(call), call.user()
    if user.id not in thread.thread_members:
        raise refusal(10007)
    return thread_member_json(thread, user.id)


@route("PUT", MEMBERS + "/{user_id}")
async def add_member(call: Call) -> Any:
    thread, user = _thread(call), call.user()
    threads.active(call.world, thread)
    if thread.guild is None or user.id not in thread.guild.members:
        raise refusal(10007)
    if user is not call.world.bot:
        call.world.need(thread, P.SEND_MESSAGES_IN_THREADS)
    membership.join(call.world, thread, user)


@route("DELETE", MEMBERS + "/{user_id}")
async def remove_member(call: Call) -> Any:
    thread, user = _thread(call), call.user()
    threads.active(call.world, thread)
    if user is not call.world.bot and thread.owner_id != call.world.bot.id:
        call.world.need(thread, P.MANAGE_THREADS)
    membership.leave(call.world, thread, user)


@route("GET", "/guilds/{guild_id}/threads/active")
async def active_threads(call: Call) -> Any:
    guild = call.guild()
    found = [one for one in call.world.channels.values() if one.guild is guild and one.is_thread]
    return _listed(call, [one for one in found if not one.archived and call.world.mine(one) & P.VIEW_CHANNEL])


@route("GET", "/channels/{channel_id}/threads/archived/{which}")
async def archived_threads(call: Call) -> Any:
    channel = call.channel(P.READ_MESSAGE_HISTORY)
    private = call.path["which"] == "private"
    if private:
        call.world.need(channel, P.MANAGE_THREADS)
    found = [one for one in call.world.channels.values() if one.parent is channel and one.archived]
    found = [one for one in found if one.is_private_thread == private]
    found.sort(key=lambda one: one.archived_at, reverse=True)
    return _listed(call, found[: call.limit(50, 100)]) | {"has_more": False}


def _listed(call: Call, found: list[Channel]) -> dict[str, Any]:
    bot = call.world.bot
    members = [thread_member_json(one, bot.id) for one in found if bot.id in one.thread_members]
    return {"threads": [channel_json(one, bot) for one in found], "members": members}
