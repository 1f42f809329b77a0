"""What every adapter of the port `Reranker` promises."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from retrieval.errors import RerankerAway
from retrieval.rerankers import Reranker
from retrieval.rerankers.choose import RerankerUnknown, open_reranker
from tests.servers.cohere import ScriptedCohere
from tests.servers.providers import KEY, Fail
from tests.servers.running import running

QUESTION = "When does the garden open?"
TEXTS = [
    "Invoices are paid within thirty days.",
    "The garden does open at nine.",
    "",
    "出差必须提前三天申请。",
    "word " * 20_000,
    "nul\0byte",
    "The garden does open at nine.",
]


@pytest.fixture
def cohere() -> ScriptedCohere:
    return ScriptedCohere()


@pytest.fixture(params=["cohere:rerank-v4.0-fast"])
async def reranker(request: pytest.FixtureRequest, cohere: ScriptedCohere) -> AsyncIterator[Reranker]:
    with running(cohere.app) as url:
        opened = open_reranker(request.param, key=SecretStr(KEY), url=url)
        assert opened is not None
        yield opened
        await opened.close()


async def test_there_is_one_score_a_text_between_nothing_and_one(reranker: Reranker) -> None:
    scores = await reranker.rerank(QUESTION, TEXTS)
    assert len(scores) == len(TEXTS)
    assert all(0 <= score <= 1 for score in scores)


async def test_what_answers_scores_highest_wherever_it_stands(reranker: Reranker) -> None:
    scores = await reranker.rerank(QUESTION, TEXTS)
    turned = await reranker.rerank(QUESTION, TEXTS[::-1])
    assert max(scores) == scores[1] == scores[6] > scores[0]
    assert turned == scores[::-1]


async def test_no_texts_and_no_question_are_no_error(reranker: Reranker) -> None:
    assert await reranker.rerank(QUESTION, []) == []
    assert await reranker.rerank(" ", ["a text"]) == [0.0]
    assert await reranker.rerank(QUESTION, ["", " "]) == [0.0, 0.0]


async def test_many_texts_are_no_error(reranker: Reranker) -> None:
    scores = await reranker.rerank(QUESTION, [f"note {n}" for n in range(249)] + ["the garden does open"])
    assert scores.index(max(scores)) == 249


async def test_one_that_is_away_says_so_in_a_line_and_goes_on_when_it_is_back(
    reranker: Reranker, cohere: ScriptedCohere
) -> None:
    cohere.script = [Fail(400)]
    with pytest.raises(RerankerAway, match=f"^{reranker.name} .*goes on without it") as away:
        await reranker.rerank(QUESTION, TEXTS)
    assert "\n" not in str(away.value)
    assert KEY not in str(away.value)
    assert len(await reranker.rerank(QUESTION, TEXTS)) == len(TEXTS)


@pytest.mark.parametrize("name", ["", "none"])
def test_none_is_none(name: str) -> None:
    assert open_reranker(name, key=SecretStr("")) is None


@pytest.mark.parametrize("name", ["cohere:", "bert", "bert:base"])
def test_an_unknown_name_says_which_there_are(name: str) -> None:
    with pytest.raises(RerankerUnknown, match="take none, or cohere:NAME"):
        open_reranker(name, key=SecretStr(KEY))


def test_cohere_without_a_key_says_where_to_make_one() -> None:
    with pytest.raises(RerankerUnknown, match=r"FOOTNOTE_COHERE_KEY.*dashboard"):
        open_reranker("cohere:rerank-v4.0-fast", key=SecretStr(""))
