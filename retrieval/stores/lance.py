"""The embedded store on LanceDB: one table, so that a document and its passages change in one commit.

API: https://lancedb.github.io/lancedb/python/python/ (async). Rows of documents have no vector and nothing searchable.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import lancedb
import pyarrow as pa
from filelock import AsyncFileLock, Timeout
from lancedb.index import FTS

from retrieval.documents import Audience, Document, Heading, Hit, Passage
from retrieval.errors import EmbedderMismatch, StoreUnavailable
from retrieval.links import names_of
from retrieval.stores import Counts, Vector

TABLE = "knowledge"
DIMENSIONS_UNBOUND = 1
KEEP_VERSIONS = timedelta(hours=1)
WAIT_TO_WRITE = 300.0
"""Seconds that a write waits for another process's; each holds the lock for one batch."""
_BATCH = 4_000


def _schema(dimensions: int) -> pa.Schema:
    text = pa.string()
    return pa.schema(
        [
            pa.field("id", text),
            pa.field("kind", text),
            pa.field("document", text),
            pa.field("source", text),
            pa.field("title", text),
            pa.field("text", text),
            pa.field("searchable", text),
            pa.field("digest", text),
            pa.field("audience", pa.list_(text)),
            pa.field("names", pa.list_(text)),
            pa.field("ordinal", pa.int32()),
            pa.field("start", pa.int64()),
            pa.field("end", pa.int64()),
            pa.field("about", text),
            pa.field("vector", pa.list_(pa.float32(), dimensions)),
        ]
    )


_COLUMNS = ["id", "document", "source", "title", "text", "audience", "start", "end", "about"]


