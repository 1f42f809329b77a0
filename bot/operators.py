"""Telling whoever runs the assistant: in the channel that FOOTNOTE_OPERATORS names, or else in the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog

from bot.chat import Chat, Place, Reply
from bot.poster import post
from bot.records import Records

log = structlog.get_logger()


class Operators:
    """Shows a message under a key. Raises `ChatError` where the channel can't be reached."""

    def __init__(self, channel: str, chats: Mapping[str, Chat], records: Records, clock: Callable[[], float]) -> None:
        self.place = Place.parse(f"{channel}/") if channel else None
        self._chats = chats
        self._records = records
        self._clock = clock

    async def __call__(self, key: str, reply: Reply) -> None:
        if self.place is None:
            log.warning("told to nobody, for FOOTNOTE_OPERATORS is empty", what=reply.text)
            return
        await post(self._records, self._chats, self.place, key, reply, self._clock())
