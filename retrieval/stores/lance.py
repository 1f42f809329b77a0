"""The embedded store on LanceDB: one table, so that a document and its passages change in one commit.

API: https://lancedb.github.io/lancedb/python/python/ (async).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import lancedb
import pyarrow as pa
from filelock import AsyncFileLock, Timeout

from retrieval.documents import ANYTHING, Audience, Document, Filter, Hit, Passage
from retrieval.errors import EmbedderMismatch, StoreUnavailable
from retrieval.stores import Counts, Holdings, Vector
from retrieval.stores.binding import Binding, read_binding, write_binding
from retrieval.stores.catalog import Catalog
from retrieval.stores.lance_table import dimensions_of, keep_searchable, make_table, near, optimize, ready_table, shape
from retrieval.stores.lance_where import any_of, fitting, literal, one_of, seen_by
from retrieval.stores.rows import COLUMNS, digest_of, document_of, groups_of, passage_of, rows_of, schema

REMEMBERED = 20_000
"""Documents whose names are kept in memory, which is faster than asking the table for them."""
PAGE = 500
"""Documents named in one question to the table."""
WAIT_TO_WRITE = 1_800.0
"""Seconds that a write waits for another process's, which holds the lock for one batch or while it compacts the table."""


class LanceStore:
    """A `Store` in a folder. Open it with `LanceStore.open`; two processes may."""

    name = "lance"

    def __init__(self, path: Path, connection: Any, table: Any, bound: Binding | None) -> None:
        self._path = path
        self._connection = connection
        self._table = table
        self._bound = bound
        self._whole = -1
        """The version of the table in which every passage had its vector."""
        self._catalog: tuple[int, Catalog] = (-1, Catalog(()))
        """What there was in a version of the table."""

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Open or make the store in this folder, whatever a kill left of it. Raises `StoreUnavailable`."""
        # Arrow's own allocator gives nothing back: with it a sync of some thousand passages ends 100 MB larger.
        pa.set_memory_pool(pa.system_memory_pool())
        async with _guarded(path, "opened"):
            await asyncio.to_thread(path.mkdir, parents=True, exist_ok=True)
            connection = await lancedb.connect_async(str(path), read_consistency_interval=timedelta(0))
            table = await ready_table(connection)
        if table is None:
            async with _writing(path, "opened"):
                table = await make_table(connection)
        return cls(path, connection, table, await asyncio.to_thread(read_binding, path))

    async def bind(self, embedder: str, dimensions: int) -> None:
        wanted = (embedder, dimensions)
        async with _guarded(self._path, "bound"):
            fits = await self._is_bound(wanted)
        if not fits:
            async with _writing(self._path, "bound"):
                if not await self._is_bound(wanted):
                    await self._rebind(wanted)
        self._bound = wanted

    async def _is_bound(self, wanted: Binding) -> bool:
        bound = await asyncio.to_thread(read_binding, self._path)
        return bound == wanted and await dimensions_of(self._table) == wanted[1]

    async def _rebind(self, wanted: Binding) -> None:
        bound = await asyncio.to_thread(read_binding, self._path)
        shaped = await dimensions_of(self._table) == wanted[1]
        holds = await self._table.count_rows("vector IS NOT NULL")
        if bound and bound != wanted and holds:
            raise self._mismatch(bound, wanted[0])
        if holds or not shaped:
            await shape(self._table, wanted[1])
        await asyncio.to_thread(write_binding, self._path, wanted)

    async def answering(self) -> str:
        return self._bound[0] if self._bound else ""

    async def put(self, documents: Sequence[tuple[Document, Sequence[Passage]]]) -> None:
        async with _writing(self._path, "written"):
            for group in groups_of(documents):
                await self._replace(group)
            await keep_searchable(self._table)

    async def remove(self, documents: Collection[str]) -> None:
        async with _writing(self._path, "written"):
            wanted = list(documents)
            for start in range(0, len(wanted), PAGE):
                await self._table.delete(one_of("document", wanted[start : start + PAGE]))

    async def hashes(self, source: str) -> dict[str, str]:
        where = f"kind = 'document' AND source = {literal(source)}"
        rows = await self._rows(self._table.query().where(where).select(["id", "digest"]))
        return {row["id"]: row["digest"] for row in rows}

    async def others(self, source: str) -> set[str]:
        where = f"kind = 'document' AND source != {literal(source)}"
        return {row["id"] for row in await self._rows(self._table.query().where(where).select(["id"]))}

    async def documents(
        self, audience: Audience, *, query: str = "", limit: int = 1000, offset: int = 0
    ) -> list[Document]:
        wanted = (await self._known(await self._version())).titled(query, audience, limit, offset)
        columns = ["id", "source", "title", "digest", "audience", "about"]
        found: dict[str, Document] = {}
        for start in range(0, len(wanted), PAGE):
            where = f"{one_of('id', wanted[start : start + PAGE])} AND kind = 'document' AND {seen_by(audience)}"
            rows = await self._rows(self._table.query().where(where).select(columns))
            found.update((row["id"], document_of({**row, "text": ""})) for row in rows)
        return [found[one] for one in wanted if one in found]

    async def document(self, document: str, audience: Audience) -> Document | None:
        if not audience:
            return None
        where = f"id = {literal(document)} AND kind = 'document' AND {seen_by(audience)}"
        rows = await self._rows(self._table.query().where(where).limit(1))
        return document_of(rows[0]) if rows else None

    async def passages(self, documents: Collection[str], audience: Audience) -> list[Passage]:
        if not audience or not documents:
            return []
        where = f"{one_of('document', documents)} AND kind = 'passage' AND {seen_by(audience)}"
        rows = await self._rows(self._table.query().where(where).select([*COLUMNS, "ordinal"]))
        rows.sort(key=lambda row: (row["document"], row["ordinal"]))
        return [passage_of(row) for row in rows]

    async def full_text(self, query: str, audience: Audience, limit: int, where: Filter = ANYTHING) -> list[Hit]:
        if not audience or not query.strip() or where.documents == frozenset():
            return []
        search = self._table.query().nearest_to_text(query, columns=["searchable"]).where(fitting(audience, where))
        rows = await self._rows(search.select([*COLUMNS, "_score"]).limit(limit))
        return [Hit(passage_of(row), row["_score"], via="text") for row in rows]

    async def nearest(self, vector: Vector, audience: Audience, limit: int, where: Filter = ANYTHING) -> list[Hit]:
        if not audience or where.documents == frozenset():
            return []
        search = near(self._table, vector).where(fitting(audience, where))
        rows = await self._rows(search.select([*COLUMNS, "_distance"]).limit(limit))
        hits = [Hit(passage_of(row), 1 - row["_distance"], 1 - row["_distance"], "meaning") for row in rows]
        return sorted(hits, key=lambda hit: -hit.score)

    async def vectors(self, passages: Collection[str]) -> dict[str, list[float]]:
        if not passages:
            return {}
        where = f"{one_of('id', passages)} AND kind = 'passage' AND vector IS NOT NULL"
        rows = await self._rows(self._table.query().where(where).select(["id", "vector"]))
        return {row["id"]: row["vector"] for row in rows}

    async def named(self, names: Collection[str], audience: Audience) -> dict[str, list[str]]:
        if not names or not audience:
            return {}
        version = await self._version()
        if self._catalog[0] == version or await self._are_few():
            return (await self._known(version)).named(names, audience)
        where = f"{any_of('names', names)} AND kind = 'document' AND {seen_by(audience)}"
        found: dict[str, list[str]] = {}
        for row in await self._rows(self._table.query().where(where).select(["id", "names"])):
            for name in set(row["names"]).intersection(names):
                found.setdefault(name, []).append(row["id"])
        return found

    async def unembedded(self, limit: int) -> list[Passage]:
        version = await self._version()
        if version == self._whole:
            return []
        where = "kind = 'passage' AND vector IS NULL"
        rows = await self._rows(self._table.query().where(where).select(COLUMNS).limit(limit))
        if not rows:
            self._whole = version
        return [passage_of(row) for row in rows]

    async def embed(self, vectors: Mapping[Passage, Vector]) -> None:
        if not vectors:
            return
        async with _writing(self._path, "written"):
            bound = await asyncio.to_thread(read_binding, self._path)
            if bound and bound != self._bound:
                raise self._mismatch(bound, self._bound[0] if self._bound else "what this process embeds with")
            await self._fill(vectors)
            await keep_searchable(self._table)

    async def counts(self) -> Counts:
        async with _guarded(self._path, "read"):
            documents = await self._table.count_rows("kind = 'document'")
            passages = await self._table.count_rows("kind = 'passage'")
            whole = await self._table.version() == self._whole
            return Counts(
                documents, passages, passages if whole else await self._table.count_rows("vector IS NOT NULL")
            )

    async def holdings(self) -> Holdings:
        rows = await self._rows(self._table.query().where("kind = 'document'").select(["source", "audience"]))
        return Counter((row["source"], Audience(frozenset(row["audience"]))) for row in rows)

    async def optimize(self) -> None:
        async with _writing(self._path, "compacted"):
            await optimize(self._table)

    async def close(self) -> None:
        self._table.close()
        self._connection.close()

    async def _replace(self, group: Sequence[tuple[Document, Sequence[Passage]]]) -> None:
        where = one_of("document", [document.id for document, _ in group])
        before = await self._rows(self._table.query().where(where).select(["id", "digest", "vector"]))
        vectors = {row["digest"]: row["vector"] for row in before if row["vector"] is not None}
        rows = [row for document, passages in group for row in rows_of(document, passages, vectors)]
        table = pa.Table.from_pylist(rows, schema=schema(await dimensions_of(self._table)))
        if not before:
            await self._table.add(table, on_bad_vectors="null")
            return
        merge = self._table.merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
        if {row["id"] for row in before} - {row["id"] for row in rows}:  # this compares with the whole table
            merge = merge.when_not_matched_by_source_delete(where)
        await merge.execute(table, on_bad_vectors="null")

    async def _fill(self, vectors: Mapping[Passage, Vector]) -> None:
        """Give whole rows their vectors: Lance rewrites every row of a fragment where only a column of some changes."""
        known = {(passage.id, digest_of(passage)): list(vector) for passage, vector in vectors.items()}
        rows = await self._table.query().where(one_of("id", [passage.id for passage in vectors])).to_arrow()
        place = rows.schema.get_field_index("vector")
        found = [known.get(key) for key in zip(rows["id"].to_pylist(), rows["digest"].to_pylist(), strict=True)]
        column = pa.array(found, type=rows.schema.field(place).type)
        filled = rows.set_column(place, rows.schema.field(place), column).filter(column.is_valid())
        if filled.num_rows:
            await self._table.merge_insert("id").when_matched_update_all().execute(filled)

    def _mismatch(self, bound: Binding, embedder: str) -> EmbedderMismatch:
        return EmbedderMismatch(
            f"{self._path} was embedded with {bound[0]}, not {embedder}: set FOOTNOTE_EMBEDDER back, or move "
            "that folder away and sync again."
        )

    async def _known(self, version: int) -> Catalog:
        """The names and titles of what is there, read anew where the table has changed: it is at this ``version``."""
        if self._catalog[0] != version:
            select = self._table.query().where("kind = 'document'").select(["id", "title", "names", "audience"])
            rows = [(row["id"], row["title"], row["names"] or (), row["audience"]) for row in await self._rows(select)]
            self._catalog = (version, await asyncio.to_thread(Catalog, rows))
        return self._catalog[1]

    async def _are_few(self) -> bool:
        async with _guarded(self._path, "read"):
            return bool(await self._table.count_rows("kind = 'document'") <= REMEMBERED)

    async def _version(self) -> int:
        async with _guarded(self._path, "read"):
            return int(await self._table.version())

    async def _rows(self, query: Any) -> list[dict[str, Any]]:
        async with _guarded(self._path, "read"):
            rows: list[dict[str, Any]] = await query.to_list()
            return rows


@asynccontextmanager
async def _guarded(path: Path, done: str) -> AsyncIterator[None]:
    try:
        yield
    except (OSError, RuntimeError, ValueError, pa.ArrowException) as error:  # LanceDB says much with a ValueError
        reason = " ".join(str(error).split())[:300]
        raise StoreUnavailable(
            f"The knowledge in {path} could not be {done}: {reason}. Check that the folder is writable and the disk "
            "has room, then try again; what was written before is kept."
        ) from error


@asynccontextmanager
async def _writing(path: Path, done: str) -> AsyncIterator[None]:
    """One writer at a time, of all processes: Lance lets two that insert the same key both do so."""
    async with _guarded(path, done):
        await asyncio.to_thread(path.mkdir, parents=True, exist_ok=True)
        lock = AsyncFileLock(path / "write.lock", timeout=WAIT_TO_WRITE)
        try:
            await lock.acquire()
        except Timeout:
            raise StoreUnavailable(f"Another process has been writing to {path} for too long: stop it.") from None
        try:
            yield
        finally:
            await lock.release()
