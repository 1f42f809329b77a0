"""Embedders over the network: what is asked, what is waited for, what is refused, and what is paid for once."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import structlog
from pydantic import SecretStr

from retrieval.chunking import chunk
from retrieval.documents import Audience, Document
from retrieval.embedders import Embedder
from retrieval.embedders.cache import VectorCache
from retrieval.embedders.choose import connect_embedder
from retrieval.errors import EmbedderAway
from retrieval.stores import Counts
from retrieval.stores.memory import InMemoryStore
from retrieval.sync import embed_pending
from tests.servers.cohere import Fewer, ScriptedCohere, Shape, Size, Step
from tests.servers.providers import KEY, Fail, Garbage
from tests.servers.running import running


@contextmanager
def serving(*script: Step | None) -> Iterator[tuple[ScriptedCohere, str]]:
    cohere = ScriptedCohere(list(script))
    with running(cohere.app) as url:
        yield cohere, url


async def connect(url: str, cache: Path, name: str = "cohere:embed-v4.0", key: str = KEY) -> Embedder:
    return await connect_embedder(name, cache / "vectors.sqlite", key=SecretStr(key), url=url)


async def filled(embedder: Embedder) -> Counts:
    """What a store holds after the passages of one document were to get their vectors."""
    store = InMemoryStore()
    await store.bind(embedder.name, embedder.dimensions)
    document = Document("a", "s", "", "A", "The garden opens at nine.", Audience.everyone(), "1")
    await store.put([(document, chunk(document))])
    await embed_pending(store, embedder, lambda progress: None)
    return await store.counts()


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits of a second and more, which nobody sits through."""
    asked: list[float] = []
    sleep = asyncio.sleep

    async def recorded(seconds: float) -> None:
        if seconds >= 1:
            asked.append(seconds)
        await sleep(min(seconds, 0.1))

    monkeypatch.setattr("retrieval.cohere_client.asyncio.sleep", recorded)
    return asked


async def test_texts_go_in_batches_as_documents_and_a_question_as_a_query(tmp_path: Path) -> None:
    with serving() as (cohere, url):
        embedder = await connect(url, tmp_path)
        assert (await embedder.passages([f"text {n}" for n in range(200)])).shape == (200, 1024)
        await embedder.query("which text?")
    assert [len(one["texts"]) for one in cohere.requests] == [32] * 6 + [8, 1]
    assert [one["input_type"] for one in cohere.requests] == ["search_document"] * 7 + ["search_query"]


@pytest.mark.parametrize(
    ("name", "bound", "sent"),
    [
        ("cohere:embed-v4.0", "cohere:embed-v4.0@1024", 1024),
        ("cohere:embed-v4.0@256", "cohere:embed-v4.0@256", 256),
        ("cohere:embed-english-light-v3.0@384", "cohere:embed-english-light-v3.0@384", None),
    ],
)
async def test_the_name_says_the_dimensions_and_only_models_with_a_choice_are_asked_for_them(
    name: str, bound: str, sent: int | None, tmp_path: Path
) -> None:
    with serving() as (cohere, url):
        embedder = await connect(url, tmp_path, name)
        assert (await embedder.query("x")).shape == (embedder.dimensions,)
    assert embedder.name == bound
    assert cohere.requests[0].get("output_dimension") == sent


async def test_a_question_waits_a_moment_and_not_half_a_minute(tmp_path: Path, waits: list[float]) -> None:
    with serving(Fail(429, {"Retry-After": "2"}), Fail(500), None, Fail(429, {"Retry-After": "31"})) as (_, url):
        embedder = await connect(url, tmp_path)
        with pytest.raises(EmbedderAway, match="answered 500"):
            await embedder.query("a question")
        assert (await embedder.query("a question")).shape == (1024,)
        with pytest.raises(EmbedderAway, match=r"cohere:embed-v4.0@1024 answered 429 \(not now\)"):
            await embedder.query("another question")
    assert waits == [2]


async def test_filling_in_waits_as_long_as_it_is_told(tmp_path: Path, waits: list[float]) -> None:
    with serving(Fail(429, {"Retry-After": "31"}), Fail(500), Fail(503)) as (cohere, url):
        assert await filled(await connect(url, tmp_path)) == Counts(1, 1, 1)
    assert waits == [31, 1, 4]
    assert len(cohere.requests) == 4


@pytest.mark.parametrize("status", [429, 500, 502])
async def test_filling_in_gives_up(status: int, tmp_path: Path, waits: list[float]) -> None:
    with serving(*[Fail(status)] * 40) as (cohere, url):
        embedder = await connect(url, tmp_path)
        with pytest.raises(EmbedderAway, match=f"answered {status}"):
            await filled(embedder)
    assert len(cohere.requests) == 2 * 6
    assert sum(waits) == pytest.approx(2 + 4 + 8 + 16 + 32 + 6)


