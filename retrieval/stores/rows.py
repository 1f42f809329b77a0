"""How documents and their passages lie in one table. Rows of documents have no vector and nothing searchable."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from retrieval.documents import Audience, Document, Heading, Link, Passage
from retrieval.links import called, fold, names_of

COLUMNS = ["id", "document", "source", "title", "text", "audience", "start", "end", "about", "mentions"]
"""What a passage is made of again."""
BATCH = 4_000
"""Rows written in one go."""


def schema(dimensions: int) -> pa.Schema:
    """The columns, for vectors of so many dimensions."""
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
            pa.field("mentions", pa.list_(text)),
            pa.field("modified", pa.float64()),
            pa.field("authors", pa.list_(text)),
            pa.field("channel", text),
            pa.field("vector", pa.list_(pa.float32(), dimensions)),
        ]
    )


def groups_of(
    documents: Sequence[tuple[Document, Sequence[Passage]]],
) -> list[list[tuple[Document, Sequence[Passage]]]]:
    """Groups of whole documents of a bounded number of rows; of two with one id the later one counts."""
    latest = {document.id: (document, passages) for document, passages in documents}
    groups: list[list[tuple[Document, Sequence[Passage]]]] = [[]]
    size = 0
    for document, passages in latest.values():
        if groups[-1] and size + len(passages) > BATCH:
            groups.append([])
            size = 0
        groups[-1].append((document, passages))
        size += len(passages) + 1
    return groups if groups[0] else []


def rows_of(document: Document, passages: Sequence[Passage], vectors: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a whole document; ``vectors`` are those known of the same words, by `digest_of`."""
    shared = {
        "document": document.id,
        "source": document.source,
        "title": document.title,
        "audience": sorted(document.audience.labels),
        "modified": document.modified or None,
        "authors": sorted(frozenset[str]().union(*map(called, document.authors))),
        "channel": fold(document.channel),
    }
    rows = [shared | _document_row(document)]
    for ordinal, passage in enumerate(passages):
        row = _passage_row(passage)
        rows.append(shared | row | {"ordinal": ordinal, "vector": vectors.get(row["digest"])})
    return rows


def _document_row(document: Document) -> dict[str, Any]:
    about = {
        "uri": document.uri,
        "headings": [[h.level, h.text, h.start] for h in document.headings],
        "links": document.links,
        "aliases": document.aliases,
        "modified": document.modified,
        "authors": document.authors,
        "channel": document.channel,
        "metadata": document.metadata,
        "anchors": document.anchors,
    }
    return {
        "id": document.id,
        "kind": "document",
        "text": document.text,
        "digest": document.content_hash,
        "names": sorted(names_of(document.title, document.aliases)),
        "about": json.dumps(about, ensure_ascii=False),
    }


def _passage_row(passage: Passage) -> dict[str, Any]:
    about = {"headings": passage.headings, "uri": passage.uri, "links": passage.links}
    return {
        "id": passage.id,
        "kind": "passage",
        "text": passage.text,
        "searchable": passage.embeddable,
        "digest": digest_of(passage),
        "mentions": passage.mentions,
        "start": passage.start,
        "end": passage.end,
        "about": json.dumps(about, ensure_ascii=False),
    }


def digest_of(passage: Passage) -> str:
    """A name for exactly what is embedded of a passage."""
    return hashlib.blake2b(passage.embeddable.encode(), digest_size=16).hexdigest()


def document_of(row: dict[str, Any]) -> Document:
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
        anchors=tuple(Link(target, start) for target, start in about.get("anchors", ())),
        authors=tuple(about.get("authors", ())),
        channel=about.get("channel", ""),
    )


def passage_of(row: dict[str, Any]) -> Passage:
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
        links=tuple(about.get("links", ())),
        mentions=tuple(row["mentions"] or ()),
    )
