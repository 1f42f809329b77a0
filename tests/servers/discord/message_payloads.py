"""Messages and answers to interactions as JSON, and what of them an application may read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.servers.discord.clock import iso, made_at
from tests.servers.discord.models import Attachment, Channel, ChannelType, Flag, Interaction, Message, MessageType
from tests.servers.discord.payloads import Json, channel_json, user_json

if TYPE_CHECKING:
    from tests.servers.discord.world import World


def attachment_json(world: World, attachment: Attachment) -> Json:
    url = world.attachment_url(attachment)
    data: Json = {
        "id": str(attachment.id),
        "filename": attachment.filename,
        "size": len(attachment.data),
        "url": url,
        "proxy_url": url,
        "content_type": attachment.content_type,
        "flags": 0,
    }
    if attachment.description:
        data["description"] = attachment.description
    if attachment.ephemeral:
        data["ephemeral"] = True
    return data


def message_json(world: World, message: Message, *, nested: bool = False) -> Json:
    """A message in full, as its author's application gets it; `redacted` takes away what others may not read."""
    data: Json = {
        "id": str(message.id),
        "channel_id": str(message.channel.id),
        "author": user_json(message.author),
        "content": message.content,
        "timestamp": iso(made_at(message.id)),
        "edited_timestamp": None if message.edited_at is None else iso(message.edited_at),
        "tts": message.tts,
        "mention_everyone": message.mention_everyone,
        "mentions": [user_json(world.users[one]) for one in message.mentions],
        "mention_roles": [str(one) for one in message.mention_roles],
        "attachments": [attachment_json(world, one) for one in message.attachments],
        "embeds": [] if message.flags & Flag.SUPPRESS_EMBEDS else message.embeds,
        "components": message.components,
        "pinned": False,
        "type": int(message.type),
        "flags": int(message.flags),
    }
    if message.nonce is not None:
        data["nonce"] = message.nonce
    if message.webhook is not None:
        data["webhook_id"] = str(message.webhook)
    if message.reactions:
        data["reactions"] = [_reaction_json(world, emoji, who) for emoji, who in message.reactions.items()]
    if message.thread is not None:
        data["thread"] = channel_json(message.thread, world.bot)
    if message.author is world.bot and message.interaction:
        data |= _interaction_parts(message)
    if message.reference:
        data |= _reference_parts(world, message, nested=nested)
    return data


def _interaction_parts(message: Message) -> Json:
    interaction = message.interaction
    assert interaction is not None
    metadata: Json = {
        "id": str(interaction.id),
        "type": interaction.type,
        "user": user_json(interaction.user),
        "authorizing_integration_owners": owners(interaction.channel),
    }
    if interaction.response is not None and interaction.response is not message:
        metadata["original_response_message_id"] = str(interaction.response.id)
    if interaction.type == 3 and interaction.message is not None:
        metadata["interacted_message_id"] = str(interaction.message.id)
    data: Json = {
        "application_id": str(message.author.id),
        "webhook_id": str(message.author.id),
        "interaction_metadata": metadata,
    }
    if interaction.type == 2:
        parts = {"id": str(interaction.id), "type": 2, "name": interaction.name, "user": user_json(interaction.user)}
        data["interaction"] = parts
    return data


def _reference_parts(world: World, message: Message, *, nested: bool) -> Json:
    assert message.reference is not None
    channel_id, message_id = message.reference
    reference: Json = {"type": 0, "channel_id": str(channel_id)}
    if message_id:
        reference["message_id"] = str(message_id)
    if message.channel.guild is not None:
        reference["guild_id"] = str(message.channel.guild.id)
    data: Json = {"message_reference": reference}
    if nested or message.type not in (MessageType.REPLY, MessageType.THREAD_STARTER_MESSAGE):
        return data
    target = world.find_message(message_id)
    shown = None if target is None or target.deleted else message_json(world, target, nested=True)
    return data | {"referenced_message": shown}


def _reaction_json(world: World, emoji: str, who: list[int]) -> Json:
    return {
        "emoji": {"id": None, "name": emoji},
        "count": len(who),
        "count_details": {"burst": 0, "normal": len(who)},
        "me": world.bot.id in who,
        "me_burst": False,
        "burst_colors": [],
    }


def redacted(world: World, data: Json, *, may_read: bool) -> Json:
    """Without the message content intent, what people wrote is empty, unless the application wrote it, it is a direct
    message, or it mentions the application (events/gateway#message-content-intent)."""
    me = str(world.bot.id)
    channel = world.channels.get(int(data["channel_id"]))
    own = data["author"]["id"] == me or any(one["id"] == me for one in data["mentions"])
    if may_read or own or channel is None or channel.type is ChannelType.DM:
        shown = dict(data)
    else:
        shown = data | {"content": "", "embeds": [], "attachments": [], "components": []}
    if isinstance(shown.get("referenced_message"), dict):
        shown["referenced_message"] = redacted(world, shown["referenced_message"], may_read=may_read)
    return shown


def owners(channel: Channel) -> Json:
    """For whom the application is installed here: the server, or "0" in a conversation with the bot."""
    return {"0": str(channel.guild.id) if channel.guild is not None else "0"}


def interaction_callback_json(world: World, interaction: Interaction, *, resource: Message | None) -> Json:
    about: Json = {"id": str(interaction.id), "type": interaction.type}
    shown = interaction.response
    if interaction.callback in (4, 5, 7) and shown is not None:
        about["response_message_id"] = str(shown.id)
        about["response_message_loading"] = shown.loading
        about["response_message_ephemeral"] = shown.ephemeral
    body: Json = {"interaction": about}
    if interaction.callback in (4, 5, 7):
        body["resource"] = {"type": interaction.callback}
        if resource is not None:
            body["resource"]["message"] = message_json(world, resource)
    return body