async def test_a_wrong_key_is_said_at_once_and_not_shown(tmp_path: Path, waits: list[float]) -> None:
    with serving() as (_, url):
        embedder = await connect(url, tmp_path, key="wrong-secret")
        with pytest.raises(EmbedderAway, match=r"answered 401 \(invalid api token\)") as away:
            await filled(embedder)
    assert "wrong-secret" not in str(away.value)
    assert waits == []


async def test_nobody_there_is_a_line(tmp_path: Path, waits: list[float]) -> None:
    with serving() as (_, url):
        pass
    embedder = await connect(url, tmp_path)
    with pytest.raises(EmbedderAway, match=r"could not be reached \(ConnectError\)"):
        await embedder.query("a question")
    assert len(waits) == 1


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (Garbage(), "could not be understood"),
        (Shape([]), "could not be understood"),
        (Shape({"id": "x", "embeddings": {}}), "could not be understood"),
        (Shape({"id": "x", "embeddings": {"float": [[1.0], [1.0, 2.0]]}}), "vectors of different sizes"),
        (Shape({"id": "x", "embeddings": {"float": [["one"], ["two"]]}}), "vectors of different sizes, or none"),
        (Shape({"id": "x", "embeddings": {"float": []}}), "vectors of the shape (0,), not (2, 1024)"),
        (Shape({"id": "x", "embeddings": {"float": [[0.0] * 1024] * 2}}), "vectors without a direction"),
        (Size(1536), "vectors of the shape (2, 1536), not (2, 1024)"),
        (Fewer(1), "vectors of the shape (1, 1024), not (2, 1024)"),
    ],
)
async def test_what_is_no_vector_is_refused_and_not_kept(step: Step, words: str, tmp_path: Path) -> None:
    with serving(step) as (cohere, url):
        embedder = await connect(url, tmp_path)
        with pytest.raises(EmbedderAway, match=re.escape(words)) as away:
            await embedder.passages(["first text", "second text"])
        assert "\n" not in str(away.value)
        assert (await embedder.passages(["first text", "second text"])).shape == (2, 1024)
    assert len(cohere.requests) == 2


async def test_what_was_paid_for_is_not_paid_for_again(tmp_path: Path) -> None:
    with serving() as (cohere, url):
        first = await connect(url, tmp_path)
        vectors = await first.passages(["one text", "another", "one text"])
        asked = await first.query("one text")
        again = await connect(url, tmp_path)
        assert np.array_equal((await again.passages(["another", "a third", "one text"]))[2], vectors[0])
        assert np.array_equal(await again.passages(["one text", "another", "one text"]), vectors)
        assert np.array_equal(await again.query("one text"), asked)
    sent = [one["texts"] for one in cohere.requests]
    assert sent == [["one text", "another"], ["one text"], ["a third"]]


async def test_vectors_of_another_size_of_the_model_are_asked_for_anew(tmp_path: Path) -> None:
    with serving() as (cohere, url):
        for name in ("cohere:embed-v4.0@256", "cohere:embed-v4.0@512"):
            embedder = await connect(url, tmp_path, name)
            assert (await embedder.query("one")).shape == (embedder.dimensions,)
    assert len(cohere.requests) == 2


async def test_batches_that_came_before_a_failure_are_kept(tmp_path: Path) -> None:
    texts = [f"text {n}" for n in range(36)]
    with serving() as (cohere, url):
        embedder = await connect(url, tmp_path)
        await embedder.passages(texts[:32])
        cohere.script = [Fail(400)]
        with pytest.raises(EmbedderAway):
            await embedder.passages(texts)
        await embedder.passages(texts)
    assert [len(one["texts"]) for one in cohere.requests] == [32, 4, 4]


async def test_the_oldest_vectors_make_room(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path / "vectors.sqlite", most=3)
    for n in range(5):
        await cache.put({bytes([n]): np.full(4, n, np.float32)})
    assert set(await cache.get([bytes([n]) for n in range(5)])) == {b"\2", b"\3", b"\4"}


async def test_a_damaged_cache_costs_a_call_and_not_the_answer(tmp_path: Path) -> None:
    (tmp_path / "vectors.sqlite").write_bytes(b"no database " * 1000)
    with serving() as (_, url), structlog.testing.capture_logs() as logs:
        embedder = await connect(url, tmp_path)
        assert (await embedder.query("a question")).shape == (1024,)
    assert {one["event"] for one in logs if one["log_level"] == "warning"} == {"vectors can't be kept"}


async def test_what_was_billed_is_logged_without_the_words(tmp_path: Path) -> None:
    with serving() as (_, url), structlog.testing.capture_logs() as logs:
        embedder = await connect(url, tmp_path)
        await embedder.passages(["one two three", "four"])
        await embedder.query("five six")
    billed = [(one["texts"], one["tokens"]) for one in logs if one["event"] == "embedded"]
    assert billed == [(2, 4), (1, 2)]
    assert "three" not in str(logs)
