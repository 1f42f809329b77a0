"""The stores, killed in the middle of writing, and written by two processes at once; and the embedded one's own perils."""

from __future__ import annotations

import asyncio
import random
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import lancedb
import pytest
from filelock import AsyncFileLock

from retrieval.chunking import chunk
from retrieval.documents import Audience, Filter
from retrieval.embedders.hashing import Hashing
from retrieval.errors import EmbedderMismatch, StoreUnavailable
from retrieval.stores import Store
from retrieval.stores.lance import LanceStore
from retrieval.stores.lance_table import TABLE
from retrieval.sync import embed_pending
from tests.chaos.store_writer import document, open_place

EVERYONE = Audience.everyone()


@pytest.fixture(params=["lance", "weaviate"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty store, for several processes."""
    if request.param == "lance":
        return str(tmp_path / "knowledge")
    server = request.getfixturevalue("weaviate_server")
    return f"{server.url}/{uuid4().hex}#{server.grpc_port}"


async def writer(place: str, name: str, count: int) -> asyncio.subprocess.Process:
    arguments = (sys.executable, "-m", "tests.chaos.store_writer", place, name, str(count))
    return await asyncio.create_subprocess_exec(*arguments, stdout=asyncio.subprocess.PIPE)


async def whole_documents(store: Store, name: str) -> dict[int, int]:
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


async def test_killed_in_mid_write_every_document_is_whole_or_not_there(place: str) -> None:
    chance = random.Random(5)
    acknowledged: dict[int, int] = {}
    for _ in range(5):
        process = await writer(place, "killed", 60)
        assert process.stdout is not None
        for _ in range(chance.randrange(1, 25)):
            number, version = map(int, (await process.stdout.readline()).split())
            acknowledged[number] = version
        await asyncio.sleep(chance.random() / 20)
        process.kill()
        await process.wait()
        store = await open_place(place)
        await store.bind(Hashing.name, Hashing.dimensions)
        kept = await whole_documents(store, "killed")
        assert acknowledged.keys() <= kept.keys()
        assert len(await store.full_text("version words part", EVERYONE, 5)) == 5
        await embed_pending(store, Hashing(), lambda progress: None)
        counts = await store.counts()
        assert counts.embedded == counts.passages > 0
        await store.close()


async def test_two_processes_write_at_once_and_a_third_reads(place: str) -> None:
    store = await open_place(place)
    await store.bind(Hashing.name, Hashing.dimensions)
    writers = [await writer(place, name, 10) for name in ("left", "right")]
    waiting = asyncio.gather(*(process.communicate() for process in writers))
    while not waiting.done():
        await store.full_text("version", EVERYONE, 5)
        await asyncio.sleep(0.05)
    assert [process.returncode for process in writers] == [0, 0]
    for name in ("left", "right"):
        assert await whole_documents(store, name) == dict.fromkeys(range(10), 2)
    await store.close()


async def nothing_made(folder: Path, table: Any) -> None:
    for each in sorted((folder / f"{TABLE}.lance").rglob("*"), reverse=True):
        each.unlink() if each.is_file() else each.rmdir()


async def vectors_dropped(folder: Path, table: Any) -> None:
    await table.drop_columns(["vector"])
    (folder / "embedder.json").unlink()


async def vectors_made_and_not_noted(folder: Path, table: Any) -> None:
    (folder / "embedder.json").unlink()


async def note_half_written(folder: Path, table: Any) -> None:
    (folder / "embedder.json").write_text("")


async def other_vectors_dropped(folder: Path, table: Any) -> None:
    """From an embedder with no vectors yet to another one."""
    await table.drop_columns(["vector"])
    (folder / "embedder.json").write_text('{"name": "another", "dimensions": 8}')


@pytest.mark.parametrize(
    "killed", [nothing_made, vectors_dropped, vectors_made_and_not_noted, note_half_written, other_vectors_dropped]
)
async def test_killed_while_it_is_first_bound_it_opens_and_is_used_as_ever(tmp_path: Path, killed: Any) -> None:
    store = await LanceStore.open(tmp_path)
    await store.bind(Hashing.name, Hashing.dimensions)
    await store.close()
    await killed(tmp_path, await (await lancedb.connect_async(str(tmp_path))).open_table(TABLE))
    (tmp_path / "embedder.json.new").write_text("{")
    for _ in range(2):
        store = await LanceStore.open(tmp_path)
        assert await store.unembedded(1) == []
        await store.bind(Hashing.name, Hashing.dimensions)
        whole = document("after", 1, 1)
        await store.put([(whole, chunk(whole))])
        await embed_pending(store, Hashing(), lambda progress: None)
        counts = await store.counts()
        assert counts.embedded == counts.passages > 0
        assert await whole_documents(store, "after") == {1: 1}
        await store.remove([whole.id])
        await store.close()


async def test_a_process_bound_to_one_embedder_writes_no_vectors_beside_those_of_another(tmp_path: Path) -> None:
    first, second = await LanceStore.open(tmp_path), await LanceStore.open(tmp_path)
    await first.bind(Hashing.name, Hashing.dimensions)
    whole = document("either", 1, 1)
    await first.put([(whole, chunk(whole))])
    await second.bind("another", Hashing.dimensions)
    with pytest.raises(EmbedderMismatch, match="FOOTNOTE_EMBEDDER"):
        await embed_pending(first, Hashing(), lambda progress: None)
    assert (await second.counts()).embedded == 0


async def test_a_question_does_not_wait_for_what_another_process_writes(tmp_path: Path) -> None:
    whole = document("known", 1, 1)
    async with AsyncFileLock(tmp_path / "write.lock"):  # held by one that writes
        opening = asyncio.create_task(LanceStore.open(tmp_path))
        assert not (await asyncio.wait({opening}, timeout=1))[0], "made while another one was writing"
    store = await opening
    await store.bind(Hashing.name, Hashing.dimensions)
    await store.put([(whole, chunk(whole))])
    await store.close()
    async with AsyncFileLock(tmp_path / "write.lock"), asyncio.timeout(20):
        store = await LanceStore.open(tmp_path)
        await store.bind(Hashing.name, Hashing.dimensions)
        assert await store.full_text("version words", EVERYONE, 5)
        await store.close()


async def test_vectors_that_nobody_knows_the_embedder_of_are_made_again(tmp_path: Path) -> None:
    store = await LanceStore.open(tmp_path)
    await store.bind(Hashing.name, Hashing.dimensions)
    whole = document("whose", 1, 1)
    await store.put([(whole, chunk(whole))])
    await embed_pending(store, Hashing(), lambda progress: None)
    (tmp_path / "embedder.json").unlink()
    store = await LanceStore.open(tmp_path)
    await store.bind("another", Hashing.dimensions)
    assert (await store.counts()).embedded == 0


async def test_a_damaged_knowledge_says_so_in_a_line(tmp_path: Path) -> None:
    await (await LanceStore.open(tmp_path)).close()
    for manifest in (tmp_path / f"{TABLE}.lance" / "_versions").iterdir():
        manifest.write_bytes(b"damaged")
    with pytest.raises(StoreUnavailable, match="could not be opened") as caught:
        await LanceStore.open(tmp_path)
    assert "\n" not in str(caught.value)


async def test_a_knowledge_of_an_earlier_version_is_opened_and_filled_anew(tmp_path: Path) -> None:
    whole = document("earlier", 1, 1)
    store = await LanceStore.open(tmp_path)
    await store.bind(Hashing.name, Hashing.dimensions)
    await store.put([(whole, chunk(whole))])
    await embed_pending(store, Hashing(), lambda progress: None)
    await store.close()
    table = await (await lancedb.connect_async(str(tmp_path))).open_table(TABLE)
    await table.drop_columns(["modified", "authors", "channel"])
    store = await LanceStore.open(tmp_path)
    await store.bind(Hashing.name, Hashing.dimensions)
    assert await store.document(whole.id, EVERYONE) == whole
    dated = replace(whole, modified=100.0, authors=("Mei",))
    await store.put([(dated, chunk(dated))])
    assert await store.unembedded(1) == []
    assert await store.full_text("words", EVERYONE, 1, Filter(since=50.0, authors=frozenset({"mei"})))
    await store.close()
