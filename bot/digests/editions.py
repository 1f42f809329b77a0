"""What was written and what was shown: the archive of editions, and what a place was ever shown.

Written and delivered are two states of an edition. What it shows is remembered with it in one transaction, by canonical
link and by meaning, and the table itself refuses to remember a link twice for a place.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NotRequired, TypedDict

import numpy as np
from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from agent.tables import upsert
from bot.chat import Place
from bot.digests.items import Vector, packed, unpacked
from bot.digests.ranking import Mark
from bot.tables import digest_marks as marks
from bot.tables import digest_shown as shown
from bot.tables import editions as table

WEEK = "week"
"""What stands in the id of a summary of a week."""
_OPEN = (table.c.delivered_at.is_(None), table.c.refused == "")


class Quote(TypedDict):
    """A sentence, what it rests on word for word, and where that stands."""

    text: str
    quote: str
    link: str
    title: str
    document: str
    start: int
    end: int


class Entry(TypedDict):
    """A story as it is shown. ``sentences`` and ``why`` are of those in full; ``also`` are others that tell it."""

    title: str
    link: str
    source: str
    document: NotRequired[str]
    sentences: NotRequired[list[Quote]]
    why: NotRequired[str]
    also: NotRequired[list[str]]


class Content(TypedDict):
    """An edition: stories in full, then the rest as a list. ``quiet`` is the one line of a day without any."""

    heading: str
    headline: str
    quiet: str
    items: list[Entry]
    rest: list[Entry]
    notes: list[str]


@dataclass(frozen=True, slots=True, eq=False)
class Edition:
    """``vectors`` has a row for each story, those in full first; ``links`` are the keys of all their links.

    ``refused`` is what its platform said of what of it does not stand there, and never will.
    """

    id: str
    subscription: str
    place: Place
    due: float
    written_at: float
    title: str
    content: Content
    vectors: Vector
    links: tuple[str, ...] = ()
    number: int = 0
    delivered_at: float | None = None
    refused: str = ""

    @property
    def entries(self) -> list[Entry]:
        return [*self.content["items"], *self.content["rest"]]


@dataclass(frozen=True, slots=True)
class Memory:
    """What a place was shown: vectors, a row each, and the number of its last edition."""

    vectors: Vector
    number: int
    links: frozenset[str] = field(default_factory=frozenset)


class Editions:
    """Reads and writes ``editions``, ``digest_shown`` and ``digest_marks``; vectors are those of one embedder."""

    def __init__(self, engine: AsyncEngine, embedder: str, dimensions: int) -> None:
        self._engine = engine
        self._embedder = embedder
        self._dimensions = dimensions

    async def exists(self, id_: str) -> bool:
        async with self._engine.connect() as connection:
            return await connection.scalar(select(table.c.id).where(table.c.id == id_)) is not None

    async def memory(self, place: Place, links: Collection[str]) -> Memory:
        """What a place was ever shown; of the links those among ``links``."""
        here = place.channel_key
        wanted = list(links)
        async with self._engine.connect() as connection:
            number = await connection.scalar(select(func.max(table.c.number)).where(table.c.place == here))
            mine = (table.c.place == here, table.c.embedder == self._embedder)
            blobs = (await connection.execute(select(table.c.vectors).where(*mine))).scalars().all()
            known: set[str] = set()
            for start in range(0, len(wanted), 500):
                asked = (shown.c.place == here, shown.c.link.in_(wanted[start : start + 500]))
                known.update((await connection.execute(select(shown.c.link).where(*asked))).scalars())
        return Memory(unpacked(b"".join(blobs), self._dimensions), number or 0, frozenset(known))

    async def write(self, edition: Edition) -> bool:
        """Keep an edition and what it shows, or nothing of both; False where another one was written for this place meanwhile."""
        row = {
            "id": edition.id,
            "subscription": edition.subscription,
            "place": edition.place.channel_key,
            "number": edition.number,
            "due": edition.due,
            "written_at": edition.written_at,
            "title": edition.title,
            "content": edition.content,
            "embedder": self._embedder,
            "vectors": packed(list(edition.vectors)),
        }
        links = [{"place": edition.place.channel_key, "link": link, "edition": edition.id} for link in edition.links]
        try:
            async with self._engine.begin() as connection:
                await connection.execute(insert(table).values(row))
                if links:
                    await connection.execute(insert(shown), links)
        except IntegrityError:
            return False
        return True

    async def foreign(self, place: Place, limit: int) -> list[Edition]:
        """What a place was shown that has vectors of another embedder, the newest first."""
        mine = (table.c.place == place.channel_key, table.c.embedder != self._embedder)
        return await self._where(*mine, func.length(table.c.vectors) > 0, order=table.c.due.desc(), limit=limit)

    async def reembed(self, edition: Edition, anew: Vector) -> None:
        """Keep other vectors of an edition, a row for each story, and of what was marked of it."""
        stories = {f"{edition.id}:{number}": vector for number, vector in enumerate(anew)}
        marked = select(marks.c.story).where(marks.c.story.in_(stories)).distinct()
        whole = update(table).where(table.c.id == edition.id)
        async with self._engine.begin() as connection:
            await connection.execute(whole.values(embedder=self._embedder, vectors=packed(list(anew))))
            for story in (await connection.execute(marked)).scalars().all():
                one = update(marks).where(marks.c.story == story)
                await connection.execute(one.values(embedder=self._embedder, vector=packed([stories[story]])))

    async def delivered(self, id_: str, at: float) -> None:
        """It stands on its platform."""
        await self._settle(id_, delivered_at=at)

    async def refused(self, id_: str, reason: str) -> None:
        """Not all of it stands on its platform, which will not have the rest however often it is asked."""
        await self._settle(id_, refused=reason)

    async def _settle(self, id_: str, **columns: Any) -> None:
        statement = update(table).where(table.c.id == id_, *_OPEN).values(columns)
        async with self._engine.begin() as connection:
            await connection.execute(statement)

    async def undelivered(self, subscription: str) -> list[Edition]:
        """What was written and is still to be shown, the oldest first."""
        return await self._where(table.c.subscription == subscription, *_OPEN, order=table.c.due)

    async def get(self, id_: str) -> Edition | None:
        found = await self._where(table.c.id == id_)
        return found[0] if found else None

    async def newest(self, subscription: str = "", limit: int = 50, offset: int = 0) -> list[Edition]:
        """Of one subscription or of all, the newest first."""
        where = (table.c.subscription == subscription,) if subscription else ()
        return await self._where(*where, order=table.c.due.desc(), limit=limit, offset=offset)

    async def last(self, subscription: str) -> float | None:
        """When the last edition of a subscription was written, the summaries of weeks left out."""
        mine = (table.c.subscription == subscription, table.c.id.not_like(f"{subscription}:{WEEK}:%"))
        query = select(func.max(table.c.written_at)).where(*mine)
        async with self._engine.connect() as connection:
            at: float | None = await connection.scalar(query)
        return at

    async def mark(
        self, story: str, person: str, place: Place, mark: str, source: str, vector: Vector, at: float
    ) -> None:
        """What somebody thought of a story; their last mark counts."""
        row: dict[str, Any] = {
            "story": story,
            "person": person,
            "place": place.channel_key,
            "source": source,
        }
        last = {"mark": mark, "embedder": self._embedder, "vector": packed([vector]), "at": at}
        statement = upsert(self._engine.dialect)(marks).values(row | last)
        statement = statement.on_conflict_do_update(index_elements=["story", "person"], set_=last)
        async with self._engine.begin() as connection:
            await connection.execute(statement)

    async def marks(self, place: Place, limit: int = 500) -> list[Mark]:
        """What was thought in a place, the newest."""
        mine = (marks.c.place == place.channel_key, marks.c.embedder == self._embedder)
        query = (
            select(marks.c.mark, marks.c.source, marks.c.vector).where(*mine).order_by(marks.c.at.desc()).limit(limit)
        )
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        return [Mark(mark == "more", source, unpacked(vector, self._dimensions)[0]) for mark, source, vector in rows]

    async def _where(self, *conditions: Any, order: Any = None, limit: int = 1_000, offset: int = 0) -> list[Edition]:
        query = select(table).where(*conditions).order_by(order if order is not None else table.c.due)
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query.limit(limit).offset(offset))).mappings().all()
        return [self._edition(row) for row in rows]

    def _edition(self, row: Mapping[Any, Any]) -> Edition:
        foreign = row["embedder"] != self._embedder
        vectors = np.empty((0, self._dimensions), np.float32) if foreign else unpacked(row["vectors"], self._dimensions)
        names = ("id", "subscription", "due", "written_at", "title", "content", "number", "delivered_at", "refused")
        about = {name: row[name] for name in names}
        return Edition(**about, place=Place.parse(f"{row['place']}/"), vectors=vectors)


def vectors_of(rows: Sequence[Vector], dimensions: int) -> Vector:
    """A row each, also where there is none."""
    return np.stack(rows) if rows else np.empty((0, dimensions), np.float32)
