"""The embedded store's indexes: what they find is what comparing with every row finds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.chunking import chunk
from retrieval.documents import PUBLIC, Audience, Document, Filter, Passage
from retrieval.stores import lance, lance_table
from retrieval.stores.lance import LanceStore

DIMENSIONS = 32
EVERY = Audience.public() | Audience.of("channel:a", "channel:b")


@pytest.fixture
async def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LanceStore]:
    """One for which 500 vectors are many."""
    monkeypatch.setattr(lance_table, "COMPARED", 500)
    opened = await LanceStore.open(tmp_path)
    await opened.bind("fixed", DIMENSIONS)
    yield opened
    await opened.close()


async def fill(store: LanceStore, start: int, end: int) -> None:
    documents = [document(number) for number in range(start, end)]
    await store.put([(one, chunk(one)) for one in documents])
    while waiting := await store.unembedded(1_000):
        await store.embed({passage: vector(passage).tolist() for passage in waiting})
    await store.optimize()


def document(number: int, words: str = "") -> Document:
    audience = (Audience.public(), Audience.of("channel:a"), Audience.of("channel:b"))[number % 3]
    return Document(
        f"d{number}", "s", f"/{number}", f"Title {number}", f"Word{number} {words}", audience, f"{number}{words}"
    )


def vector(passage: Passage) -> NDArray[np.float32]:
    """One of 20 directions, with much noise."""
    number = int(passage.document[1:])
    random = np.random.default_rng(number)
    middle = np.random.default_rng(10_000 + number % 20).standard_normal(DIMENSIONS)
    return np.asarray(middle + random.standard_normal(DIMENSIONS), dtype=np.float32)


async def exact(store: LanceStore, asked: NDArray[np.float32], audience: Audience, count: int) -> dict[str, float]:
    passages = [
        p for p in await store.passages([f"d{n}" for n in range(count)], EVERY) if audience.sees(p.audience.labels)
    ]
    table = np.stack([vector(passage) for passage in passages])
    scores = table @ asked / (np.linalg.norm(table, axis=1) * np.linalg.norm(asked))
    best = np.argsort(-scores)[:20]
    return {passages[n].id: float(scores[n]) for n in best}


async def indexes(store: LanceStore) -> list[str]:
    return sorted(one.name for one in await store._table.list_indices() if one.columns == ["vector"])


@pytest.mark.parametrize("audience", [EVERY, Audience.of("channel:b"), Audience.of(PUBLIC, "channel:a")])
async def test_of_many_vectors_the_nearest_are_found_and_scored_as_among_few(
    store: LanceStore, audience: Audience
) -> None:
    await fill(store, 0, 1_500)
    await store.put([(one, chunk(one)) for one in map(document, range(1_500, 1_600))])  # no vectors, and in no index
    found, wanted = 0, 0
    for number in range(0, 60, 3):
        (asked,) = [vector(passage) for passage in await store.passages([f"d{number}"], EVERY)]
        hits = {hit.passage.id: hit.score for hit in await store.nearest(asked.tolist(), audience, 20)}
        near = await exact(store, asked, audience, 1_500)
        assert all(score == pytest.approx(near[one], abs=1e-4) for one, score in hits.items() if one in near)
        found, wanted = found + len(hits.keys() & near.keys()), wanted + len(near)
    assert found / wanted >= 0.98


async def test_the_few_that_fit_a_filter_are_found_wherever_they_lie(store: LanceStore) -> None:
    await fill(store, 0, 1_500)
    wanted = {f"d{number}" for number in range(0, 1_500, 150)}
    for number in range(5):
        (asked,) = [vector(passage) for passage in await store.passages([f"d{number}"], EVERY)]
        hits = await store.nearest(asked.tolist(), EVERY, 20, Filter(documents=frozenset(wanted)))
        assert {hit.passage.document for hit in hits} == wanted


async def test_the_cells_are_made_once_there_are_many_and_anew_when_there_are_twice_as_many(store: LanceStore) -> None:
    await fill(store, 0, 400)
    assert await indexes(store) == []
    await fill(store, 400, 600)
    first = await indexes(store)
    await fill(store, 600, 1_000)
    assert await indexes(store) == first
    await fill(store, 1_000, 1_100)
    (second,) = await indexes(store)
    assert [second] != first


@pytest.mark.parametrize("remembered", [0, 20_000], ids=["many documents", "few"])
async def test_what_changes_is_found_as_it_is_now_before_it_is_indexed(
    store: LanceStore, remembered: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lance, "REMEMBERED", remembered)
    await fill(store, 0, 600)
    changed = document(7, "marmalade")
    await store.put([(changed, chunk(changed))])
    await store.remove(["d9"])
    assert [hit.passage.document for hit in await store.full_text("marmalade", EVERY, 5)] == ["d7"]
    assert await store.full_text("Word9", EVERY, 5) == []
    assert list((await store.named(["title 7", "title 9"], EVERY)).values()) == [["d7"]]
    assert (await store.counts()).documents == 599
    (waiting,) = await store.unembedded(10)
    await store.embed({waiting: vector(waiting).tolist()})
    assert (await store.nearest(vector(waiting).tolist(), EVERY, 1))[0].passage.document == "d7"


async def test_a_long_sync_is_indexed_on_its_way(store: LanceStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lance_table, "UNINDEXED", 100)
    for start in range(0, 400, 50):
        await store.put([(one, chunk(one)) for one in map(document, range(start, start + 50))])
    assert (await store._table.index_stats("searchable_idx")).num_unindexed_rows <= 250
