"""How documents and passages lie in Weaviate: properties, ids, and the words that BM25 looks at."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from weaviate.classes.data import DataObject
from weaviate.classes.query import Filter
from weaviate.collections.classes.filters import FilterReturn

from retrieval.documents import Audience, Document, Passage
from retrieval.documents import Filter as Where
from retrieval.scripts import CJK, WIDE
from retrieval.stemming import stem
from retrieval.stores.rows import document_of, passage_of

_NAMESPACE = UUID("6f0b7f3e-5d0c-4a43-9a3e-0f5ac1f0b7a1")
_RUN = re.compile(f"[{CJK}]+|[^\\W_{CJK}]+")
DOCUMENT = ["document", "source", "title", "digest", "audience", "about", "generation", "passages"]
"""What a document is made of again, but for its text."""
PASSAGE = [
    "passage",
    "document",
    "source",
    "title",
    "text",
    "audience",
    "start",
    "end",
    "about",
    "mentions",
    "key",
    "generation",
]
"""What a passage is made of again, and which version of its document it belongs to."""
Version = tuple[str, str]
"""The key of a document and the generation of its passages."""


def key_of(document: str) -> str:
    """The id of a document's object: whatever a document's own id holds, this is a UUID."""
    return str(uuid5(_NAMESPACE, document))


def passage_key(version: Version, ordinal: int) -> str:
    return str(uuid5(_NAMESPACE, f"{version[0]}/{version[1]}/{ordinal}"))


@dataclass(frozen=True, slots=True)
class Held:
    """Which generation of passages a document has now, and how many."""

    version: Version
    passages: int

    def passage_keys(self) -> list[str]:
        return [passage_key(self.version, ordinal) for ordinal in range(self.passages)]


def held(document: Any) -> Held:
    """What a document's object holds."""
    return Held((str(document.uuid), document.properties["generation"]), document.properties["passages"])


def document_object(row: Mapping[str, Any], version: Version, passages: int) -> DataObject[Any, None]:
    """A document's object from its row (`retrieval.stores.rows`)."""
    names = ("document", "source", "title", "text", "digest", "audience", "names", "about")
    properties = {name: row[name] for name in names} | {"generation": version[1], "passages": passages}
    return DataObject(uuid=version[0], properties=_without_empty(properties))


def passage_object(row: Mapping[str, Any], version: Version, vectors: Mapping[str, Any]) -> DataObject[Any, None]:
    """A passage's object from its row, with the vectors that are known of the same words, by their space."""
    names = ("document", "source", "title", "text", "digest", "audience", "about", "start", "end")
    properties = {name: row[name] for name in (*names, "mentions", "modified", "authors", "channel")} | {
        "passage": row["id"],
        "key": version[0],
        "generation": version[1],
        "words": searchable(row["searchable"]),
        "embedded": embedded(vectors),
    }
    uuid = passage_key(version, row["ordinal"])
    return DataObject(uuid=uuid, properties=_without_empty(properties), vector=dict(vectors) or None)


def embedded(spaces: Iterable[str]) -> str:
    """A word for which vectors a passage has. It stands for none too: Weaviate finds what is, not reliably what is not."""
    return " ".join(sorted(spaces)) or "none"


def read_document(properties: Mapping[str, Any]) -> Document:
    return document_of({"text": "", "title": "", **_given(properties), "id": properties["document"]})


def read_passage(properties: Mapping[str, Any]) -> Passage:
    return passage_of({"text": "", "title": "", "mentions": (), **_given(properties), "id": properties["passage"]})


def seen_by(audience: Audience) -> FilterReturn:
    """Raises for an empty audience, which the caller has to answer by itself: with nothing."""
    return Filter.by_property("audience").contains_any(sorted(audience.labels))


def fitting(audience: Audience, where: Where) -> FilterReturn:
    conditions = [seen_by(audience)]
    if where.documents is not None:
        conditions.append(Filter.by_property("key").contains_any([key_of(one) for one in where.documents]))
    if where.mentions:
        conditions.append(Filter.by_property("mentions").contains_any(sorted(where.mentions)))
    if where.authors:
        conditions.append(Filter.by_property("authors").contains_any(sorted(where.authors)))
    if where.channels:
        conditions.append(Filter.by_property("channel").contains_any(sorted(where.channels)))
    if where.since is not None:
        conditions.append(Filter.by_property("modified").greater_or_equal(where.since))
    if where.until is not None:
        conditions.append(Filter.by_property("modified").less_than(where.until))
    return Filter.all_of(conditions)


def searchable(text: str) -> str:
    """The words of a text, stemmed; of writing without spaces each sign and each two neighbours."""
    return " ".join(_words(text, single=True))


def asked(text: str) -> str:
    """The words of a question: a sign alone is looked for only where it stands alone."""
    return " ".join(_words(text, single=False))


def _words(text: str, *, single: bool) -> Iterator[str]:
    apart = unicodedata.normalize("NFKD", text)
    plain = unicodedata.normalize("NFC", "".join(sign for sign in apart if not "\u0300" <= sign <= "\u036f"))
    for run in _RUN.findall(plain.casefold()):
        if not WIDE.match(run):
            yield stem(run)
            continue
        if single or len(run) == 1:
            yield from run
        yield from (run[start : start + 2] for start in range(len(run) - 1))


def _without_empty(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Weaviate does not tell what is empty from what is missing."""
    given = {name: list(value) if isinstance(value, tuple) else value for name, value in properties.items()}
    return {name: value for name, value in given.items() if value not in (None, "", [])}


def _given(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if value is not None}
