"""Where a message that the assistant calls ``key`` stands on its platform, so that showing it again replaces it.

A part is begun before it is posted and gets its address after. One that was begun and has none was cut off in
between: the adapter looks for it on the platform before it posts it again.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from agent.tables import upsert
from bot.chat import Place
from bot.tables import messages
from bot.tables import posts as table

_SAID = (messages.c.channel == table.c.channel) & (messages.c.key == table.c.key)
"""A message of the records, and the post that shows it."""


@dataclass(frozen=True, slots=True)
class Post:
    """One part of a message. ``address`` is the platform's own id of it, None while it is being posted."""

    part: int
    address: str | None
    digest: str


class Posts:
    """Reads and writes the table ``posts``."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def of(self, place: Place, key: str) -> list[Post]:
        """The parts of a message, in order."""
        query = select(table.c.part, table.c.address, table.c.digest).where(*_of(place, key)).order_by(table.c.part)
        async with self._engine.connect() as connection:
            return [Post(*row) for row in await connection.execute(query)]

    async def first(self, place: Place) -> str | None:
        """The address of what the assistant said first in a thread; None where it has said nothing there."""
        query = select(table.c.address).join(messages, _SAID).where(*_by_assistant(place))
        query = query.where(table.c.address.is_not(None)).order_by(messages.c.id, table.c.part).limit(1)
        async with self._engine.connect() as connection:
            found: str | None = (await connection.execute(query)).scalar()
        return found

    async def key_at(self, place: Place, address: str) -> str | None:
        """The key of the message that stands at this address in the channel of a place; None where none of ours does."""
        query = select(table.c.key).where(table.c.channel == place.channel_key, table.c.address == address)
        async with self._engine.connect() as connection:
            found: str | None = (await connection.execute(query)).scalar()
        return found

    async def unnoted(self, place: Place) -> float | None:
        """When the assistant was about to say what was cut off before its address was noted; None where nothing was.

        In seconds since 1970, for the first such message of a thread.
        """
        query = select(messages.c.at).join(table, _SAID).where(*_by_assistant(place))
        query = query.where(table.c.address.is_(None)).order_by(messages.c.id).limit(1)
        async with self._engine.connect() as connection:
            found: float | None = (await connection.execute(query)).scalar()
        return found

    async def begin(self, place: Place, key: str, part: int) -> None:
        """A part is about to be posted."""
        row = {"channel": place.channel_key, "key": key, "part": part, "digest": ""}
        async with self._engine.begin() as connection:
            statement = upsert(self._engine.dialect)(table).values(row)
            await connection.execute(statement.on_conflict_do_nothing())

    async def stands(self, place: Place, key: str, part: int, address: str, digest: str) -> None:
        """A part stands at this address and shows what has this digest."""
        row = {"address": address, "digest": digest}
        async with self._engine.begin() as connection:
            await connection.execute(update(table).where(*_of(place, key), table.c.part == part).values(row))

    async def move(self, place: Place, key: str, to: str, address: str) -> None:
        """What stands at this address as ``key`` is the first part of ``to`` from now on: a crash leaves one or the other."""
        row = {"channel": place.channel_key, "key": to, "part": 0, "address": address, "digest": ""}
        async with self._engine.begin() as connection:
            await connection.execute(delete(table).where(*_of(place, key)))
            await connection.execute(delete(table).where(*_of(place, to), table.c.part == 0))
            await connection.execute(insert(table).values(row))

    async def unbegin(self, place: Place, key: str, part: int) -> None:
        """The platform took no such part: what was begun is not there."""
        mine = (*_of(place, key), table.c.part == part, table.c.address.is_(None))
        async with self._engine.begin() as connection:
            await connection.execute(delete(table).where(*mine))

    async def remove(self, place: Place, key: str, since: int = 0) -> None:
        """The parts from ``since`` on are gone."""
        async with self._engine.begin() as connection:
            await connection.execute(delete(table).where(*_of(place, key), table.c.part >= since))

    async def addresses(self, place: Place) -> set[str]:
        """Every address in the channel of this place that is known to be some message's."""
        known = select(table.c.address).where(table.c.channel == place.channel_key, table.c.address.is_not(None))
        async with self._engine.connect() as connection:
            return {str(address) for address in (await connection.execute(known)).scalars()}


def digest_of(shown: Any) -> str:
    """What is the same for the same message as the platform is given it."""
    return hashlib.blake2b(json.dumps(shown, sort_keys=True, default=str).encode(), digest_size=16).hexdigest()


def _of(place: Place, key: str) -> tuple[Any, ...]:
    return table.c.channel == place.channel_key, table.c.key == key


def _by_assistant(place: Place) -> tuple[ColumnElement[bool], ...]:
    """What the assistant said in a thread."""
    return (
        messages.c.channel == place.channel_key,
        messages.c.thread == place.thread,
        messages.c.kind == "assistant",
    )
