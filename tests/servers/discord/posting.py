"""Messages come, change and go, and everybody hears of it. Both people and the application end up here."""

from __future__ import annotations

import mimetypes
import re
from typing import TYPE_CHECKING, Any

from tests.servers.discord.errors import Form, refusal
from tests.servers.discord.forms import Draft
from tests.servers.discord.membership import join
from tests.servers.discord.message_payloads import message_json
from tests.servers.discord.models import Attachment, Channel, Flag, Interaction, Message, MessageType, User, walk
from tests.servers.discord.payloads import Json, channel_json, message_member_json
from tests.servers.discord.permissions import USUAL, P

if TYPE_CHECKING:
    from tests.servers.discord.world import World

ALL_MENTIONS = {"parse": ["users", "roles", "everyone"], "replied_user": True}
ONLY_USERS = {"parse": ["users"]}
"""The defaults for messages, and for interactions and webhooks (message#allowed-mentions-object)."""


def post(
    world: World,
    channel: Channel,
    author: User,
    draft: Draft,
    *,
    kind: MessageType = MessageType.DEFAULT,
    reference: tuple[int, int] | None = None,
    interaction: Interaction | None = None,
    body: dict[str, Any] | None = None,
    message_id: int | None = None,
    webhook: int | None = None,
) -> Message:
    """Put a checked message into the channel and tell everyone."""
    if channel.is_thread and channel.archived:
        revive(world, channel)
    message = Message(message_id or world.ids.next(), channel, author, draft.content, draft.embeds, draft.components)
    message.flags, message.type, message.reference = draft.flags, kind, reference
    message.interaction, message.tts = interaction, bool((body or {}).get("tts"))
    message.nonce = (body or {}).get("nonce")
    message.webhook = webhook
    message.viewer = interaction.user if interaction and message.ephemeral else None
    attach(world, message, draft)
    name_people(world, message, draft.allowed or (ONLY_USERS if interaction else ALL_MENTIONS))
    _notify(message)
    channel.messages[message.id] = message
    if not message.ephemeral:
        channel.last_message_id = message.id
        channel.message_count += 1
        channel.total_sent += 1
        _into_thread(world, channel, message)
    announce(world, "MESSAGE_CREATE", message)
    return message


def edit(world: World, message: Message, draft: Draft) -> None:
    """Change what was given and leave the rest; the mentions are reckoned anew."""
    waiting = message.loading
    message.versions.append(message.text)
    for key in ("content", "embeds", "components"):
        if key in draft.given:
            setattr(message, key, getattr(draft, key))
    message.flags = draft.flags & ~Flag.LOADING
    if draft.kept is not None:
        message.attachments = [one for one in message.attachments if one.id in draft.kept]
    attach(world, message, draft)
    if draft.given & {"content", "components"}:
        name_people(world, message, draft.allowed or (ONLY_USERS if message.interaction else ALL_MENTIONS))
    if waiting:
        _notify(message)
    message.edited_at = world.clock.now()
    announce(world, "MESSAGE_UPDATE", message)


def delete(world: World, message: Message) -> None:
    message.deleted = True
    message.channel.messages.pop(message.id, None)
    if not message.ephemeral:
        message.channel.message_count -= 1
    data: Json = {"id": str(message.id), "channel_id": str(message.channel.id)}
    guild = message.channel.guild
    if guild is not None and not message.ephemeral:
        data["guild_id"] = str(guild.id)
    world.emit("MESSAGE_DELETE", data, channel=None if message.ephemeral else message.channel)


def announce(world: World, event: str, message: Message) -> None:
    """The message with what events add. An ephemeral one arrives as if it were a direct message: no guild_id, the
    DIRECT_MESSAGES intent, the first shard (discord-api-docs#4557)."""
    data = message_json(world, message)
    guild = message.channel.guild
    data["channel_type"] = int(message.channel.type)
    if guild is None or message.ephemeral:
        world.emit(event, data)
        return
    data["guild_id"] = str(guild.id)
    if member := guild.members.get(message.author.id):
        data["member"] = message_member_json(member)
    data["mentions"] = [
        one
        | ({"member": message_member_json(guild.members[int(one["id"])])} if int(one["id"]) in guild.members else {})
        for one in data["mentions"]
    ]
    world.emit(event, data, channel=message.channel)


def attach(world: World, message: Message, draft: Draft) -> None:
    for upload, description in draft.uploads:
        kind = upload.content_type
        if kind == "application/octet-stream":
            kind = mimetypes.guess_type(upload.filename)[0] or kind
        name = re.sub(r"[^\w.\-]+", "_", upload.filename)
        one = Attachment(world.ids.next(), message.channel.id, name, upload.data, kind, description, message.ephemeral)
        world.attachments[one.id] = one
        message.attachments.append(one)
    _link_media(world, message)


