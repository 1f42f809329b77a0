"""What no digest can need any more of what was read: its words and its vector go.

The id stays, for a source may still tell of it, and then it is not new. Of what some place was shown the beginning stays,
which is embedded anew when the embedder changes; the vectors of what was shown are with its edition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.digests.items import LEAD
from bot.digests.links import link_key
from bot.tables import digest_items as table
from bot.tables import digest_shown as shown

MOST = 20_000
"""Items that are tidied at once; others wait for the next time."""
_TOGETHER = 500


async def tidy(engine: AsyncEngine, before: float) -> int:
    """Tidy what was seen before this time, a bounded number; returns how many were."""
    whole = or_(func.length(table.c.vector) > 0, func.length(table.c.text) > LEAD)
    query = select(table.c.id).where(table.c.seen_at < before, whole).limit(MOST)
    async with engine.connect() as connection:
        ids = (await connection.execute(query)).scalars().all()
    for start in range(0, len(ids), _TOGETHER):
        async with engine.begin() as connection:
            await _shorten(connection, ids[start : start + _TOGETHER])
    return len(ids)


async def _shorten(connection: AsyncConnection, ids: Sequence[str]) -> None:
    query = select(table.c.id, table.c.link, table.c.title, table.c.text).where(table.c.id.in_(ids))
    rows = (await connection.execute(query)).mappings().all()
    keys = {row["id"]: link_key(row["link"], row["title"]) for row in rows}
    was_shown = select(shown.c.link).where(shown.c.link.in_(set(keys.values()))).distinct()
    known = set((await connection.execute(was_shown)).scalars())
    left: dict[str, Any] = {name: bindparam(f"left_{name}") for name in ("link", "title", "text")}
    statement = update(table).where(table.c.id == bindparam("of")).values(embedder="", vector=b"", **left)
    await connection.execute(statement, [_left(row, keys[row["id"]] in known) for row in rows])


def _left(row: Mapping[Any, Any], was_shown: bool) -> dict[str, str]:
    kept = {name: row[name] if was_shown else "" for name in ("link", "title", "text")}
    return {"of": row["id"], "left_link": kept["link"], "left_title": kept["title"], "left_text": kept["text"][:LEAD]}
