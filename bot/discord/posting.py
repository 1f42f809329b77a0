"""Messages that are written once and changed where they stand, whatever is cut off in between.

A message is begun in the records, sent with a nonce that Discord enforces for some minutes
(docs.discord.com/developers/resources/message#create-message), and its address is kept. One that was begun and has no
address is looked for among the newest messages, by the id of its first component, before it is sent again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import discord

from bot.chat import Place
from bot.discord.components import MessageView, mark_of
from bot.discord.errors import FEW, WAITS, MessageGone, ThreadAsleep, persistently
from bot.discord.rooms import Room, Rooms
from bot.posts import Posts

LOOK_BACK = 100
"""Messages that are looked through for one that was begun."""
QUIET = discord.AllowedMentions.none()


class Poster:
    """Writes the parts of messages; ``address`` is always CHANNEL/MESSAGE."""

    def __init__(self, client: discord.Client, rooms: Rooms, posts: Posts) -> None:
        self._client = client
        self._rooms = rooms
        self._posts = posts

    async def post(
        self,
        place: Place,
        key: str,
        part: int,
        view: MessageView,
        *,
        begun: bool,
        nonce: str = "",
        waits: Sequence[float] = WAITS,
    ) -> tuple[str, bool]:
        """The address of the part, and whether it was found, perhaps showing something else, rather than written.

        ``begun``: it may stand already.
        """
        room = await self._rooms.of(place)
        channel = self._client.get_partial_messageable(room.channel)
        tried = begun

        async def send() -> tuple[str, bool]:
            nonlocal tried
            if tried and (found := await self._find(place, key, part)):
                return found, True
            tried = True
            nonce_or_own = nonce or nonce_of(place, key, part)
            reference = _reference(room)
            more: dict[str, Any] = {"files": files} if (files := view.files) else {}
            if reference is not None:
                more["reference"] = reference
            sent = await channel.send(view=view, nonce=nonce_or_own, allowed_mentions=QUIET, **more)
            return f"{room.channel}/{sent.id}", False

        return await persistently(send, waits)

    async def change(self, address: str, view: MessageView, waits: Sequence[float] = WAITS) -> None:
        """Replace what stands there. Raises `MessageGone` where somebody deleted it."""
        channel, message = self._at(address)

        async def edit() -> None:
            more: dict[str, Any] = {"attachments": files} if (files := view.files) else {}
            await message.edit(view=view, allowed_mentions=QUIET, **more)

        try:
            await persistently(edit, waits)
        except ThreadAsleep:
            await persistently(lambda: self._client.http.edit_channel(channel, archived=False), FEW)
            await persistently(edit, waits)

    async def remove(self, address: str) -> None:
        """Delete a message; one that is gone already is."""
        _, message = self._at(address)
        try:
            await persistently(message.delete, FEW)
        except MessageGone:
            return

    def _at(self, address: str) -> tuple[int, discord.PartialMessage]:
        channel, _, message = address.partition("/")
        return int(channel), self._client.get_partial_messageable(int(channel)).get_partial_message(int(message))

    async def find(self, place: Place, key: str, part: int) -> str | None:
        """Where the part stands although nobody knows its address. Raises a `ChatError`."""
        return await persistently(lambda: self._find(place, key, part), FEW)

    async def _find(self, place: Place, key: str, part: int) -> str | None:
        """A message of ours with the part's mark that is no other message's."""
        room, me = await self._rooms.of(place), self._client.user
        taken = await self._posts.addresses(place)
        async for message in self._client.get_partial_messageable(room.channel).history(limit=LOOK_BACK):
            address = f"{room.channel}/{message.id}"
            if me is None or message.author.id != me.id or address in taken or not message.components:
                continue
            if getattr(message.components[0], "id", None) == mark_of(key, part):
                return address
        return None


def nonce_of(place: Place, key: str, part: int) -> str:
    """The same for the same part; at most 25 characters."""
    return hashlib.blake2b(f"{place.channel_key}/{key}/{part}".encode(), digest_size=12).hexdigest()


def _reference(room: Room) -> discord.MessageReference | None:
    if not room.answers:
        return None
    return discord.MessageReference(message_id=room.answers, channel_id=room.channel, fail_if_not_exists=False)