class LanceStore:
    """A `Store` in a folder. Open it with `LanceStore.open`; two processes may."""

    name = "lance"

    def __init__(self, path: Path, connection: Any, table: Any) -> None:
        self._path = path
        self._connection = connection
        self._table = table
        self._names: tuple[int, dict[str, list[tuple[str, frozenset[str]]]]] = (-1, {})

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Open or make the store in this folder. Raises `StoreUnavailable`."""
        async with _writing(path, "opened"):
            connection = await lancedb.connect_async(str(path), read_consistency_interval=timedelta(0))
            bound = await asyncio.to_thread(_read_binding, path)
            dimensions = bound[1] if bound else DIMENSIONS_UNBOUND
            table = await connection.create_table(TABLE, schema=_schema(dimensions), exist_ok=True)
            if not await table.list_indices():
                await table.create_index("searchable", config=_full_text_index(), replace=True)
            return cls(path, connection, table)

    async def bind(self, embedder: str, dimensions: int) -> None:
        async with _writing(self._path, "bound"):
            bound = await asyncio.to_thread(_read_binding, self._path)
            if bound == (embedder, dimensions):
                return
            if bound and await self._table.count_rows("vector IS NOT NULL"):
                raise EmbedderMismatch(
                    f"{self._path} was embedded with {bound[0]}, not {embedder}: set FOOTNOTE_EMBEDDER back, or move "
                    "that folder away and sync again."
                )
            await self._table.drop_columns(["vector"])
            await self._table.add_columns(pa.schema([pa.field("vector", pa.list_(pa.float32(), dimensions))]))
            await asyncio.to_thread(_write_binding, self._path, embedder, dimensions)

    async def put(self, documents: Sequence[tuple[Document, Sequence[Passage]]]) -> None:
        async with _writing(self._path, "written"):
            for group in _grouped(documents):
                await self._replace(group)

    async def remove(self, documents: Collection[str]) -> None:
        async with _writing(self._path, "written"):
            wanted = list(documents)
            for start in range(0, len(wanted), 500):
                await self._table.delete(f"document IN ({_literals(wanted[start : start + 500])})")

    async def hashes(self, source: str) -> dict[str, str]:
        where = f"kind = 'document' AND source = {_literal(source)}"
        rows = await self._rows(self._table.query().where(where).select(["id", "digest"]))
        return {row["id"]: row["digest"] for row in rows}

    async def documents(self, audience: Audience, *, limit: int = 1000, offset: int = 0) -> list[Document]:
        if not audience:
            return []
        columns = ["id", "source", "title", "digest", "audience", "about"]
        where = f"kind = 'document' AND {_seen_by(audience)}"
        rows = await self._rows(self._table.query().where(where).select(columns))
        rows.sort(key=lambda row: (row["title"].casefold(), row["id"]))
        return [_document({**row, "text": ""}) for row in rows[offset : offset + limit]]

    async def document(self, document: str, audience: Audience) -> Document | None:
        if not audience:
            return None
        where = f"kind = 'document' AND id = {_literal(document)} AND {_seen_by(audience)}"
        rows = await self._rows(self._table.query().where(where).limit(1))
        return _document(rows[0]) if rows else None

    async def passages(self, documents: Collection[str], audience: Audience) -> list[Passage]:
        if not audience or not documents:
            return []
        where = f"kind = 'passage' AND document IN ({_literals(documents)}) AND {_seen_by(audience)}"
        rows = await self._rows(self._table.query().where(where).select([*_COLUMNS, "ordinal"]))
        rows.sort(key=lambda row: (row["document"], row["ordinal"]))
        return [_passage(row) for row in rows]

    async def full_text(self, query: str, audience: Audience, limit: int) -> list[Hit]:
        if not audience or not query.strip():
            return []
        search = self._table.query().nearest_to_text(query, columns=["searchable"]).where(_seen_by(audience))
        rows = await self._rows(search.select([*_COLUMNS, "_score"]).limit(limit))
        return [Hit(_passage(row), row["_score"], via="text") for row in rows]

    async def nearest(
        self, vector: Vector, audience: Audience, limit: int, documents: Collection[str] | None = None
    ) -> list[Hit]:
        if not audience or (documents is not None and not documents):
            return []
        where = _seen_by(audience)
        if documents is not None:
            where += f" AND document IN ({_literals(documents)})"
        search = self._table.query().nearest_to(list(vector)).distance_type("cosine").where(where)
        rows = await self._rows(search.select([*_COLUMNS, "_distance"]).limit(limit))
        hits = [Hit(_passage(row), 1 - row["_distance"], 1 - row["_distance"], "meaning") for row in rows]
        return sorted(hits, key=lambda hit: -hit.score)

    async def vectors(self, passages: Collection[str]) -> dict[str, list[float]]:
        if not passages:
            return {}
        where = f"kind = 'passage' AND vector IS NOT NULL AND id IN ({_literals(passages)})"
        rows = await self._rows(self._table.query().where(where).select(["id", "vector"]))
        return {row["id"]: row["vector"] for row in rows}

    async def named(self, names: Collection[str], audience: Audience) -> dict[str, list[str]]:
        known = await self._known_names()
        found = {}
        for name in names:
            ids = [document for document, labels in known.get(name, ()) if audience.sees(labels)]
            if ids:
                found[name] = ids
        return found

    async def unembedded(self, limit: int) -> list[Passage]:
        where = "kind = 'passage' AND vector IS NULL"
        rows = await self._rows(self._table.query().where(where).select(_COLUMNS).limit(limit))
        return [_passage(row) for row in rows]

    async def embed(self, vectors: Mapping[Passage, Vector]) -> None:
        if not vectors:
            return
        async with _writing(self._path, "written"):
            field = (await self._table.schema()).field("vector")
            rows = pa.table(
                {
                    "id": [passage.id for passage in vectors],
                    "digest": [_digest(passage) for passage in vectors],
                    "vector": pa.array([list(vector) for vector in vectors.values()], type=field.type),
                }
            )
            await self._table.merge_insert(["id", "digest"]).when_matched_update_all().execute(rows)

    async def counts(self) -> Counts:
        async with _guarded(self._path, "read"):
            return Counts(
                await self._table.count_rows("kind = 'document'"),
                await self._table.count_rows("kind = 'passage'"),
                await self._table.count_rows("vector IS NOT NULL"),
            )

    async def optimize(self) -> None:
        async with _writing(self._path, "compacted"):
            await self._table.optimize(cleanup_older_than=KEEP_VERSIONS)

    async def close(self) -> None:
        self._table.close()
        self._connection.close()

    async def _replace(self, group: Sequence[tuple[Document, Sequence[Passage]]]) -> None:
        ids = [document.id for document, _ in group]
        field = (await self._table.schema()).field("vector")
        where = f"document IN ({_literals(ids)}) AND vector IS NOT NULL"
        kept = await self._rows(self._table.query().where(where).select(["digest", "vector"]))
        vectors = {row["digest"]: row["vector"] for row in kept}
        rows = [row for document, passages in group for row in _rows_of(document, passages, vectors)]
        table = pa.Table.from_pylist(rows, schema=_schema(field.type.list_size))
        merge = self._table.merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
        gone = merge.when_not_matched_by_source_delete(f"document IN ({_literals(ids)})")
        await gone.execute(table, on_bad_vectors="null")

    async def _known_names(self) -> dict[str, list[tuple[str, frozenset[str]]]]:
        version = await self._table.version()
        if self._names[0] != version:
            select = self._table.query().where("kind = 'document'").select(["id", "names", "audience"])
            known: dict[str, list[tuple[str, frozenset[str]]]] = {}
            for row in await self._rows(select):
                for name in row["names"] or ():
                    known.setdefault(name, []).append((row["id"], frozenset(row["audience"])))
            self._names = (version, known)
        return self._names[1]

    async def _rows(self, query: Any) -> list[dict[str, Any]]:
        async with _guarded(self._path, "read"):
            rows: list[dict[str, Any]] = await query.to_list()
            return rows


def _full_text_index() -> FTS:
    """Tokenizer icu: English stems and Chinese words are both found, with nothing to download."""
    return FTS(base_tokenizer="icu", stem=True, remove_stop_words=True, ascii_folding=True, lower_case=True)


@asynccontextmanager
async def _guarded(path: Path, done: str) -> AsyncIterator[None]:
    try:
        yield
    except (OSError, RuntimeError, pa.ArrowException) as error:
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


def _grouped(
    documents: Sequence[tuple[Document, Sequence[Passage]]],
) -> list[list[tuple[Document, Sequence[Passage]]]]:
    """Groups of whole documents of a bounded number of rows; of two with one id the later one counts."""
    latest = {document.id: (document, passages) for document, passages in documents}
    groups: list[list[tuple[Document, Sequence[Passage]]]] = [[]]
    size = 0
    for document, passages in latest.values():
        if groups[-1] and size + len(passages) > _BATCH:
            groups.append([])
            size = 0
        groups[-1].append((document, passages))
        size += len(passages) + 1
    return groups if groups[0] else []


def _rows_of(document: Document, passages: Sequence[Passage], vectors: dict[str, Any]) -> list[dict[str, Any]]:
    about = {
        "uri": document.uri,
        "headings": [[h.level, h.text, h.start] for h in document.headings],
        "links": document.links,
        "aliases": document.aliases,
        "modified": document.modified,
        "metadata": document.metadata,
    }
    audience = sorted(document.audience.labels)
    shared = {"document": document.id, "source": document.source, "title": document.title, "audience": audience}
    rows: list[dict[str, Any]] = [
        {
            **shared,
            "id": document.id,
            "kind": "document",
            "text": document.text,
            "digest": document.content_hash,
            "names": sorted(names_of(document.title, document.aliases)),
            "about": json.dumps(about, ensure_ascii=False),
        }
    ]
    for ordinal, passage in enumerate(passages):
        digest = _digest(passage)
        rows.append(
            {
                **shared,
                "id": passage.id,
                "kind": "passage",
                "text": passage.text,
                "searchable": passage.embeddable,
                "digest": digest,
                "ordinal": ordinal,
                "start": passage.start,
                "end": passage.end,
                "about": json.dumps({"headings": passage.headings, "uri": passage.uri}, ensure_ascii=False),
                "vector": vectors.get(digest),
            }
        )
    return rows


def _digest(passage: Passage) -> str:
    return hashlib.blake2b(passage.embeddable.encode(), digest_size=16).hexdigest()


def _document(row: dict[str, Any]) -> Document:
    about = json.loads(row["about"])
    return Document(
        id=row["id"],
        source=row["source"],
        uri=about["uri"],
        title=row["title"],
        text=row["text"],
        audience=Audience(frozenset(row["audience"])),
        content_hash=row["digest"],
        headings=tuple(Heading(level, text, start) for level, text, start in about["headings"]),
        links=tuple(about["links"]),
        aliases=tuple(about["aliases"]),
        modified=about["modified"],
        metadata=about["metadata"],
    )


def _passage(row: dict[str, Any]) -> Passage:
    about = json.loads(row["about"])
    return Passage(
        id=row["id"],
        document=row["document"],
        source=row["source"],
        title=row["title"],
        headings=tuple(about["headings"]),
        text=row["text"],
        start=row["start"],
        end=row["end"],
        audience=Audience(frozenset(row["audience"])),
        uri=about.get("uri", ""),
    )


def _seen_by(audience: Audience) -> str:
    return f"array_has_any(audience, [{_literals(audience.labels)}])"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _literals(texts: Collection[str]) -> str:
    return ", ".join(_literal(text) for text in sorted(texts))


def _read_binding(path: Path) -> tuple[str, int] | None:
    try:
        kept = json.loads((path / "embedder.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return kept["name"], kept["dimensions"]


def _write_binding(path: Path, embedder: str, dimensions: int) -> None:
    draft = path / "embedder.json.new"
    draft.write_text(json.dumps({"name": embedder, "dimensions": dimensions}), encoding="utf-8")
    draft.replace(path / "embedder.json")