def _link_media(world: World, message: Message) -> None:
    """attachment:// becomes the file's address."""
    urls = {f"attachment://{one.filename}": one for one in message.attachments}
    media = [item for one in walk(message.components) for item in _media(one)]
    media += [embed[key] for embed in message.embeds for key in ("image", "thumbnail") if embed.get(key)]
    for item in media:
        if file := urls.get(item.get("url", "")):
            item["url"] = item["proxy_url"] = world.attachment_url(file)
            item["content_type"] = file.content_type
    for one in walk(message.components):
        if one["type"] == 13:
            one["name"] = one["file"]["url"].split("?")[0].rsplit("/", 1)[-1]


def _media(one: dict[str, Any]) -> list[dict[str, Any]]:
    found = [one[key] for key in ("media", "file") if isinstance(one.get(key), dict)]
    return found + [item["media"] for item in one.get("items", ())]


def _notify(message: Message) -> None:
    if message.flags & Flag.SUPPRESS_NOTIFICATIONS:
        return
    message.pinged.update(message.mentions)
    guild = message.channel.guild
    for member in guild.members.values() if guild is not None else ():
        if message.mention_everyone or set(member.roles) & set(message.mention_roles):
            message.pinged.add(member.user.id)


def name_people(world: World, message: Message, allowed: dict[str, Any]) -> None:
    """Whom the message mentions: those it names, as far as allowed_mentions and the author's permissions go."""
    text = "\n".join([message.content, *(one["content"] for one in walk(message.components) if one["type"] == 10)])
    guild, parse = message.channel.guild, allowed.get("parse") or []
    mine = USUAL if message.webhook else world.permissions(message.author, message.channel)
    named = [int(one) for one in dict.fromkeys(re.findall(r"<@!?(\d+)>", text))]
    listed = {int(one) for one in allowed.get("users") or []}
    users = [one for one in named if one in world.users and ("users" in parse or one in listed)]
    target = (
        world.find_message(message.reference[1]) if message.type is MessageType.REPLY and message.reference else None
    )
    if target is not None and allowed.get("replied_user") and target.author.id not in users:
        users.append(target.author.id)
    message.mentions = users
    listed = {int(one) for one in allowed.get("roles") or []}
    roles = [int(one) for one in dict.fromkeys(re.findall(r"<@&(\d+)>", text))]
    message.mention_roles = [
        one
        for one in roles
        if guild and one in guild.roles and ("roles" in parse or one in listed)
        if guild.roles[one].mentionable or mine & P.MENTION_EVERYONE
    ]
    everyone = bool(re.search(r"@(everyone|here)\b", text)) and "everyone" in parse
    message.mention_everyone = everyone and bool(mine & P.MENTION_EVERYONE)


def _into_thread(world: World, channel: Channel, message: Message) -> None:
    """Who writes in a thread or is named there joins it."""
    if not channel.is_thread or channel.guild is None:
        return
    for user_id in (message.author.id, *message.mentions):
        if user_id in channel.guild.members and user_id not in channel.thread_members:
            join(world, channel, world.users[user_id])


def revive(world: World, thread: Channel) -> None:
    thread.archived = False
    thread.archived_at = world.clock.now()
    world.emit("THREAD_UPDATE", channel_json(thread, world.bot), channel=thread)


def referenced(world: World, channel: Channel, body: dict[str, Any]) -> tuple[int, int] | None:
    """What the new message answers; 50035 if it isn't there, unless fail_if_not_exists is false."""
    given = body.get("message_reference")
    if not given:
        return None
    form = Form()
    if not isinstance(given, dict) or not str(given.get("message_id", "")).isdigit():
        form.wrong("message_reference.message_id", "BASE_TYPE_REQUIRED", "This field is required")
        form.check()
    if given.get("type", 0) != 0:
        form.wrong("message_reference.type", "BASE_TYPE_CHOICES", "This server knows replies (0) only.")
    elif not world.mine(channel) & P.READ_MESSAGE_HISTORY:
        raise refusal(160002)
    message_id = int(given["message_id"])
    target = channel.messages.get(message_id)
    if target is None or target.type is MessageType.THREAD_STARTER_MESSAGE:
        if given.get("fail_if_not_exists", True):
            form.wrong("message_reference", "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")
        form.check()
        return None
    form.check()
    return channel.id, message_id
