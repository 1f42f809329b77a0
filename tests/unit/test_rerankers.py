"""Reranking over the network: what is asked, what is refused, how long it takes, and what is paid for once."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
import structlog
from pydantic import SecretStr

from retrieval import cohere_client
from retrieval.errors import RerankerAway
from retrieval.rerankers.cohere import CohereReranker
from retrieval.rerankers.remembering import Remembering
from tests.servers.cohere import Fewer, ScriptedCohere, Shape, Step
from tests.servers.providers import KEY, Fail, Garbage
from tests.servers.running import running

QUESTION = "when does the garden open"


@contextmanager
def serving(*script: Step) -> Iterator[tuple[ScriptedCohere, CohereReranker]]:
    cohere = ScriptedCohere(list(script))
    with running(cohere.app) as url:
        yield cohere, CohereReranker("rerank-v4.0-fast", SecretStr(KEY), url)


def results(*pairs: tuple[int, float]) -> Shape:
    return Shape({"id": "r", "results": [{"index": index, "relevance_score": score} for index, score in pairs]})


async def test_texts_go_in_search_units_and_blank_ones_stay_here() -> None:
    with serving() as (cohere, reranker), structlog.testing.capture_logs() as logs:
        await reranker.rerank(QUESTION, [f"note {n}" for n in range(150)] + [" "])
    assert [len(one["documents"]) for one in cohere.requests] == [100, 50]
    assert {one["model"] for one in cohere.requests} == {"rerank-v4.0-fast"}
    assert [one["units"] for one in logs if one["event"] == "reranked"] == [1, 1]
    assert "garden" not in str(logs)


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (Garbage(), "could not be understood"),
        (Shape([]), "could not be understood"),
        (Shape({"id": "r", "results": [{"index": 0}, {"index": 1}]}), "could not be understood"),
        (Fewer(1), "gave 1 scores for 2 texts"),
        (results((0, 0.5), (0, 0.4)), "gave 2 scores for 2 texts, or not one for each"),
        (results((0, 0.5), (7, 0.4)), "gave 2 scores for 2 texts, or not one for each"),
        (results((0, 1.5), (1, 0.4)), "not between 0 and 1"),
    ],
)
async def test_what_is_no_ranking_is_refused(step: Step, words: str) -> None:
    with serving(step) as (_, reranker), pytest.raises(RerankerAway, match=re.escape(words)) as away:
        await reranker.rerank(QUESTION, ["one", "two"])
    assert "\n" not in str(away.value)


async def test_a_short_limit_is_waited_for() -> None:
    with serving(Fail(429, {"Retry-After": "1"})) as (cohere, reranker):
        assert await reranker.rerank(QUESTION, ["the garden"]) == [pytest.approx(0.4)]
    assert len(cohere.requests) == 2


async def test_a_long_limit_is_not_waited_for() -> None:
    with serving(Fail(429, {"Retry-After": "30"})) as (cohere, reranker), pytest.raises(RerankerAway, match="429"):
        await reranker.rerank(QUESTION, ["the garden"])
    assert len(cohere.requests) == 1


async def test_one_that_does_not_answer_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cohere_client, "SECONDS", 0.2)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    reranker = CohereReranker("rerank-v4.0-fast", SecretStr(KEY), f"http://127.0.0.1:{port}")
    with pytest.raises(RerankerAway, match=r"could not be reached \(TimeoutError\)"):
        await reranker.rerank(QUESTION, ["the garden"])
    await reranker.close()
    server.close()


class Counting:
    """A `Reranker` that tells what it was asked."""

    name = "counting"

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    async def rerank(self, question: str, texts: Sequence[str]) -> list[float]:
        self.asked.append(list(texts))
        return [len(text) / 10 for text in texts]

    async def close(self) -> None:
        """Nothing is held."""


async def test_a_question_asked_again_pays_for_new_texts_alone() -> None:
    counting = Counting()
    reranker = Remembering(counting)
    assert await reranker.rerank("q", ["a", "bb", "a"]) == [0.1, 0.2, 0.1]
    assert await reranker.rerank("q", ["ccc", "bb"]) == [0.3, 0.2]
    assert await reranker.rerank("q", ["bb"]) == [0.2]
    assert await reranker.rerank("another", ["bb"]) == [0.2]
    assert counting.asked == [["a", "bb"], ["ccc"], ["bb"]]


async def test_the_scores_not_asked_for_longest_make_room() -> None:
    counting = Counting()
    reranker = Remembering(counting, most=2)
    await reranker.rerank("q", ["a", "bb"])
    await reranker.rerank("q", ["a"])
    await reranker.rerank("q", ["ccc"])
    assert await reranker.rerank("q", ["a"]) == [0.1]
    await reranker.rerank("q", ["bb"])
    assert counting.asked == [["a", "bb"], ["ccc"], ["bb"]]
