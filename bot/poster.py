"""Posting into another channel for the tool post_message: the channel by its name, on the platform of the asker."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.chat import ASSISTANT, Chat, Place, Reply
from bot.records import Records


class ChatPoster:
    """The tool's port `Poster` over the chats that run."""

    def __init__(self, chats: Mapping[str, Chat], records: Records, clock: Callable[[], float]) -> None:
        self._chats = chats
        self._records = records
        self._clock = clock

    async def resolve(self, channel: str, place: str) -> str | None:
        """The key of the channel of this name where the asker is, or None."""
        near = Place.parse(place)
        found = await self._chats[near.platform].channel(near, channel)
        return found.channel_key if found else None

    async def post(self, address: str, text: str, key: str) -> None:
        place = Place.parse(f"{address}/")
        reply = Reply(text)
        await self._records.say(place, key, ASSISTANT, text, self._clock(), reply)
        await self._chats[place.platform].show(place, key, reply)
