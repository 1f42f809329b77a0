"""The vectors of several embedders side by side: each has a named vector, and one of them answers questions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain, combinations
from typing import Any

from weaviate import WeaviateAsyncClient
from weaviate.classes.data import DataObject
from weaviate.classes.query import Filter
from weaviate.collections.classes.filters import FilterReturn

from retrieval.documents import Passage
from retrieval.errors import StoreUnavailable
from retrieval.stores import Vector
from retrieval.stores.rows import digest_of
from retrieval.stores.weaviate_client import MOST, PIECE, Objects, write
from retrieval.stores.weaviate_objects import PASSAGE, embedded, key_of
from retrieval.stores.weaviate_schema import add_space, space_of, spaces
from retrieval.stores.weaviate_versions import Versions

_ANSWERING = key_of("answering")
"""The id of the note that says whose vectors are complete."""


class Spaces:
    """The vectors of one tenant, as one embedder writes and reads them."""

    def __init__(self, client: WeaviateAsyncClient, passages: Objects, notes: Objects, versions: Versions) -> None:
        self._client = client
        self._passages = passages
        self._notes = notes
        self._versions = versions
        self._embedder, self._dimensions = "", 0
        self.name = ""
        self._known: list[str] = []

    async def bind(self, embedder: str, dimensions: int) -> None:
        name = space_of(embedder)
        await add_space(self._client, name)
        self._known = sorted(await spaces(self._client))
        old = await self._answering()
        if old != embedder and not (old and await self.count(space_of(old))):
            await self._answer_with(embedder)
        self._embedder, self._dimensions, self.name = embedder, dimensions, name

    async def answering(self) -> str:
        """The embedder whose vectors are complete: this one as soon as no passage lacks its vector."""
        kept = await self._answering()
        if kept == self._embedder or await self.waiting(1):
            return kept
        await self._answer_with(self._embedder)
        return self._embedder

    def check(self, vector: Vector) -> Vector:
        """The vector, if it can be one of this embedder's."""
        if len(vector) != self._dimensions:
            bound = f"{self._embedder or 'no embedder'}, whose vectors have {self._dimensions}"
            raise StoreUnavailable(f"A vector of {len(vector)} numbers came to a store that is bound to {bound}.")
        return vector

    async def count(self, name: str) -> int:
        """How many objects of passages have a vector of this space."""
        where = self._having(lambda spaces: name in spaces)
        return (await self._passages.aggregate.over_all(total_count=True, filters=where)).total_count or 0

    async def waiting(self, limit: int) -> list[Any]:
        """Objects of passages that lack a vector."""
        where = self._having(lambda spaces: self.name not in spaces)

        async def find(limit: int) -> Sequence[Any]:
            found = await self._passages.query.fetch_objects(filters=where, limit=limit, return_properties=PASSAGE)
            return list(found.objects)

        return await self._versions.find(find, limit)

    async def known(self, passages: Sequence[str]) -> dict[str, list[float]]:
        found: dict[str, list[float]] = {}
        for start in range(0, len(passages), PIECE):
            where = Filter.by_property("passage").contains_any(passages[start : start + PIECE])
            said = await self._passages.query.fetch_objects(
                filters=where, limit=MOST, return_properties=PASSAGE, include_vector=[self.name]
            )
            for each in await self._versions.current(said.objects):
                if vector := each.vector.get(self.name):
                    found[each.properties["passage"]] = vector
        return found

    async def embed(self, vectors: Mapping[Passage, Vector]) -> None:
        """Beside the vectors that answer. What is gone or has other words by now is passed over."""
        given = {(key_of(one.document), digest_of(one)): list(self.check(it)) for one, it in vectors.items()}
        answering = space_of(await self._answering())
        where = Filter.by_property("key").contains_any(sorted({key for key, _ in given}))
        where &= Filter.by_property("digest").contains_any(sorted({digest for _, digest in given}))
        renewed = []
        for each in await self._versions.current(await self._whole(where, MOST)):
            vector = given.get((each.properties["key"], each.properties["digest"]))
            if vector is not None:
                kept = {answering: each.vector[answering]} if answering in each.vector else {}
                renewed.append(_renewed(each, {**kept, self.name: vector}))
        await write(self._passages, renewed)

    async def forget_some(self) -> bool:
        """Weaviate drops no named vector: once these answer, passages are written again without those of others.

        Returns whether there were any.
        """
        if await self._answering() != self._embedder:
            return False
        found = await self._whole(self._having(lambda spaces: bool(set(spaces) - {self.name})), PIECE)
        kept = [{name: it for name, it in each.vector.items() if name == self.name} for each in found]
        await write(self._passages, [_renewed(*pair) for pair in zip(found, kept, strict=True)])
        return bool(found)

    def _having(self, fits: Callable[[Sequence[str]], bool]) -> FilterReturn:
        """Passages whose vectors are such ones: at most those that answer, and those that are being made."""
        every = chain.from_iterable(combinations(self._known, count) for count in range(3))
        return Filter.by_property("embedded").contains_any([embedded(some) for some in every if fits(some)])

    async def _whole(self, where: FilterReturn, limit: int) -> list[Any]:
        found = await self._passages.query.fetch_objects(filters=where, limit=limit, include_vector=True)
        return list(found.objects)

    async def _answering(self) -> str:
        found = await self._notes.query.fetch_object_by_id(_ANSWERING, return_properties=["about"])
        return str(found.properties["about"]) if found else ""

    async def _answer_with(self, embedder: str) -> None:
        await write(self._notes, [DataObject(uuid=_ANSWERING, properties={"about": embedder})])


def _renewed(passage: Any, vectors: Mapping[str, list[float]]) -> DataObject[Any, None]:
    properties = {name: value for name, value in passage.properties.items() if value is not None}
    properties["embedded"] = embedded(vectors)
    return DataObject(uuid=passage.uuid, properties=properties, vector=dict(vectors) or None)
