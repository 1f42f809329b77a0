"""What the tests of sources stand on: a host, a fetcher that may ask it, an empty store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from retrieval.embedders.hashing import Hashing
from retrieval.sources.copies import Copies
from retrieval.sources.fetcher import Fetcher
from retrieval.stores import Store
from retrieval.stores.memory import InMemoryStore
from tests.servers.web_sources import WebSources, web_sources


@pytest.fixture
def host() -> Iterator[WebSources]:
    with web_sources() as made:
        yield made


@pytest.fixture
def fetcher(tmp_path: Path) -> Fetcher:
    return Fetcher(Copies(tmp_path / "copies.sqlite"), ["127.0.0.1"], pause=0.0)


@pytest.fixture
async def store() -> Store:
    made = InMemoryStore()
    await made.bind(Hashing.name, Hashing.dimensions)
    return made
