"""Messages in channels, and reactions to them."""

from __future__ import annotations

import unicodedata
from typing import Any

from tests.servers.discord import posting
from tests.servers.discord.clock import made_at
from tests.servers.discord.errors import Form, refusal
from tests.servers.discord.forms import Draft, read_message
from tests.servers.discord.message_payloads import message_json, redacted
from tests.servers.discord.models import Channel, ChannelType, Message, MessageType, User
from tests.servers.discord.payloads import Json, member_json, user_json
from tests.servers.discord.permissions import P
from tests.servers.discord.router import Call, route
from tests.servers.discord.threads import active, writable

ONE = "/channels/{channel_id}/messages/{message_id}"
EMOJI = ONE + "/reactions/{emoji}"
NONCE_FOR = 300.0
"""Seconds in which a nonce is unique ("the past few minutes")."""


def shown(call: Call, message: Message) -> Json:
    return redacted(call.world, message_json(call.world, message), may_read=call.world.settings.content_intent)


def may_write(call: Call, channel: Channel, draft: Draft) -> None:
    """The permissions that this message needs in this channel."""
    if channel.type is ChannelType.FORUM:
        raise refusal(40058)
    if channel.type is ChannelType.CATEGORY:
        raise refusal(50008)
    if channel.recipient is not None:
        _reachable(call, channel.recipient)
    sending = P.SEND_MESSAGES_IN_THREADS if channel.is_thread else P.SEND_MESSAGES
    extra = [P.EMBED_LINKS] if draft.embeds else []
    call.world.need(channel, sending, *extra, *([P.ATTACH_FILES] if draft.uploads else []))
    writable(call.world, channel)


def _reachable(call: Call, user: User) -> None:
    """Direct messages go to those who share a server and have not closed theirs."""
    if not any(user.id in guild.members for guild in call.world.guilds.values() if guild.has_bot):
        raise refusal(50278)
    if user.blocks_dms:
        raise refusal(50007)


@route("POST", "/channels/{channel_id}/messages")
async def create_message(call: Call) -> Any:
    channel = call.channel()
    draft = read_message(call.fields, call.files)
    call.ignored += draft.ignored
    may_write(call, channel, draft)
    if call.fields.get("enforce_nonce") and (same := _same_nonce(call, channel)):
        return shown(call, same)
    reference = posting.referenced(call.world, channel, call.fields)
    kind = MessageType.REPLY if reference else MessageType.DEFAULT
    message = posting.post(call.world, channel, call.world.bot, draft, kind=kind, reference=reference, body=call.fields)
    return shown(call, message)


def _same_nonce(call: Call, channel: Channel) -> Message | None:
    nonce, now = call.fields.get("nonce"), call.world.clock.now()
    for message in channel.messages.values():
        recent = now - made_at(message.id) < NONCE_FOR
        if nonce is not None and message.nonce == nonce and message.author is call.world.bot and recent:
            return message
    return None


@route("GET", "/channels/{channel_id}/messages")
async def list_messages(call: Call) -> Any:
    channel = call.channel()
    form = Form()
    if len(given := [key for key in ("around", "before", "after") if key in call.query]) > 1:
        form.wrong(given[1], "MUTUALLY_EXCLUSIVE", "around, before and after are mutually exclusive")
    limit = form.number(int(call.query.get("limit", 50)), "limit", 1, 100) or 50
    form.check()
    if not call.world.mine(channel) & P.READ_MESSAGE_HISTORY:
        return []
    found = sorted((one for one in channel.messages.values() if not one.ephemeral), key=lambda one: one.id)
    if "after" in call.query:
        found = [one for one in found if one.id > int(call.query["after"])][:limit]
    elif "before" in call.query:
        found = [one for one in found if one.id < int(call.query["before"])][-limit:]
    elif "around" in call.query:
        middle = int(call.query["around"])
        near = sorted(found, key=lambda one: abs(one.id - middle))[:limit]
        found = sorted(near, key=lambda one: one.id)
    return [shown(call, one) for one in reversed(found[-limit:])]


