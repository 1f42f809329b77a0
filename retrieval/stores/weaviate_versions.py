"""Documents that change whole in a store without transactions.

Passages are written under a new *generation*; then their document's object, in which the generation stands, is replaced
in one write; then the passages of the old one are deleted. Whoever reads passes over passages of any other generation
than their document's. What a write makes and replaces is noted before it begins, and what is left of it when it can no
longer go on is swept (docs/decisions/0006-weaviate.md).
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import uuid4

from weaviate.classes.data import DataObject
from weaviate.classes.query import Filter

from retrieval.documents import Audience, Document, Passage
from retrieval.errors import StoreUnavailable
from retrieval.stores.rows import rows_of
from retrieval.stores.weaviate_client import MOST, PIECE, Objects, by_keys, delete, write
from retrieval.stores.weaviate_objects import (
    PASSAGE,
    Held,
    Version,
    document_object,
    held,
    key_of,
    passage_object,
    read_passage,
    seen_by,
)

GIVEN_UP = 600.0
"""Seconds after which a write goes on no more, so that what is left of it may be swept."""
SPARE = 20
"""Hits asked for beyond the limit, in place of some that are not current."""
AGAIN = 6
"""How often a reader looks again because what it found was being replaced."""
PAIRS = 100
"""Versions deleted in one call."""

Known = Mapping[Version, Mapping[str, Sequence[float]]]
"""The vectors of a document's words, by its key and their digest; and of these, by their space."""
Find = Callable[[int], Awaitable[Sequence[Any]]]


class Versions:
    """The documents of one tenant, their passages, and the notes about what is being written."""

    def __init__(self, documents: Objects, passages: Objects, notes: Objects) -> None:
        self._documents = documents
        self._passages = passages
        self._notes = notes

    async def replace(self, group: Sequence[tuple[Document, Sequence[Passage]]]) -> None:
        """Each document is the old one for every reader until it is the new one."""
        begun, generation = time.monotonic(), uuid4().hex
        keys = [key_of(document.id) for document, _ in group]
        old = list((await self._held(keys)).values())
        gone = [each.version for each in old]
        await self._begin([*((key, generation) for key in keys), *gone])
        known = await self._known(old)
        documents, passages = await asyncio.to_thread(_objects, group, generation, known)
        await write(self._passages, passages)
        if time.monotonic() - begun > GIVEN_UP / 2:
            raise StoreUnavailable("Writing to Weaviate took too long; what was there before is kept: sync again.")
        await write(self._documents, documents)
        await self._drop(gone)

    async def remove(self, keys: Sequence[str]) -> None:
        gone = [each.version for each in (await self._held(keys)).values()]
        if gone:
            await self._begin(gone)
            await delete(self._documents, Filter.by_id().contains_any([key for key, _ in gone]))
            await self._drop(gone)

    async def find(self, find: Find, limit: int) -> list[Any]:
        """The first current ones of what is found, which is given how many it shall find."""
        asked, ended = limit + SPARE, False
        for _ in range(AGAIN):
            asked = min(asked, MOST)
            found = await find(asked)
            current = await self.current(found)
            if len(current) >= limit or len(current) == len(found) or (ended and len(found) < asked):
                break
            ended = len(found) < asked
            asked *= 4
        return current[:limit]

    async def current(self, passages: Sequence[Any]) -> list[Any]:
        """Those of these objects that belong to their document as it is now."""
        held = await self._held(list({each.properties["key"] for each in passages}))
        versions = {each.version for each in held.values()}
        return [each for each in passages if (each.properties["key"], each.properties["generation"]) in versions]

    async def passages(self, keys: Sequence[str], audience: Audience) -> list[Passage]:
        """All passages of these documents, each document's from one generation."""
        for _ in range(AGAIN):
            found = await self._documents.query.fetch_objects(
                filters=Filter.by_id().contains_any(keys) & seen_by(audience),
                limit=len(keys),
                return_properties=["generation", "passages"],
            )
            wanted = [key for each in found.objects for key in held(each).passage_keys()]
            kept = {str(each.uuid): each for each in await by_keys(self._passages, wanted, PASSAGE)}
            if len(kept) == len(wanted):
                return [read_passage(kept[key].properties) for key in wanted]
        raise StoreUnavailable("These documents are being written over and over: ask again in a moment.")

    async def sweep(self) -> None:
        """Delete what writes left that a kill cut off, or that crossed another one of the same document."""
        old = Filter.by_property("written").less_than(time.time() - GIVEN_UP)
        found = await self._notes.query.fetch_objects(filters=old, limit=MOST, return_properties=["about"])
        for note in found.objects:
            versions = [(key, generation) for key, generation in json.loads(note.properties["about"])]
            current = {each.version for each in (await self._held([key for key, _ in versions])).values()}
            await self._drop([version for version in versions if version not in current])
            await self._notes.data.delete_by_id(note.uuid)

    async def _held(self, keys: Sequence[str]) -> dict[str, Held]:
        found = await by_keys(self._documents, keys, ["generation", "passages"])
        return {str(each.uuid): held(each) for each in found}

    async def _known(self, old: Sequence[Held]) -> Known:
        keys = [key for each in old for key in each.passage_keys()]
        found = await by_keys(self._passages, keys, ["key", "digest"], include_vector=True)
        return {(each.properties["key"], each.properties["digest"]): each.vector for each in found}

    async def _begin(self, versions: Sequence[Version]) -> None:
        """Note versions of which each is left over, unless it is its document's in the end."""
        for start in range(0, len(versions), PIECE):
            about = json.dumps(versions[start : start + PIECE])
            await write(self._notes, [DataObject(uuid=uuid4(), properties={"about": about, "written": time.time()})])

    async def _drop(self, versions: Sequence[Version]) -> None:
        """Delete the passages of exactly these versions: another write may be at work on the same documents."""
        for start in range(0, len(versions), PAIRS):
            pairs = [
                Filter.by_property("key").equal(key) & Filter.by_property("generation").equal(generation)
                for key, generation in versions[start : start + PAIRS]
            ]
            await delete(self._passages, Filter.any_of(pairs))


def _objects(
    group: Sequence[tuple[Document, Sequence[Passage]]], generation: str, known: Known
) -> tuple[list[DataObject[Any, None]], list[DataObject[Any, None]]]:
    """The objects of documents, and of all their passages."""
    documents, passages = [], []
    for document, parts in group:
        version = (key_of(document.id), generation)
        first, *others = rows_of(document, parts, {})
        documents.append(document_object(first, version, len(others)))
        passages += [passage_object(row, version, known.get((version[0], row["digest"]), {})) for row in others]
    return documents, passages
