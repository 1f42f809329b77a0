"""The collections in Weaviate: made on open, and given what a newer version needs."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from weaviate import WeaviateAsyncClient
from weaviate.classes.config import Configure, DataType, Property, StopwordsPreset, Tokenization, VectorDistances
from weaviate.collections.classes.config_vector_index import VectorFilterStrategy
from weaviate.exceptions import UnexpectedStatusCodeError

from retrieval.errors import StoreUnavailable

DOCUMENTS, PASSAGES, NOTES = "FootnoteDocument", "FootnotePassage", "FootnoteNote"
"""Notes are the store's own: what is being written, and whose vectors answer."""
VERSION = 1
"""Raised when an older Footnote could no longer read what this one writes."""


def space_of(embedder: str) -> str:
    """The name of the vectors of an embedder."""
    plain = re.sub(r"\W+", "_", embedder, flags=re.ASCII)[:40]
    return f"v_{plain}_{hashlib.blake2b(embedder.encode(), digest_size=4).hexdigest()}"


async def prepare(client: WeaviateAsyncClient) -> None:
    """Make the collections, or add what an earlier version did not have. Several processes may do so at once."""
    for name, properties in _collections().items():
        if not await client.collections.exists(name):
            await _create(client, name, properties)
        collection = client.collections.use(name)
        found = await collection.config.get()
        _check_version(name, found.description or "")
        known = {each.name for each in found.properties}
        for each in properties:
            if each.name not in known:
                await _unless_there(collection.config.add_property(each))


async def spaces(client: WeaviateAsyncClient) -> set[str]:
    """The names of the vectors that there is room for."""
    return set((await client.collections.use(PASSAGES).config.get()).vector_config or ())


async def add_space(client: WeaviateAsyncClient, name: str) -> None:
    """Make room for the vectors of one more embedder, beside those that are there."""
    if name not in await spaces(client):
        await _unless_there(client.collections.use(PASSAGES).config.add_vector(vector_config=_space(name)))


async def _create(client: WeaviateAsyncClient, name: str, properties: list[Property]) -> None:
    await _unless_there(
        client.collections.create(
            name,
            description=f"Footnote {VERSION}",
            properties=properties,
            multi_tenancy_config=Configure.multi_tenancy(auto_tenant_creation=True, auto_tenant_activation=True),
            inverted_index_config=Configure.inverted_index(stopwords_preset=StopwordsPreset.EN),
        )
    )


async def _unless_there(change: Any) -> None:
    try:
        await change
    except UnexpectedStatusCodeError as error:  # another process was first
        if "already" not in str(error):
            raise


def _check_version(name: str, description: str) -> None:
    version = re.fullmatch(r"Footnote (\d+)", description)
    if version is None or int(version[1]) > VERSION:
        raise StoreUnavailable(
            f"The collection {name} in Weaviate was not made by this version of Footnote: update Footnote, or give it "
            "a Weaviate of its own with FOOTNOTE_WEAVIATE_URL."
        )


def _space(name: str) -> Any:
    index = Configure.VectorIndex.hnsw(
        distance_metric=VectorDistances.COSINE, filter_strategy=VectorFilterStrategy.ACORN
    )
    quantizer = Configure.VectorIndex.Quantizer.rq()
    return Configure.Vectors.self_provided(name=name, vector_index_config=index, quantizer=quantizer)


def _collections() -> dict[str, list[Property]]:
    return {
        DOCUMENTS: [
            *map(_kept, ("document", "source", "title", "text", "digest", "about", "generation")),
            *map(_labels, ("audience", "names")),
            Property(name="passages", data_type=DataType.INT),
        ],
        PASSAGES: [
            *map(_kept, ("document", "source", "title", "text", "about")),
            *map(_exact, ("key", "generation", "passage", "digest", "channel", "embedded")),
            *map(_labels, ("audience", "mentions", "authors")),
            _words("words"),
            *(Property(name=name, data_type=DataType.INT, index_filterable=False) for name in ("start", "end")),
            Property(name="modified", data_type=DataType.NUMBER, index_filterable=False, index_range_filters=True),
        ],
        NOTES: [
            *map(_kept, ("about",)),
            Property(name="written", data_type=DataType.NUMBER, index_filterable=False, index_range_filters=True),
        ],
    }


def _kept(name: str) -> Property:
    """Given back, never looked for."""
    return Property(name=name, data_type=DataType.TEXT, index_filterable=False, index_searchable=False)


def _exact(name: str, kind: DataType = DataType.TEXT) -> Property:
    """Looked for whole."""
    return Property(
        name=name,
        data_type=kind,
        tokenization=Tokenization.FIELD,
        index_filterable=True,
        index_searchable=False,
    )


def _labels(name: str) -> Property:
    """Several, any of which is looked for whole."""
    return _exact(name, DataType.TEXT_ARRAY)


def _words(name: str) -> Property:
    return Property(
        name=name,
        data_type=DataType.TEXT,
        tokenization=Tokenization.WHITESPACE,
        index_filterable=False,
        index_searchable=True,
    )
