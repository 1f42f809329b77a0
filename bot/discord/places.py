"""Discord's channels, threads and people as Places and Persons.

A question at the top of a channel has the message's id as its thread: a thread that is opened on a message has that
message's id, and where threads may not be opened the answer replies to it, so the Place is the same and known at once.
A conversation with one person (workspace ``@me``) is one thread without an id.
"""

from __future__ import annotations

import re
from typing import Any

import discord

from bot.chat import File, Mention, Person, Place

PLATFORM = "discord"
DIRECT = "@me"
WRITTEN = (discord.MessageType.default, discord.MessageType.reply)
"""What people write themselves; everything else is Discord's own message about something."""
_EVERYONE = re.compile(r"@(?:everyone|here)\b")
_EMOJI = re.compile(r"<a?(:\w+:)\d+>")


def place_in(channel: Any, root: int | str) -> Place:
    """The Place of a message in a channel; ``root`` is the message that the conversation began with."""
    guild = getattr(channel, "guild", None)
    guild_id = guild.id if guild is not None else getattr(channel, "guild_id", None)
    if guild_id is None:
        return Place(PLATFORM, DIRECT, str(channel.id))
    if isinstance(channel, discord.Thread):
        return Place(PLATFORM, str(guild_id), str(channel.parent_id), str(channel.id))
    return Place(PLATFORM, str(guild_id), str(channel.id), str(root))


def place_of(message: discord.Message, me: int) -> Place:
    """Where the message belongs: a reply to an answer that is itself a reply goes on with that conversation."""
    answered = replied_to(message)
    if answered is not None and answered.reference is not None and answered.author.id == me:
        return place_in(message.channel, answered.reference.message_id or message.id)
    return place_in(message.channel, message.id)


def is_to_others(message: discord.Message) -> bool:
    """Whether it begins with a name, answers somebody, or calls everybody, also where its writer may not."""
    calls = message.mention_everyone or bool(_EVERYONE.search(message.content))
    return calls or message.content.lstrip().startswith("<@") or replied_to(message) is not None


def replied_to(message: discord.Message) -> discord.Message | None:
    """The message that this one answers, where Discord tells."""
    found = message.reference.resolved if message.reference is not None else None
    return found if isinstance(found, discord.Message) else None


def names_us(message: discord.Message, me: int) -> bool:
    """Whether it names the assistant, by itself or by the role of its own: Discord offers both under the same name."""
    return any(user.id == me for user in message.mentions) or bool(_own_roles(message, me))


def _own_roles(message: discord.Message, me: int) -> list[int]:
    """The ids of the roles in a message that are the assistant's alone: made by Discord when it was invited."""
    return [role.id for role in message.role_mentions if role.tags is not None and role.tags.bot_id == me]


def person_of(user: discord.abc.User) -> Person:
    return Person(f"{PLATFORM}/{user.id}", user.display_name, user.bot)


def text_of(message: discord.Message, me: int) -> str:
    """What a person wrote, without the mention of the assistant and with names in place of ids."""
    text = message.content
    for own in (f"<@{me}>", f"<@!{me}>", *(f"<@&{role}>" for role in _own_roles(message, me))):
        text = text.replace(own, "")
    names = {f"<@{user.id}>": f"@{user.display_name}" for user in message.mentions}
    names |= {f"<@!{user.id}>": f"@{user.display_name}" for user in message.mentions}
    names |= {f"<#{channel.id}>": f"#{getattr(channel, 'name', channel.id)}" for channel in message.channel_mentions}
    names |= {f"<@&{role.id}>": f"@{role.name}" for role in message.role_mentions}
    for written, name in names.items():
        text = text.replace(written, name)
    return _EMOJI.sub(r"\1", text).strip()


def mention_of(message: discord.Message, me: int, *, event_id: str, edited: bool = False) -> Mention:
    """A message that addresses the assistant, as the desk is told of it."""
    files = tuple(
        File(one.filename, f"{message.channel.id}/{message.id}/{one.id}", one.size) for one in message.attachments
    )
    return Mention(
        event_id,
        place_of(message, me),
        person_of(message.author),
        text_of(message, me),
        message.created_at.timestamp(),
        files,
        message=str(message.id),
        edited=edited,
    )


def is_written(message: discord.Message) -> bool:
    """Whether a person wrote it: no bot, no webhook, not Discord itself."""
    return not message.author.bot and not message.webhook_id and message.type in WRITTEN


def is_message(mention: Mention) -> bool:
    """Whether it came as somebody's message, rather than as a command."""
    return bool(mention.message) and mention.event_id.startswith(event_of(int(mention.message)))


def event_of(message: int | discord.Message) -> str:
    """The id of the event that a message was, or is after its last edit."""
    if isinstance(message, discord.Message):
        edited = message.edited_at
        return f"discord:{message.id}" + (f":{edited.timestamp():.6f}" if edited is not None else "")
    return f"discord:{message}"
