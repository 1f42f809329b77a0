"""The store on a Weaviate server, in a tenant for each workspace: for several machines, and for much knowledge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Self

from weaviate import WeaviateAsyncClient
from weaviate.classes.config import ConsistencyLevel
from weaviate.classes.query import Filter, MetadataQuery, Metrics

from retrieval.documents import ANYTHING, Audience, Document, Hit, Passage
from retrieval.documents import Filter as Where
from retrieval.stores import Counts, Holdings, Vector
from retrieval.stores.catalog import Catalog
from retrieval.stores.place import Weaviate
from retrieval.stores.rows import groups_of
from retrieval.stores.weaviate_client import MOST, PIECE, READING, WRITING, by_keys, connect, every, guarded
from retrieval.stores.weaviate_objects import (
    DOCUMENT,
    PASSAGE,
    asked,
    fitting,
    key_of,
    read_document,
    read_passage,
    seen_by,
)
from retrieval.stores.weaviate_schema import DOCUMENTS, NOTES, PASSAGES, prepare
from retrieval.stores.weaviate_spaces import Spaces
from retrieval.stores.weaviate_versions import Versions

NAMES = 2_000
"""Names looked for in one call."""


class WeaviateStore:
    """A `Store` in one tenant. Open it with `WeaviateStore.open`; any number of processes may."""

    name = "weaviate"

    def __init__(self, url: str, client: WeaviateAsyncClient, tenant: str) -> None:
        def of_tenant(name: str) -> Any:
            collection = client.collections.use(name).with_tenant(tenant)
            return collection.with_consistency_level(ConsistencyLevel.QUORUM)

        self._url = url
        self._client = client
        self._documents, self._passages, notes = map(of_tenant, (DOCUMENTS, PASSAGES, NOTES))
        self._versions = Versions(self._documents, self._passages, notes)
        self._spaces = Spaces(client, self._passages, notes, self._versions)

    @classmethod
    async def open(cls, place: Weaviate) -> Self:
        """Connect, and make what is not there yet. Raises `StoreUnavailable` where nothing answers for a while."""
        client = await connect(place)
        try:
            async with guarded(place.url, "opened", WRITING):
                await prepare(client)
                for name in (DOCUMENTS, PASSAGES, NOTES):
                    await client.collections.use(name).tenants.create(place.tenant)
        except BaseException:
            await client.close()
            raise
        return cls(place.url, client, place.tenant)

    async def bind(self, embedder: str, dimensions: int) -> None:
        async with self._reading():
            await self._spaces.bind(embedder, dimensions)

    async def answering(self) -> str:
        async with self._reading():
            return await self._spaces.answering()

    async def put(self, documents: Sequence[tuple[Document, Sequence[Passage]]]) -> None:
        for group in groups_of(documents):
            async with self._writing():
                await self._versions.replace(group)

    async def remove(self, documents: Collection[str]) -> None:
        wanted = sorted(map(key_of, documents))
        for start in range(0, len(wanted), PIECE):
            async with self._writing():
                await self._versions.remove(wanted[start : start + PIECE])

    async def hashes(self, source: str) -> dict[str, str]:
        found = await self._every(["document", "source", "digest"])
        return {each["document"]: each["digest"] or "" for each in found if (each["source"] or "") == source}

    async def others(self, source: str) -> set[str]:
        found = await self._every(["document", "source"])
        return {each["document"] for each in found if (each["source"] or "") != source}

    async def documents(
        self, audience: Audience, *, query: str = "", limit: int = 1000, offset: int = 0
    ) -> list[Document]:
        if not audience:
            return []
        listed = await self._every(["document", "title", "audience"])
        known = Catalog((one["document"], one["title"] or "", (), one["audience"] or ()) for one in listed)
        keys = [key_of(one) for one in known.titled(query, audience, limit, offset)]
        async with self._reading():
            found = {str(one.uuid): one for one in await by_keys(self._documents, keys, DOCUMENT)}
        read = [read_document(found[key].properties) for key in keys if key in found]
        return [one for one in read if audience.sees(one.audience.labels)]

    async def document(self, document: str, audience: Audience) -> Document | None:
        if not audience:
            return None
        where = Filter.by_id().equal(key_of(document)) & seen_by(audience)
        async with self._reading():
            found = await self._documents.query.fetch_objects(
                filters=where, limit=1, return_properties=[*DOCUMENT, "text"]
            )
        return read_document(found.objects[0].properties) if found.objects else None

    async def passages(self, documents: Collection[str], audience: Audience) -> list[Passage]:
        if not audience or not documents:
            return []
        async with self._reading():
            return await self._versions.passages([key_of(one) for one in sorted(set(documents))], audience)

    async def full_text(self, query: str, audience: Audience, limit: int, where: Where = ANYTHING) -> list[Hit]:
        words = asked(query)
        if not audience or not words or where.documents == frozenset():
            return []
        filters, score = fitting(audience, where), MetadataQuery(score=True)

        async def find(limit: int) -> Sequence[Any]:
            found = await self._passages.query.bm25(
                words,
                query_properties=["words"],
                limit=limit,
                filters=filters,
                return_metadata=score,
                return_properties=PASSAGE,
            )
            return list(found.objects)

        async with self._reading():
            found = await self._versions.find(find, limit)
        return [Hit(read_passage(each.properties), each.metadata.score, via="text") for each in found]

    async def nearest(self, vector: Vector, audience: Audience, limit: int, where: Where = ANYTHING) -> list[Hit]:
        if not audience or where.documents == frozenset():
            return []
        near, filters = list(self._spaces.check(vector)), fitting(audience, where)

        async def find(limit: int) -> Sequence[Any]:
            found = await self._passages.query.near_vector(
                near,
                target_vector=self._spaces.name,
                limit=limit,
                filters=filters,
                return_metadata=MetadataQuery(distance=True),
                return_properties=PASSAGE,
            )
            return list(found.objects)

        async with self._reading():
            found = await self._versions.find(find, limit)
        similar = [(read_passage(each.properties), 1 - each.metadata.distance) for each in found]
        return sorted((Hit(*one, one[1], "meaning") for one in similar), key=lambda hit: -hit.score)

    async def named(self, names: Collection[str], audience: Audience) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        wanted = sorted(set(names)) if audience else []
        for start in range(0, len(wanted), NAMES):
            some = wanted[start : start + NAMES]
            where = Filter.by_property("names").contains_any(some) & seen_by(audience)
            async with self._reading():
                said = await self._documents.query.fetch_objects(
                    filters=where, limit=MOST, return_properties=["document", "names"]
                )
            for each in said.objects:
                for name in set(some).intersection(each.properties["names"]):
                    found.setdefault(name, []).append(each.properties["document"])
        return found

    async def unembedded(self, limit: int) -> list[Passage]:
        async with self._reading():
            return [read_passage(each.properties) for each in await self._spaces.waiting(limit)]

    async def vectors(self, passages: Collection[str]) -> dict[str, list[float]]:
        async with self._reading():
            return await self._spaces.known(sorted(passages))

    async def embed(self, vectors: Mapping[Passage, Vector]) -> None:
        given = list(vectors.items())
        for start in range(0, len(given), PIECE):
            async with self._writing():
                await self._spaces.embed(dict(given[start : start + PIECE]))

    async def counts(self) -> Counts:
        """``embedded`` may be some too many while documents are replaced, or what a kill left is not swept yet."""
        async with self._reading():
            said = await self._documents.aggregate.over_all(return_metrics=Metrics("passages").integer(sum_=True))
            passages = int(said.properties["passages"].sum_ or 0)
            embedded = await self._spaces.count(self._spaces.name)
        return Counts(said.total_count or 0, passages, min(passages, embedded))

    async def holdings(self) -> Holdings:
        found = await self._every(["source", "audience"])
        return Counter((each["source"] or "", Audience(frozenset(each["audience"] or ()))) for each in found)

    async def optimize(self) -> None:
        async with self._writing():
            await self._versions.sweep()
        more = True
        while more:
            async with self._writing():
                more = await self._spaces.forget_some()

    async def close(self) -> None:
        await self._client.close()

    async def _every(self, properties: list[str]) -> list[Mapping[str, Any]]:
        async with self._reading():
            return [each.properties for each in await every(self._documents, properties)]

    def _reading(self) -> AbstractAsyncContextManager[None]:
        return guarded(self._url, "read", READING)

    def _writing(self) -> AbstractAsyncContextManager[None]:
        return guarded(self._url, "written", WRITING)
