"""What every test shares: strict checkpoints, a home of its own, no setting of the machine's or of a test before."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.servers.weaviate import MISSING, WeaviateServer, buildable, weaviate

os.environ["LANGGRAPH_STRICT_MSGPACK"] = "true"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A FOOTNOTE_HOME of this test alone, with the embedder that needs no model."""
    for name in [name for name in os.environ if name.startswith("FOOTNOTE_")]:
        if name not in {"FOOTNOTE_KILLS", "FOOTNOTE_PICTURES", "FOOTNOTE_TEST_GGUF", "FOOTNOTE_TEST_POSTGRES"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("FOOTNOTE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FOOTNOTE_EMBEDDER", "hashing")
    structlog.reset_defaults()  # what an assistant that ran here before has set
    return tmp_path / "home"


@pytest.fixture(scope="session")
def weaviate_server() -> Iterator[WeaviateServer]:
    """One server for all; each test has a tenant of its own there."""
    if not buildable():
        pytest.skip(MISSING)
    with weaviate() as server:
        yield server
