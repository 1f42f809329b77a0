"""Which store: on a server where an address is given, otherwise in a folder."""

from __future__ import annotations

from pathlib import Path

from retrieval.errors import StoreUnavailable
from retrieval.stores import Store
from retrieval.stores.lance import LanceStore
from retrieval.stores.place import Weaviate


async def open_store(place: Path | Weaviate) -> Store:
    """Raises `StoreUnavailable` with one line."""
    if isinstance(place, Path):
        return await LanceStore.open(place)
    try:
        # Only here: importing the client takes longer than a whole start without it.
        from retrieval.stores.weaviate import WeaviateStore
    except ImportError as error:
        raise StoreUnavailable(
            f"FOOTNOTE_WEAVIATE_URL needs the package {error.name}; run pip install 'footnote[weaviate]'."
        ) from error
    return await WeaviateStore.open(place)
