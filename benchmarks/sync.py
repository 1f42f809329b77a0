"""Sync, beside a plain loop of the same parsers and the same embedder that keeps nothing.

    make bench-sync

The files are real text: the documentation of the installed packages, cut into notes of one or two passages.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from rich.progress import Progress as Bars

from benchmarks.report import Row, publish
from retrieval.chunking import chunk
from retrieval.documents import Audience, Document, content_hash
from retrieval.embedders import Embedder
from retrieval.embedders.choose import open_embedder
from retrieval.parsing import parse
from retrieval.sources.folder import FolderSource
from retrieval.sources.packages import PackagesSource
from retrieval.stores.lance import LanceStore
from retrieval.sync import Progress, Syncer, embed_pending

BATCH = 32


async def notes() -> list[str]:
    """The installed documentation in pieces of some 1,200 characters."""
    source = PackagesSource()
    texts = [(await source.read(one)).text async for one in source.list()]
    return [piece for text in texts for piece in _pieces(text)]


def _pieces(text: str) -> Iterator[str]:
    piece = ""
    for paragraph in text.split("\n\n"):
        piece += paragraph + "\n\n"
        if len(piece) > 1_200:
            yield piece
            piece = ""


def write(folder: Path, texts: list[str]) -> Path:
    folder.mkdir()
    for number, text in enumerate(texts):
        (folder / f"note-{number:05}.md").write_text(f"# Note {number}\n\n{text}", encoding="utf-8")
    return folder


async def plain_loop(folder: Path, embedder: Embedder) -> tuple[int, float]:
    """Passages, and seconds to read, cut and embed them one file after another in batches."""
    started = time.perf_counter()
    waiting: list[str] = []
    passages = 0
    for path in sorted(folder.iterdir()):
        parsed = await parse(path.name, path.read_bytes())
        name = content_hash(path.read_bytes())
        document = Document(
            path.name, "loop", "", parsed.title, parsed.text, Audience.everyone(), name, parsed.headings
        )
        waiting += [passage.embeddable for passage in chunk(document)]
        while len(waiting) >= BATCH:
            await embedder.passages(waiting[:BATCH])
            passages += BATCH
            waiting = waiting[BATCH:]
    if waiting:
        await embedder.passages(waiting)
    return passages + len(waiting), time.perf_counter() - started


async def product(folder: Path, home: Path, embedder: Embedder) -> tuple[int, float]:
    """The same through `Syncer` and `embed_pending` into a store on disk."""
    started = time.perf_counter()
    store = await LanceStore.open(home)
    await store.bind(embedder.name, embedder.dimensions)
    await Syncer(store).sync(FolderSource(folder), _silent)
    with Bars() as bars:
        task = bars.add_task("Embedding", total=None)
        count = await embed_pending(
            store, embedder, lambda seen: bars.update(task, completed=seen.done, total=seen.total)
        )
    await store.close()
    return count, time.perf_counter() - started


async def twice(folder: Path, home: Path) -> tuple[float, float, int]:
    """Seconds of the first sync and of the second one, where nothing had changed; and the files."""
    store = await LanceStore.open(home)
    seconds = []
    for _ in range(2):
        started = time.perf_counter()
        summary = await Syncer(store).sync(FolderSource(folder), _silent)
        seconds.append(time.perf_counter() - started)
    await store.close()
    return seconds[0], seconds[1], summary.unchanged


def _silent(progress: Progress) -> None:
    """Nobody watches."""


async def run(embedder_name: str, embedded: int, files: int) -> tuple[list[Row], dict[str, object]]:
    texts = await notes()
    embedder = open_embedder(embedder_name)
    await embedder.passages(["warm"])
    with tempfile.TemporaryDirectory() as folder:
        few, many = write(Path(folder) / "few", texts[:embedded]), write(Path(folder) / "many", texts[:files])
        count, loop_seconds = await plain_loop(few, embedder)
        counted, seconds = await product(few, Path(folder) / "a", embedder)
        first, second, unchanged = await twice(many, Path(folder) / "b")
    if counted != count:
        raise SystemExit(f"the loop saw {count} passages and the product {counted}: they can't be compared")
    rows = [
        Row("plain loop", {"passages": count, "seconds": loop_seconds, "passages/s": count / loop_seconds}),
        Row("sync and embed", {"passages": count, "seconds": seconds, "passages/s": count / seconds}),
        Row(f"first sync of {files:,} files", {"seconds": first}),
        Row("the same again, nothing changed", {"seconds": second}),
    ]
    about = {"embedder": embedder.name, "product_over_loop": loop_seconds / seconds, "unchanged files": unchanged}
    return rows, about


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--embedder", default="auto")
    parser.add_argument("--embedded", type=int, default=300, help="files that are embedded too")
    parser.add_argument("--files", type=int, default=1_000)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/sync.json"))
    arguments = parser.parse_args()
    rows, about = asyncio.run(run(arguments.embedder, arguments.embedded, arguments.files))
    publish("Sync", rows, about, arguments.out)


if __name__ == "__main__":
    main()