@route("GET", ONE)
async def get_message(call: Call) -> Any:
    channel = call.channel(P.READ_MESSAGE_HISTORY)
    return shown(call, call.message(channel))


@route("PATCH", ONE)
async def edit_message(call: Call) -> Any:
    channel = call.channel()
    message = call.message(channel)
    if message.author is not call.world.bot:
        if set(call.fields) - {"flags"}:
            raise refusal(50005)
        call.world.need(channel, P.MANAGE_MESSAGES)
    active(call.world, channel)
    writable(call.world, channel)
    draft = read_message(call.fields, call.files, before=message)
    call.ignored += draft.ignored
    posting.edit(call.world, message, draft)
    return shown(call, message)


@route("DELETE", ONE)
async def delete_message(call: Call) -> Any:
    channel = call.channel()
    message = call.message(channel)
    if message.author is not call.world.bot:
        if channel.type is ChannelType.DM:
            raise refusal(50003)
        call.world.need(channel, P.MANAGE_MESSAGES)
    if message.type is MessageType.THREAD_STARTER_MESSAGE:
        raise refusal(50021)
    posting.delete(call.world, message)


@route("POST", "/channels/{channel_id}/messages/bulk-delete")
async def bulk_delete(call: Call) -> Any:
    channel = call.channel(P.MANAGE_MESSAGES)
    form = Form()
    found = form.ids(call.fields.get("messages"), "messages", 100)
    if len(found) < 2:
        form.wrong("messages", "BASE_TYPE_BAD_LENGTH", "Must be between 2 and 100 in length.")
    form.check()
    for one in found:
        if message := channel.messages.get(one):
            posting.delete(call.world, message)


@route("PUT", EMOJI + "/@me")
async def react(call: Call) -> Any:
    channel = call.channel(P.READ_MESSAGE_HISTORY)
    message, emoji = call.message(channel), _emoji(call)
    active(call.world, channel)
    if emoji not in message.reactions:
        call.world.need(channel, P.ADD_REACTIONS)
        if len(message.reactions) >= 20:
            raise refusal(30010)
    who = message.reactions.setdefault(emoji, [])
    if call.world.bot.id not in who:
        who.append(call.world.bot.id)
        call.world.emit("MESSAGE_REACTION_ADD", reaction_json(call, message, emoji), channel=channel)


@route("DELETE", EMOJI + "/@me")
async def take_back(call: Call) -> Any:
    await _unreact(call, call.world.bot.id)


@route("DELETE", EMOJI + "/{user_id}")
async def take_away(call: Call) -> Any:
    call.channel(P.MANAGE_MESSAGES)
    await _unreact(call, call.user().id)


async def _unreact(call: Call, user_id: int) -> None:
    channel = call.channel()
    message, emoji = call.message(channel), _emoji(call)
    active(call.world, channel)
    who = message.reactions.get(emoji, [])
    if user_id not in who:
        raise refusal(10014)
    who.remove(user_id)
    if not who:
        del message.reactions[emoji]
    data = reaction_json(call, message, emoji) | {"user_id": str(user_id)}
    call.world.emit("MESSAGE_REACTION_REMOVE", data, channel=channel)


@route("GET", EMOJI)
async def who_reacted(call: Call) -> Any:
    message = call.message(call.channel())
    who = message.reactions.get(_emoji(call), [])
    return [user_json(call.world.users[one]) for one in who[: call.limit(25, 100)]]


def _emoji(call: Call) -> str:
    emoji = call.path["emoji"]
    symbols = any(unicodedata.category(one) in ("So", "Sm", "Sk", "Po", "Nd") for one in emoji)
    if not symbols or emoji.isascii():
        raise refusal(10014)
    return emoji


def reaction_json(call: Call, message: Message, emoji: str) -> Json:
    data: Json = {
        "user_id": str(call.world.bot.id),
        "channel_id": str(message.channel.id),
        "message_id": str(message.id),
        "message_author_id": str(message.author.id),
        "emoji": {"id": None, "name": emoji},
        "burst": False,
        "type": 0,
    }
    if (guild := message.channel.guild) is not None:
        data |= {"guild_id": str(guild.id), "member": member_json(guild.members[call.world.bot.id])}
    return data
