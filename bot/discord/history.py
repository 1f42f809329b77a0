"""What people say in a channel, by pages and as it happens: for the channels that are sources.

docs.discord.com/developers/resources/message#get-channel-messages. A thread that is opened on a message has its id.
"""

from __future__ import annotations

import discord

from bot.channels.talk import Talk, source_of
from bot.chat import ChatRefused, Page, Person, Place, Said
from bot.discord.errors import FEW, persistently
from bot.discord.places import PLATFORM, is_written, names_us, place_in, text_of

PAGE = 100


async def page(client: discord.Client, place: Place, cursor: str) -> Page:
    """As `Chat.talk` has it; a cursor is the id of the message behind which it goes on. Raises a `ChatError`."""
    if not client.intents.message_content:
        raise ChatRefused("the message content intent is off")
    if place.thread and not cursor and await _is_private(client, int(place.thread)):
        return Page()
    room = client.get_partial_messageable(int(place.thread or place.channel), guild_id=int(place.workspace))
    messages = await persistently(lambda: _listed(room, cursor, oldest_first=bool(place.thread)), FEW)
    found = [one for message in messages if (one := said(client, place, message)) is not None]
    threads = () if place.thread else tuple(str(key) for one in messages if (key := _begins(one)))
    return Page(tuple(found), threads, str(messages[-1].id) if len(messages) == PAGE else "")


def said(client: discord.Client, place: Place, message: discord.Message) -> Said | None:
    """A message of the channel; None where no person said it to the others there."""
    me = client.user.id if client.user is not None else 0
    if not is_written(message) or names_us(message, me):
        return None
    author = message.author
    name = author.global_name or author.name  # the nickname is told only of what is said now, not of what was
    words = "\n".join(filter(None, (text_of(message, me), *(f"[{one.filename}]" for one in message.attachments))))
    at = message.created_at.timestamp()
    uri = f"https://discord.com/channels/{place.workspace}/{message.channel.id}/{message.id}"
    return (
        Said(str(message.id), Person(f"{PLATFORM}/{author.id}", name), words, at, place.thread, uri) if words else None
    )


class Overhearing:
    """Tells ``talk`` of what happens in the channels that are sources."""

    def __init__(self, client: discord.Client, talk: Talk) -> None:
        self._client = client
        self._talk = talk

    async def hear(self, message: discord.Message) -> None:
        """A message as it stands now; bears being called again for it."""
        if (found := await self._followed(message.channel)) is None:
            return
        place, source = found
        if (one := said(self._client, place, message)) is not None:
            await self._talk.hear(source, one)
        elif is_written(message) and message.edited_at is not None:
            await self._talk.lose(source, str(message.id))

    async def lose(self, channel: int, guild: int | None, message: int) -> None:
        """A message was deleted."""
        room = self._client.get_channel(channel) or self._client.get_partial_messageable(channel, guild_id=guild)
        if (found := await self._followed(room)) is not None:
            await self._talk.lose(found[1], str(message))

    async def changed(self, channel: discord.abc.GuildChannel) -> None:
        """Who may read there, what it is called, or that it is there at all."""
        if (found := await self._followed(channel)) is not None:
            await self._talk.soon(found[1])

    async def _followed(self, channel: object) -> tuple[Place, str] | None:
        """The place and the source of a channel or thread that is one."""
        if getattr(channel, "guild", None) is None or (isinstance(channel, discord.Thread) and channel.is_private()):
            return None
        place = place_in(channel, "")
        source = source_of(place.channel_key)
        return (place, source) if await self._talk.follows(source) else None


async def _is_private(client: discord.Client, thread: int) -> bool:
    found = client.get_channel(thread) or await persistently(lambda: client.fetch_channel(thread), FEW)
    return not isinstance(found, discord.Thread) or found.is_private()


def _begins(message: discord.Message) -> int:
    """The id of the thread that began with a message; 0 for none."""
    if message.type is discord.MessageType.thread_created and message.reference is not None:
        return message.reference.channel_id
    return message.id if message.flags.has_thread or message.thread is not None else 0


async def _listed(room: discord.PartialMessageable, cursor: str, *, oldest_first: bool) -> list[discord.Message]:
    """Newest first down from the cursor, or oldest first up from it."""
    at = discord.Object(int(cursor)) if cursor else None
    if oldest_first:
        pages = room.history(limit=PAGE, after=at or discord.Object(0), oldest_first=True)
    else:
        pages = room.history(limit=PAGE, before=at)
    return [message async for message in pages]
