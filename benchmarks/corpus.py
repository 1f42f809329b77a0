"""A JSONL corpus as a `Source`, indexed through the product's own sync into a real store."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import Progress

from retrieval.documents import Audience, Document, content_hash
from retrieval.embedders import Embedder
from retrieval.sources import Listed
from retrieval.stores import Store
from retrieval.sync import Progress as SyncProgress
from retrieval.sync import Syncer, embed_pending


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


class JsonlSource:
    """Each row (id, title, text) is a document."""

    name = "benchmark"
    keeps = False

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self._rows = {str(row["id"]): row for row in rows}

    async def list(self) -> AsyncIterator[Listed]:
        for name, row in self._rows.items():
            yield Listed(name, content_hash(f"{row['title']}\n{row['text']}".encode()))

    async def read(self, listed: Listed) -> Document:
        row = self._rows[listed.id]
        return Document(listed.id, self.name, "", row["title"], row["text"], Audience.everyone(), listed.content_hash)


@dataclass(frozen=True, slots=True)
class Indexed:
    """How long it took, and how many passages."""

    passages: int
    embed_seconds: float


async def index(store: Store, embedder: Embedder, rows: list[dict[str, Any]], cache: Path | None) -> Indexed:
    """Put the rows into the store and embed them, with a bar. ``cache`` keeps vectors by text between runs."""
    await store.bind(embedder.name, embedder.dimensions)
    await Syncer(store).sync(JsonlSource(rows), lambda progress: None)
    if cache and cache.exists():
        kept = dict(np.load(cache, allow_pickle=False))
        known = {
            passage: kept[key].tolist()
            for passage in await store.unembedded(1_000_000)
            if (key := content_hash(f"{embedder.name}\n{passage.embeddable}".encode())) in kept
        }
        await store.embed(known)
    started = time.monotonic()
    with Progress() as bars:
        task = bars.add_task("Embedding", total=None)

        def report(progress: SyncProgress) -> None:
            bars.update(task, completed=progress.done, total=progress.total)

        embedded = await embed_pending(store, embedder, report)
    seconds = time.monotonic() - started
    await store.optimize()
    if cache and embedded:
        await _keep(store, embedder, rows, cache)
    return Indexed(embedded, seconds)


async def _keep(store: Store, embedder: Embedder, rows: list[dict[str, Any]], cache: Path) -> None:
    passages = await store.passages([str(row["id"]) for row in rows], Audience.everyone())
    vectors = await store.vectors([passage.id for passage in passages])
    kept = dict(np.load(cache, allow_pickle=False)) if cache.exists() else {}
    for passage in passages:
        key = content_hash(f"{embedder.name}\n{passage.embeddable}".encode())
        kept[key] = np.array(vectors[passage.id], dtype=np.float32)
    np.savez(cache, **kept)
