"""The store on Weaviate while its server is away, killed or full of refusals, and what a killed writer leaves there."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr

from bot.reembedding import Reembedding
from retrieval.chunking import chunk
from retrieval.documents import Audience
from retrieval.embedders.hashing import Hashing
from retrieval.errors import StoreUnavailable
from retrieval.search import Searcher
from retrieval.stores import weaviate_client, weaviate_versions
from retrieval.stores.place import Weaviate
from retrieval.stores.weaviate import WeaviateStore
from retrieval.sync import embed_pending
from tests.chaos.store_embedder import Coarse
from tests.chaos.store_writer import document
from tests.servers.weaviate import MISSING, WeaviateServer, buildable, weaviate

EVERYONE = Audience.everyone()
MANY = 60
PARTS = len(chunk(document("some", 1, 1)))


@pytest.fixture(scope="module")
def server() -> Iterator[WeaviateServer]:
    """A server of this module's own, which wants a key: the tests kill it."""
    if not buildable():
        pytest.skip(MISSING)
    with weaviate(key="letmein") as running:
        yield running


@pytest.fixture
def place(server: WeaviateServer) -> Weaviate:
    return Weaviate(server.url, SecretStr("letmein"), server.grpc_port, uuid4().hex)


@pytest.fixture
async def store(place: Weaviate) -> AsyncIterator[WeaviateStore]:
    opened = await WeaviateStore.open(place)
    await opened.bind(Hashing.name, Hashing.dimensions)
    yield opened
    await opened.close()


async def put(store: WeaviateStore, number: int, version: int = 1) -> None:
    whole = document("some", number, version)
    await store.put([(whole, chunk(whole))])


async def put_many(store: WeaviateStore) -> None:
    documents = [document("some", number, 1) for number in range(MANY)]
    await store.put([(whole, chunk(whole)) for whole in documents])


async def objects(store: WeaviateStore) -> int:
    """How many objects of passages there are, whosever they are."""
    said = await store._passages.aggregate.over_all(total_count=True)
    return int(said.total_count)


