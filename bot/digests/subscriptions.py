"""Who gets which digest where and when: what a subscription is, and the table of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.chat import Person, Place
from bot.tables import subscriptions as table


class State(StrEnum):
    """Whether digests are written."""

    ACTIVE = "active"
    PAUSED = "paused"
    DELETED = "deleted"


class Length(StrEnum):
    """How many stories stand in full, and how many more in the list below them."""

    SHORT = "short"
    NORMAL = "normal"
    LONG = "long"

    @property
    def items(self) -> int:
        return {"short": 3, "normal": 5, "long": 8}[self.value]

    @property
    def listed(self) -> int:
        return {"short": 5, "normal": 10, "long": 25}[self.value]


@dataclass(frozen=True, slots=True)
class Subscription:
    """``sources`` are names as people write them (`bot.digests.asking`); ``cron`` is on the clock of ``zone``.

    ``reason`` is why it is paused, where nobody asked for that.
    """

    id: str
    place: Place
    owner: Person
    topics: str
    sources: tuple[str, ...]
    cron: str
    zone: str
    created_at: float
    length: Length = Length.NORMAL
    language: str = ""
    weekly: bool = False
    muted: tuple[str, ...] = ()
    state: State = State.ACTIVE
    reason: str = ""

    @property
    def read(self) -> tuple[str, ...]:
        """The sources without those that were muted."""
        return tuple(source for source in self.sources if source not in self.muted)


class Subscriptions:
    """Reads and writes the table ``subscriptions``."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add(self, subscription: Subscription) -> bool:
        """Keep a new one; False where there is one of this id already."""
        async with self._engine.begin() as connection:
            known = await connection.scalar(select(table.c.id).where(table.c.id == subscription.id))
            if known is None:
                await connection.execute(insert(table).values(_row(subscription)))
        return known is None

    async def get(self, id_: str) -> Subscription | None:
        found = await self._where(table.c.id == id_)
        return found[0] if found else None

    async def active(self) -> list[Subscription]:
        """Those for which digests are written."""
        return await self._where(table.c.state == State.ACTIVE.value)

    async def all(self) -> list[Subscription]:
        """All that were not deleted, the oldest first."""
        return await self._where(table.c.state != State.DELETED.value)

    async def here(self, place: Place) -> list[Subscription]:
        """Those of a channel that were not deleted."""
        return [one for one in await self.all() if one.place.channel_key == place.channel_key]

    async def change(self, subscription: Subscription, **fields: Any) -> Subscription:
        """Keep these fields, and of the others what somebody else made of them meanwhile; returns it as it is now.

        What was deleted stays as it is.
        """
        return await self._alter(subscription, lambda now: fields)

    async def mute(self, subscription: Subscription, source: str) -> Subscription | None:
        """Leave a source out beside those that are left out by now; None where none would be left."""
        muted = await self._alter(
            subscription,
            lambda now: {"muted": tuple(dict.fromkeys((*now.muted, source)))} if {*now.read} - {source} else {},
        )
        return muted if source in muted.muted else None

    async def _alter(
        self, subscription: Subscription, fields: Callable[[Subscription], dict[str, Any]]
    ) -> Subscription:
        """One change after another: whoever has written to the row first has it until the end of the transaction."""
        mine = table.c.id == subscription.id
        async with self._engine.begin() as connection:
            await connection.execute(update(table).where(mine).values(id=table.c.id))
            now = _subscription((await connection.execute(select(table).where(mine))).mappings().one())
            wanted = fields(now) if now.state is not State.DELETED else {}
            changed = replace(now, **wanted)
            if wanted:
                row = _row(changed)
                await connection.execute(update(table).where(mine).values({name: row[name] for name in wanted}))
        return changed

    async def _where(self, *conditions: Any) -> list[Subscription]:
        query = select(table).where(*conditions).order_by(table.c.created_at, table.c.id)
        async with self._engine.connect() as connection:
            return [_subscription(row) for row in (await connection.execute(query)).mappings()]


def _row(subscription: Subscription) -> dict[str, Any]:
    kept = asdict(subscription)
    kept.pop("owner")
    return {
        **kept,
        "place": subscription.place.key,
        "owner": subscription.owner.id,
        "owner_name": subscription.owner.name,
        "sources": list(subscription.sources),
        "muted": list(subscription.muted),
        "length": subscription.length.value,
        "state": subscription.state.value,
    }


def _subscription(row: Mapping[Any, Any]) -> Subscription:
    return Subscription(
        **{name: row[name] for name in ("id", "topics", "cron", "zone", "created_at", "language", "weekly", "reason")},
        place=Place.parse(row["place"]),
        owner=Person(row["owner"], row["owner_name"]),
        sources=tuple(row["sources"]),
        muted=tuple(row["muted"]),
        length=Length(row["length"]),
        state=State(row["state"]),
    )
