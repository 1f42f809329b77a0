"""The embedded store, killed in the middle of writing, and written by two processes at once."""

from __future__ import annotations

import asyncio
import random
import sys
from pathlib import Path

from retrieval.chunking import chunk
from retrieval.documents import Audience
from retrieval.embedders.hashing import Hashing
from retrieval.stores.lance import LanceStore
from retrieval.sync import embed_pending
from tests.chaos.store_writer import document

EVERYONE = Audience.everyone()


async def writer(folder: Path, name: str, count: int) -> asyncio.subprocess.Process:
    arguments = (sys.executable, "-m", "tests.chaos.store_writer", str(folder), name, str(count))
    return await asyncio.create_subprocess_exec(*arguments, stdout=asyncio.subprocess.PIPE)


async def whole_documents(store: LanceStore, name: str) -> dict[int, int]:
    """The version of each document, after a look at every passage of it."""
    found: dict[int, int] = {}
    for known in await store.documents(EVERYONE):
        if known.source != name:
            continue
        number = int(known.id.rpartition("-")[2])
        expected = {version: document(name, number, version) for version in (1, 2)}
        version = next(one for one, whole in expected.items() if whole.content_hash == known.content_hash)
        kept = await store.passages([known.id], EVERYONE)
        assert [passage.text for passage in kept] == [passage.text for passage in chunk(expected[version])]
        found[number] = version
    return found


async def test_killed_in_mid_write_every_document_is_whole_or_not_there(tmp_path: Path) -> None:
    chance = random.Random(5)
    acknowledged: dict[int, int] = {}
    for _ in range(5):
        process = await writer(tmp_path / "knowledge", "killed", 60)
        assert process.stdout is not None
        for _ in range(chance.randrange(1, 25)):
            number, version = map(int, (await process.stdout.readline()).split())
            acknowledged[number] = version
        await asyncio.sleep(chance.random() / 20)
        process.kill()
        await process.wait()
        store = await LanceStore.open(tmp_path / "knowledge")
        kept = await whole_documents(store, "killed")
        assert acknowledged.keys() <= kept.keys()
        assert len(await store.full_text("version words part", EVERYONE, 5)) == 5
        await embed_pending(store, Hashing(), lambda progress: None)
        counts = await store.counts()
        assert counts.embedded == counts.passages > 0
        await store.close()


async def test_two_processes_write_at_once_and_a_third_reads(tmp_path: Path) -> None:
    store = await LanceStore.open(tmp_path / "knowledge")
    await store.bind(Hashing.name, Hashing.dimensions)
    writers = [await writer(tmp_path / "knowledge", name, 10) for name in ("left", "right")]
    waiting = asyncio.gather(*(process.communicate() for process in writers))
    while not waiting.done():
        await store.full_text("version", EVERYONE, 5)
        await asyncio.sleep(0.05)
    assert [process.returncode for process in writers] == [0, 0]
    for name in ("left", "right"):
        assert await whole_documents(store, name) == dict.fromkeys(range(10), 2)
    await store.close()
