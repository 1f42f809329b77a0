"""Sub-questions one after another, through the real client against an OpenAI-compatible server that plays a script."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import SecretStr, ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from agent import hops
from agent.agent import Agent, Limits
from agent.approvals import Deciders
from agent.decision_log import DecisionLog
from agent.decisions import Split
from agent.graph import build_graph
from agent.ledger import Ledger
from agent.models import ChatModel
from agent.models.open import open_model
from agent.state import Answer
from agent.tables import decisions, metadata
from agent.tools.registry import Toolbox
from bot.records import open_engine, sqlite_url
from retrieval.chunking import chunk
from retrieval.documents import EVERYONE, Audience, Document
from retrieval.embedders.hashing import Hashing
from retrieval.search import Searcher
from retrieval.stores.memory import InMemoryStore
from retrieval.sync import embed_pending
from tests.servers.providers import KEY, Playing
from tests.servers.running import running

WHERE = "Where does the writer of the handbook live?"
HOPS = '{"queries": ["Who wrote the handbook?"], "then": ["Where does {1} live?"], "confidence": 0.9}'
WRITER = ("handbook", "The handbook was written by Edith Moore in one long winter.")
HOME = ("moore", "Edith Moore lives in a white house in Tallinn.")
ALL = [WRITER, HOME]


class Script(Playing):
    """Splits, bridges and judges as it is told; ``bridged`` and ``judged`` are what it was asked of each."""

    def __init__(self, split: str, *bridges: str, enough: str = '{"enough": true}') -> None:
        super().__init__("Edith Moore lives in a white house in Tallinn [1][2].", WHERE)
        self._said = {"List the searches": split, "whether the evidence answers": enough}
        self._bridges = list(bridges)

    def _play(self, asked: str) -> str:
        if "Say what answers the question" in asked:
            return self._bridges.pop(0)
        return next((said for words, said in self._said.items() if words in asked), super()._play(asked))

    def asked(self, words: str) -> list[str]:
        """What was asked with the prompt that holds these words."""
        return [one["messages"][1]["content"] for one in self.requests if words in one["messages"][0]["content"]]


class Rig:
    def __init__(self, engine: AsyncEngine, stack: ExitStack) -> None:
        self._engine = engine
        self._stack = stack

    async def ask(self, script: Script, documents: list[tuple[str, str]] = ALL, question: str = WHERE) -> Answer:
        """The answer of a run over these documents."""
        store, embedder, log = InMemoryStore(), Hashing(), DecisionLog(self._engine, lambda: 1.0)
        await store.bind(embedder.name, embedder.dimensions)
        for name, text in documents:
            document = Document(name, "s", "", name, text, Audience.everyone(), text)
            await store.put([(document, chunk(document))])
        await embed_pending(store, embedder, lambda progress: None)
        model = self._model(script)
        ledger, searcher = Ledger(self._engine, lambda: 1.0), Searcher(store, embedder)
        agent = Agent(
            searcher, embedder, Toolbox([]), ledger, log, lambda _: model, Deciders(), Limits(), lambda: 1_000.0
        )
        state: Any = {
            "run": "r",
            "place": "console/local/general/t",
            "channel": "console/local/general",
            "audience": [EVERYONE],
            "person": "console/mei",
            "person_name": "Mei",
            "question": question,
            "transcript": [],
        }
        config: Any = {"configurable": {"thread_id": "r"}}
        answer: Answer = (await build_graph(agent, InMemorySaver()).ainvoke(state, config))["answer"]
        await model.close()
        return answer

    def _model(self, script: Script) -> ChatModel:
        url = self._stack.enter_context(running(script.app))
        model = open_model("openai-compatible:m", url=f"{url}/v1", key=SecretStr(KEY))
        assert model is not None
        return model

    async def logged(self, name: str) -> list[tuple[dict[str, Any], float, str]]:
        query = select(decisions.c.value, decisions.c.confidence, decisions.c.by).where(decisions.c.name == name)
        async with self._engine.connect() as connection:
            return [(row[0], row[1], row[2]) for row in await connection.execute(query)]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


@pytest.fixture
async def rig(tmp_path: Path, stack: ExitStack) -> AsyncIterator[Rig]:
    engine = open_engine(sqlite_url(tmp_path / "records.sqlite"))
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    yield Rig(engine, stack)
    await engine.dispose()


async def test_the_second_question_is_asked_with_what_the_first_one_found(rig: Rig) -> None:
    script = Script(HOPS, '{"answer": "Edith Moore", "confidence": 0.8}')
    answer = await rig.ask(script)
    assert answer["searched"] == ["Who wrote the handbook?", "Where does Edith Moore live?"]
    assert {cited["document"] for one in answer["sentences"] for cited in one["citations"]} == {"handbook", "moore"}
    assert HOME[1] in script.asked("numbered passages")[0]
    assert await rig.logged("bridge") == [({"answer": "Edith Moore"}, 0.8, "openai-compatible:m")]
    assert "<question>\nWho wrote the handbook?\n</question>" in script.asked("Say what answers")[0]
    assert WRITER[1] in script.asked("Say what answers")[0]


async def test_the_steps_tell_of_both_hops(rig: Rig) -> None:
    steps = (await rig.ask(Script(HOPS, '{"answer": "Edith Moore"}')))["steps"]
    assert steps[:4] == [
        "Split it into “Who wrote the handbook?”, then with what that finds “Where does … live?”",
        "Searched for “Who wrote the handbook?”: 2 passages",
        "Took “Edith Moore” for the answer to “Who wrote the handbook?”",
        "Searched for “Where does Edith Moore live?”: 2 passages",
    ]


async def test_questions_that_do_not_wait_for_each_other_are_asked_in_one_round(rig: Rig) -> None:
    script = Script('{"queries": ["Who wrote the handbook?", "Where does Edith Moore live?"], "then": []}')
    answer = await rig.ask(script)
    assert answer["searched"] == ["Who wrote the handbook?", "Where does Edith Moore live?"]
    assert len(script.asked("whether the evidence answers")) == 1


@pytest.mark.parametrize("nonsense", ["Sure, here you go!", '{"queries": ["a"], "then": ["b {2}"]}', "{"])
async def test_a_split_that_is_no_split_is_replaced_by_the_rule_which_asks_all_at_once(rig: Rig, nonsense: str) -> None:
    both = "Who wrote the handbook and where does Edith Moore live?"
    answer = await rig.ask(Script(nonsense), question=both)
    assert answer["searched"] == [both, "Who wrote the handbook", "where does Edith Moore live?"]
    assert any("Decided by rule" in note for note in answer["notes"])
    assert (await rig.logged("split"))[0][2] == "rule"


@pytest.mark.parametrize("nonsense", ["It was Edith.", '{"answer": ["Edith"]}', '{"answer": ""}', '{"answer": null}'])
async def test_where_the_first_hop_finds_no_answer_the_search_goes_on_as_without_a_plan(
    rig: Rig, nonsense: str
) -> None:
    further = '{"enough": false, "next_query": "Edith Moore home"}'
    script = Script(HOPS, nonsense, '{"answer": "Edith Moore"}', enough=further)
    answer = await rig.ask(script)
    assert answer["searched"] == ["Who wrote the handbook?", "Edith Moore home", "Where does Edith Moore live?"]
    assert "Found no answer yet to “Who wrote the handbook?”" in answer["steps"]


async def test_where_nothing_at_all_is_found_nobody_is_asked_and_it_ends(rig: Rig) -> None:
    script = Script(HOPS)
    answer = await rig.ask(script, documents=[])
    assert answer["refused"]
    assert len(answer["searched"]) <= 3
    assert not script.asked("Say what answers")
    assert not any("{1}" in query for query in answer["searched"])


async def test_a_chain_is_as_long_as_the_rounds_allow(rig: Rig) -> None:
    chain = '{"queries": ["handbook?"], "then": ["b {1}?", "c {2}?", "d {3}?"]}'
    script = Script(chain, '{"answer": "one"}', '{"answer": "two"}', enough='{"enough": false, "next_query": "x"}')
    answer = await rig.ask(script)
    assert answer["searched"] == ["handbook?", "b one?", "c two?"]
    assert len(script.asked("Say what answers")) == 2


async def test_words_in_braces_that_a_person_wrote_are_words(rig: Rig) -> None:
    question = "What does {1} mean in the handbook?"
    answer = await rig.ask(Script(f'{{"queries": ["{question}"]}}'), question=question)
    assert answer["searched"] == [question]


@pytest.mark.parametrize("then", ["b", "b {0}", "b {2}", "b {3}", "b {1} {9}"])
def test_a_later_question_that_waits_for_nothing_that_comes_before_it_is_refused(then: str) -> None:
    with pytest.raises(ValidationError):
        Split(queries=["a"], then=[then])


def test_an_answer_is_put_in_as_words_and_opens_no_hole() -> None:
    plan = hops.plan(["a?", "b?"], ["c {1} {2}?"])
    filled = hops.fill(plan, {1: "x {2}\n y"})
    assert [one["question"] for one in filled] == ["a?", "b?", "c x {2} y {2}?"]
    assert filled[2]["needs"] == [2]
    assert hops.ready(plan, filled) == []
