"""The one table of the embedded store: its columns, the room for vectors, and its indexes.

What was measured of each with 290,000 rows: docs/decisions/0012-indexes-of-the-embedded-store.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pyarrow as pa
from lancedb.index import FTS, Bitmap, BTree, IvfSq, LabelList

from retrieval.stores.rows import schema

TABLE = "knowledge"
DIMENSIONS_UNBOUND = 1
KEEP_VERSIONS = timedelta(hours=1)
UNINDEXED = 20_000
"""Rows that a search may have to read one by one before they are indexed; of a large table a quarter of it."""
COMPARED = 100_000
"""Vectors up to which a question is compared with each; of more, with those of the nearest cells."""
CELLS, PROBED = 256, 64
REFINED = 4
"""Of so many times the hits asked for, found by shortened vectors, the whole vectors decide."""


async def ready_table(connection: Any) -> Any | None:
    """The table, where there is nothing about it to make or to mend."""
    try:
        table = await connection.open_table(TABLE)
    except ValueError:
        return None
    wanted, there = set(schema(DIMENSIONS_UNBOUND).names), set((await table.schema()).names)
    return table if wanted <= there and not await _missing_indexes(table) else None


async def make_table(connection: Any) -> Any:
    """The table, made or mended, whatever a kill or an earlier version left of it. Nobody else may write meanwhile."""
    try:
        table = await connection.open_table(TABLE)
    except ValueError:
        table = await connection.create_table(TABLE, schema=schema(DIMENSIONS_UNBOUND))
    if not await dimensions_of(table):
        await shape(table, DIMENSIONS_UNBOUND)
    await _complete(table)
    for column, index in (await _missing_indexes(table)).items():
        await table.create_index(column, config=index, replace=True)
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


def near(table: Any, vector: Sequence[float]) -> Any:
    """The query for what lies nearest to this vector, by cosine; its distances are exact, with an index too.

    Where the nearest cells hold too little that fits a filter, the others are read as well.
    """
    query = table.query().nearest_to(list(vector)).distance_type("cosine")
    return query.nprobes(PROBED).maximum_nprobes(0).refine_factor(REFINED)


async def keep_searchable(table: Any) -> None:
    """Index what was written lately once it is so much that searches would feel it."""
    found = await table.index_stats("searchable_idx")
    if found and found.num_unindexed_rows > max(UNINDEXED, found.num_indexed_rows / 4):
        await optimize(table)


async def optimize(table: Any) -> None:
    """Compact the table and bring its indexes up to date; drop versions that no reader is at any more."""
    await _index_vectors(table)
    await table.optimize(cleanup_older_than=KEEP_VERSIONS)


async def _index_vectors(table: Any) -> None:
    """Where there are many vectors, sort them into cells; anew each time that there are twice as many."""
    held = await table.count_rows("vector IS NOT NULL")
    if held < COMPARED:
        return
    size = held.bit_length()
    sorted_at = {
        one.name: int(one.name.partition("_")[2]) for one in await table.list_indices() if one.columns == ["vector"]
    }
    if any(at >= size for at in sorted_at.values()):
        return
    cells = IvfSq(distance_type="cosine", num_partitions=CELLS)
    await table.create_index("vector", config=cells, name=f"vectors_{size}")
    for name in sorted_at:
        await table.drop_index(name)


async def _missing_indexes(table: Any) -> dict[str, Any]:
    there = {column for one in await table.list_indices() for column in one.columns}
    return {column: index for column, index in _indexes().items() if column not in there}


def _indexes() -> dict[str, Any]:
    """Tokenizer icu: English stems and Chinese words are both found, with nothing to download."""
    words = FTS(base_tokenizer="icu", stem=True, remove_stop_words=True, ascii_folding=True, lower_case=True)
    exact = {"id": BTree(), "document": BTree(), "kind": Bitmap()}
    lists = {"audience": LabelList(), "names": LabelList(), "mentions": LabelList()}
    return {"searchable": words, **exact, **lists}
