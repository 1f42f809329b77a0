"""A folder of a few notes, as a new user has one: is what stands there found and quoted, and is the rest refused?

    make bench-small

Notes and questions are ours; questions are in the words of people, not of the notes. Nothing is fitted on them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.report import Row, publish
from benchmarks.team import measure
from retrieval.embedders import Embedder
from retrieval.embedders.choose import open_embedder
from retrieval.search import Searcher
from retrieval.sources.folder import FolderSource
from retrieval.stores.lance import LanceStore
from retrieval.sync import Syncer, embed_pending

FOLDERS = Path(__file__).with_name("small_folders.json")


async def asked(folder: dict[str, Any], embedder: Embedder) -> dict[str, float]:
    """What `benchmarks.team.measure` counts, for one folder."""
    with tempfile.TemporaryDirectory() as home:
        notes = Path(home) / "notes"
        notes.mkdir()
        for name, text in folder["notes"].items():
            (notes / name).write_text(text, encoding="utf-8")
        store = await LanceStore.open(Path(home) / "knowledge")
        await store.bind(embedder.name, embedder.dimensions)
        await Syncer(store).sync(FolderSource(notes), lambda progress: None)
        await embed_pending(store, embedder, lambda progress: None)
        counts = await measure(Searcher(store, embedder), embedder, folder["questions"])
        await store.close()
    return counts


async def run() -> list[Row]:
    embedder = open_embedder("auto")
    folders = json.loads(FOLDERS.read_text(encoding="utf-8"))
    return [Row(folder["name"], await asked(folder, embedder)) for folder in folders]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/small_folders.json"))
    arguments = parser.parse_args()
    publish("Folders of a few notes", asyncio.run(run()), {"embedder": open_embedder("auto").name}, arguments.out)


if __name__ == "__main__":
    main()
