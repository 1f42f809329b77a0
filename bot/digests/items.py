"""An item: one thing that a source told of, such as an entry of a feed; and the table of those that were seen."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from agent.tables import upsert
from bot.tables import digest_items as table

Vector = NDArray[np.float32]
MOST = 2_000
"""Items that one digest looks at, the newest."""
_TOGETHER = 500


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """``at`` is when it was published, in seconds since 1970, or when it was first seen, where its own date can't be.

    ``text`` is plain; ``document`` names it among the footnotes where it is a document of the knowledge base,
    whose text it is from ``start`` on.
    """

    id: str
    source: str
    link: str
    title: str
    text: str
    at: float
    vector: Vector | None = None
    document: str = ""
    start: int = 0

    @property
    def embeddable(self) -> str:
        return f"{self.title}\n{self.text[:LEAD]}"


LEAD = 500
"""Characters of an item's text that say what it is about."""


class Items:
    """Reads and writes the table ``digest_items``. What was kept with none, or another embedder's, is read without a vector."""

    def __init__(self, engine: AsyncEngine, embedder: str) -> None:
        self._engine = engine
        self._embedder = embedder

    async def known(self, ids: Collection[str]) -> set[str]:
        """Those of the ids that are there."""
        found: set[str] = set()
        listed = list(ids)
        async with self._engine.connect() as connection:
            for start in range(0, len(listed), _TOGETHER):
                query = select(table.c.id).where(table.c.id.in_(listed[start : start + _TOGETHER]))
                found.update((await connection.execute(query)).scalars())
        return found

    async def add(self, items: Sequence[Item], seen_at: float) -> None:
        """Keep items with their vectors. One that is there already stays as it is."""
        rows = [_row(item, seen_at, self._embedder) for item in items]
        async with self._engine.begin() as connection:
            for start in range(0, len(rows), _TOGETHER):
                statement = upsert(self._engine.dialect)(table).values(rows[start : start + _TOGETHER])
                await connection.execute(statement.on_conflict_do_nothing())

    async def reembed(self, items: Sequence[Item]) -> None:
        """Keep the vectors of items that are there. When they were seen stays as it is."""
        rows = [{"of": item.id, "anew": _vector(item)} for item in items]
        statement = update(table).where(table.c.id == bindparam("of"))
        statement = statement.values(embedder=self._embedder, vector=bindparam("anew"))
        async with self._engine.begin() as connection:
            await connection.execute(statement, rows)

    async def linked(self, sources: Collection[str], links: Collection[str]) -> dict[tuple[str, str], Item]:
        """What is there of some links, by link and title."""
        found: dict[tuple[str, str], Item] = {}
        listed = list(links)
        async with self._engine.connect() as connection:
            for start in range(0, len(listed), _TOGETHER):
                wanted = (table.c.source.in_(sources), table.c.link.in_(listed[start : start + _TOGETHER]))
                rows = (await connection.execute(select(table).where(*wanted))).mappings().all()
                found |= {(row["link"], row["title"]): self._item(row) for row in rows}
        return found

    async def since(self, sources: Collection[str], seen: float, at: float) -> tuple[list[Item], int]:
        """What was seen later than ``seen`` and is no older than ``at``, newest first; and how many more than `MOST`.

        What was tidied away has no title any more.
        """
        wanted = (table.c.source.in_(sources), table.c.seen_at > seen, table.c.at >= at, table.c.title != "")
        query = select(table).where(*wanted).order_by(table.c.at.desc(), table.c.id).limit(MOST)
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).mappings().all()
            more = 0
            if len(rows) == MOST:
                more = (await connection.scalar(select(func.count()).select_from(table).where(*wanted)) or 0) - MOST
        return [self._item(row) for row in rows], more

    def _item(self, row: Mapping[Any, Any]) -> Item:
        about = {name: row[name] for name in ("id", "source", "link", "title", "text", "at")}
        foreign = row["embedder"] != self._embedder
        return Item(**about, vector=None if foreign else np.frombuffer(row["vector"], np.float16).astype(np.float32))


def item_id(source: str, id_: str) -> str:
    """What an entry of a source goes by."""
    return hashlib.blake2b(f"{source}\n{id_}".encode(), digest_size=16).hexdigest()


def packed(vectors: Sequence[Vector]) -> bytes:
    """Vectors as they are kept: in half precision."""
    return np.asarray(vectors, np.float16).tobytes()


def unpacked(data: bytes, dimensions: int) -> Vector:
    """Kept vectors, one a row."""
    return np.frombuffer(data, np.float16).astype(np.float32).reshape(-1, dimensions)


def _row(item: Item, seen_at: float, embedder: str) -> dict[str, Any]:
    about = {"id": item.id, "source": item.source, "link": item.link, "title": item.title, "text": item.text}
    of = "" if item.vector is None else embedder
    return {**about, "at": item.at, "seen_at": seen_at, "embedder": of, "vector": _vector(item)}


def _vector(item: Item) -> bytes:
    return packed([np.empty(0, np.float32) if item.vector is None else item.vector])
