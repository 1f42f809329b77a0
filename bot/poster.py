"""What the assistant says of itself in a place, kept before it is shown; and the tool post_message's way into another channel."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog

from agent.errors import place_of
from bot.chat import ASSISTANT, Chat, ChatGone, ChatRefused, Person, Place, Press, Reply
from bot.records import Records

log = structlog.get_logger()


async def post(records: Records, chats: Mapping[str, Chat], place: Place, key: str, reply: Reply, at: float) -> None:
    """Keep a message of the assistant's, then show it under its key. Raises `ChatError`; it is kept all the same."""
    await records.say(place, key, ASSISTANT, reply.text, at, reply)
    await chats[place.platform].show(place, key, reply)


async def tell(chats: Mapping[str, Chat], press: Press, reply: Reply) -> None:
    """Whisper what came of a press to whoever pressed; the log says where that can't be. Raises `ChatAway`."""
    try:
        await chats[press.place.platform].whisper(press.place, press.person, reply)
    except (ChatGone, ChatRefused) as error:
        log.info("not told what came of a press", person=press.person.id, what=place_of(error))


class ChatPoster:
    """The tool's port `Poster` over the chats that run."""

    def __init__(self, chats: Mapping[str, Chat], records: Records, clock: Callable[[], float]) -> None:
        self._chats = chats
        self._records = records
        self._clock = clock

    async def resolve(self, channel: str, place: str, person: str) -> str | None:
        """The key of the channel of this name near a place, where this person may post too; or None."""
        near = Place.parse(place)
        found = await self._chats[near.platform].channel(near, channel, Person(person, ""))
        return found.channel_key if found else None

    async def post(self, address: str, text: str, key: str) -> None:
        await post(self._records, self._chats, Place.parse(f"{address}/"), key, Reply(text), self._clock())
