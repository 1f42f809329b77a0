"""The one table of the embedded store: its columns, the room for vectors, and the index of its words."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from lancedb.index import FTS

from retrieval.stores.rows import schema

TABLE = "knowledge"
DIMENSIONS_UNBOUND = 1


async def ready_table(connection: Any) -> Any | None:
    """The table, where there is nothing about it to make or to mend."""
    try:
        table = await connection.open_table(TABLE)
    except ValueError:
        return None
    wanted, there = set(schema(DIMENSIONS_UNBOUND).names), set((await table.schema()).names)
    return table if wanted <= there and await table.list_indices() else None


async def make_table(connection: Any) -> Any:
    """The table, made or mended, whatever a kill or an earlier version left of it. Nobody else may write meanwhile."""
    try:
        table = await connection.open_table(TABLE)
    except ValueError:
        table = await connection.create_table(TABLE, schema=schema(DIMENSIONS_UNBOUND))
    if not await dimensions_of(table):
        await shape(table, DIMENSIONS_UNBOUND)
    await _complete(table)
    if not await table.list_indices():
        await table.create_index("searchable", config=_full_text_index(), replace=True)
    return table


async def dimensions_of(table: Any) -> int:
    """How many dimensions the vectors of this table have; 0 where a kill left it without the column."""
    found = await table.schema()
    return int(found.field("vector").type.list_size) if "vector" in found.names else 0


async def shape(table: Any, dimensions: int) -> None:
    """Make room for vectors of so many dimensions; those that were there are forgotten."""
    if await dimensions_of(table):
        await table.drop_columns(["vector"])
    await table.add_columns(pa.schema([schema(dimensions).field("vector")]))


async def _complete(table: Any) -> None:
    """Add the columns that an earlier version did not write; they fill as documents are read again."""
    wanted = schema(DIMENSIONS_UNBOUND)
    names = set((await table.schema()).names)
    if missing := [field for field in wanted if field.name not in names]:
        await table.add_columns(pa.schema(missing))


def _full_text_index() -> FTS:
    """Tokenizer icu: English stems and Chinese words are both found, with nothing to download."""
    return FTS(base_tokenizer="icu", stem=True, remove_stop_words=True, ascii_folding=True, lower_case=True)