async def test_away_at_the_start_it_is_waited_for_a_while_and_then_said_in_a_line(
    place: Weaviate, server: WeaviateServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.kill()
    monkeypatch.setattr(weaviate_client, "STARTING", 1.0)
    with pytest.raises(StoreUnavailable, match="does not answer; check that it runs") as caught:
        await WeaviateStore.open(place)
    assert "\n" not in str(caught.value)
    monkeypatch.setattr(weaviate_client, "STARTING", 60.0)
    opening = asyncio.create_task(WeaviateStore.open(place))
    await asyncio.to_thread(server.start)
    await (await opening).close()


async def test_a_wrong_key_is_said_at_once_and_never_shown(place: Weaviate) -> None:
    begun = time.monotonic()
    with pytest.raises(StoreUnavailable, match="FOOTNOTE_WEAVIATE_KEY") as caught:
        await WeaviateStore.open(replace(place, key=SecretStr("a guess")))
    assert "a guess" not in str(caught.value)
    assert time.monotonic() - begun < 5


async def test_away_while_it_is_asked_it_says_so_and_is_back_by_itself(
    store: WeaviateStore, server: WeaviateServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(store, 1)
    server.kill()
    monkeypatch.setattr("retrieval.stores.weaviate.READING", 2.0)
    for asked in (
        store.full_text("version", EVERYONE, 5),
        store.nearest([1.0, *[0.0] * (Hashing.dimensions - 1)], EVERYONE, 5),
        store.document("some-1", EVERYONE),
        store.counts(),
    ):
        with pytest.raises(StoreUnavailable, match="does not answer") as caught:
            await asked
        assert "\n" not in str(caught.value)
    await asyncio.to_thread(server.start)
    await asyncio.sleep(1)
    assert len(await store.full_text("version", EVERYONE, 5)) == 5


async def test_the_server_is_killed_in_mid_write_and_the_next_write_ends_it(
    store: WeaviateStore, server: WeaviateServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(store, 1)
    monkeypatch.setattr("retrieval.stores.weaviate.WRITING", 3.0)

    async def write() -> None:
        for version in range(2, 1_000):
            await put(store, 1, version)

    writing = asyncio.create_task(write())
    await asyncio.sleep(0.7)
    server.kill()
    with pytest.raises(StoreUnavailable, match="could not be written"):
        await writing
    await asyncio.to_thread(server.start)
    await asyncio.sleep(1)
    kept = await store.passages(["some-1"], EVERYONE)
    assert len(kept) == PARTS
    assert len({one.text.split("version ")[1].split(".")[0] for one in kept}) == 1
    await put(store, 1, 1_000)
    assert {"in version 1000." in one.text for one in await store.passages(["some-1"], EVERYONE)} == {True}


async def test_what_a_killed_write_left_is_invisible_and_swept_when_it_is_old(
    store: WeaviateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(store, 1)

    async def die(*_: Any) -> None:
        raise SystemExit

    for after in ("_drop", "write"):
        with monkeypatch.context() as dying:
            if after == "_drop":
                dying.setattr(store._versions, "_drop", die)
            else:
                real, calls = weaviate_versions.write, iter(range(10))

                async def write(*given: Any, real: Any = real, calls: Any = calls) -> None:
                    if next(calls) == 2:  # the note, the passages, and then the document
                        raise SystemExit
                    await real(*given)

                dying.setattr(weaviate_versions, "write", write)
            with pytest.raises(SystemExit):
                await put(store, 1, 2)
        assert await objects(store) > PARTS
        assert len(await store.unembedded(100)) == PARTS
        assert len(await store.full_text("version", EVERYONE, 100)) == PARTS
        assert (await store.counts()).passages == PARTS
        await store.optimize()
        assert await objects(store) > PARTS
        with monkeypatch.context() as later:
            later.setattr(weaviate_versions, "GIVEN_UP", -1.0)
            await store.optimize()
        assert await objects(store) == PARTS
        assert len(await store.passages(["some-1"], EVERYONE)) == PARTS


async def test_a_batch_refused_in_part_is_said_and_changes_nothing(store: WeaviateStore) -> None:
    await put(store, 1)
    whole = document("some", 1, 2)
    passages = [replace(one, start="no number") if number == 3 else one for number, one in enumerate(chunk(whole))]  # type: ignore[arg-type]
    with pytest.raises(StoreUnavailable, match="Weaviate refused 1 objects") as caught:
        await store.put([(whole, passages)])
    assert "Words" not in str(caught.value)
    assert {"in version 1." in one.text for one in await store.passages(["some-1"], EVERYONE)} == {True}


async def test_vectors_of_another_size_are_refused(store: WeaviateStore) -> None:
    await put(store, 1)
    waiting = await store.unembedded(5)
    with pytest.raises(StoreUnavailable, match=f"A vector of 3 numbers .* {Hashing.name}"):
        await store.embed({waiting[0]: [1.0, 0.0, 0.0]})
    with pytest.raises(StoreUnavailable, match="A vector of 3 numbers"):
        await store.nearest([1.0, 0.0, 0.0], EVERYONE, 5)
    assert (await store.counts()).embedded == 0


@pytest.mark.parametrize("name", ["x" * 10_240, "a/b?c=d&e#f", "'; drop --", "  spaces  ", "名前 🗂", "a\nb\t\x7f"])
async def test_a_document_of_any_name(store: WeaviateStore, name: str) -> None:
    whole = replace(document("some", 1, 1), id=name, title=name, source=name)
    await store.put([(whole, chunk(whole))])
    assert await store.document(name, EVERYONE) == whole
    assert await store.hashes(name) == {name: whole.content_hash}
    waiting = await store.unembedded(50)
    assert [one.document for one in waiting] == [name] * PARTS
    vectors = await Hashing().passages([one.embeddable for one in waiting])
    await store.embed(dict(zip(waiting, vectors.tolist(), strict=True)))
    assert len(await store.vectors([one.id for one in waiting])) == PARTS
    await store.remove([name])
    assert await objects(store) == 0


async def kill_while_it_embeds(place: Weaviate, embedder: str) -> None:
    """Some windows of vectors are written by then, and more are on their way."""
    at = f"http://letmein@{place.url.removeprefix('http://')}/{place.tenant}#{place.grpc_port}"
    arguments = (sys.executable, "-m", "tests.chaos.store_embedder", at, embedder)
    process = await asyncio.create_subprocess_exec(*arguments, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    for _ in range(9):
        await process.stdout.readline()
    process.kill()
    await process.wait()


async def test_killed_while_embedding_the_next_one_ends_it(store: WeaviateStore, place: Weaviate) -> None:
    await put_many(store)
    await kill_while_it_embeds(place, Hashing.name)
    counts = await store.counts()
    assert 0 < counts.embedded < counts.passages == MANY * PARTS
    assert await embed_pending(store, Hashing(), lambda progress: None) == MANY * PARTS - counts.embedded
    assert (await store.counts()).embedded == await objects(store) == MANY * PARTS


async def test_another_embedder_answers_once_all_has_its_vectors_and_the_former_one_until_then(
    store: WeaviateStore, place: Weaviate
) -> None:
    await put_many(store)
    await embed_pending(store, Hashing(), lambda progress: None)
    await kill_while_it_embeds(place, Coarse.name)
    new = await WeaviateStore.open(place)
    await new.bind(Coarse.name, Coarse.dimensions)
    assert 0 < (await new.counts()).embedded < MANY * PARTS
    searcher = Reembedding(Searcher(store, Hashing()), Searcher(new, Coarse()), new, Coarse.name)
    answered: list[str] = []
    known: list[set[bool]] = []

    async def ask() -> None:
        answering = await new.answering()
        hits = (await searcher.search("Part 3 of some 7 in version 1", EVERYONE)).hits
        assert len(hits) == 10
        assert any("meaning" in hit.via for hit in hits), "vectors answer at any moment"
        answered.append(answering)
        known.append({hit.similarity is not None for hit in hits})

    embedding = asyncio.create_task(embed_pending(new, Coarse(), lambda progress: None))
    while not embedding.done():
        await ask()
    await embedding
    await ask()
    assert answered[0] == Hashing.name
    assert answered[-1] == Coarse.name
    assert (known[0], known[-1]) == ({False}, {True}), (
        "only the new one's similarities mean something to who judges them"
    )
    some = [one.id for one in await new.passages(["some-7"], EVERYONE)]
    assert len(await store.vectors(some)) == PARTS
    await new.optimize()
    assert await store.vectors(some) == {}
    await ask()
    assert (await new.counts()).embedded == await objects(new) == MANY * PARTS
    await new.close()
