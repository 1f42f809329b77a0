"""One run through the whole graph, with scripted models and tools."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from pydantic import BaseModel, Field

from agent.agent import Agent, Limits
from agent.approvals import Deciders, State, Verdict
from agent.decision_log import DecisionLog
from agent.errors import ToolFailed
from agent.graph import NOTHING_READ, build_graph
from agent.ledger import Ledger
from agent.models import Completion, Request, ToolCall
from agent.models.scripted import ScriptedModel
from agent.state import Answer
from agent.tables import metadata
from agent.tools import Effect, Tool, ToolContext, ToolResult
from agent.tools.registry import Toolbox
from bot.records import open_engine, sqlite_url
from retrieval.chunking import chunk
from retrieval.documents import EVERYONE, Audience, Document, Hit
from retrieval.embedders.hashing import Hashing
from retrieval.search import Searcher
from retrieval.stores.memory import InMemoryStore

PLAIN = {
    "route": '{"route": "act"}',
    "split": '{"queries": ["x"]}',
    "enough": '{"enough": true}',
    "supported": '{"supported": false}',
}
Played = str | Completion


class Arguments(BaseModel):
    text: str = Field(min_length=1)


class Rig:
    """A graph with two tools: ``note`` writes, ``look`` reads; ``effects`` is what was done."""

    def __init__(self, ledger: Ledger, log: DecisionLog) -> None:
        self.ledger = ledger
        self._log = log
        self.effects: list[str] = []
        self.doing: Callable[[str], Any] = self.effects.append
        self.page: list[Hit] = []
        self.written = "Doors close at six. [1]"
        self.store = InMemoryStore()
        self._saver = InMemorySaver()

    def graph(self, *played: Played, steps: int = 8, seconds: float = 60.0) -> Any:
        acts = list(played)

        def play(request: Request) -> Played:
            if request.purpose == "act":
                return acts.pop(0) if acts else "There is nothing left to do."
            return PLAIN.get(request.purpose, "DROP" if request.purpose == "mend" else self.written)

        async def note(arguments: Arguments, context: ToolContext) -> ToolResult:
            done = self.doing(arguments.text)
            if asyncio.iscoroutine(done):
                await done
            return ToolResult(f"Noted {arguments.text}")

        async def look(arguments: Arguments, context: ToolContext) -> ToolResult:
            return ToolResult("Looked.", tuple(self.page))

        tools = [
            Tool("note", "Notes.", Arguments, Effect.WRITE, note, lambda a: f"Note {a.text}"),
            Tool("look", "Looks.", Arguments, Effect.READ, look),
        ]
        embedder, model = Hashing(), ScriptedModel(play)
        agent = Agent(
            Searcher(self.store, embedder),
            embedder,
            Toolbox(tools, seconds),
            self.ledger,
            self._log,
            lambda _: model if played else None,
            Deciders(),
            Limits(steps=steps),
            lambda: 1_000.0,
        )
        self.model = model
        return build_graph(agent, self._saver)

    async def run(self, graph: Any, entry: Any = None, question: str = "note that doors close at six") -> Answer | None:
        state = entry or {
            "run": "r",
            "place": "console/local/general/t",
            "channel": "console/local/general",
            "audience": [EVERYONE],
            "person": "console/mei",
            "person_name": "Mei",
            "question": question,
            "transcript": [],
        }
        found: dict[str, Any] = await graph.ainvoke(state, {"configurable": {"thread_id": "r"}})
        return found.get("answer") if "__interrupt__" not in found else None

    async def approve(self) -> None:
        (waiting,) = await self.ledger.pending()
        await self.ledger.approve(waiting.id, Verdict("press", "console/ann", "Ann", in_place=True))


def calls(tool: str, **arguments: Any) -> Completion:
    return Completion("", tool_calls=(ToolCall("1", tool, arguments),))


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    engine = open_engine(sqlite_url(tmp_path / "records.sqlite"))
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    yield Rig(Ledger(engine, lambda: 1_000.0), DecisionLog(engine, lambda: 1_000.0))
    await engine.dispose()


async def test_nothing_is_done_before_somebody_approved_it(rig: Rig) -> None:
    graph = rig.graph(calls("note", text="a"))
    assert await rig.run(graph) is None
    assert rig.effects == []
    await rig.approve()
    answer = await rig.run(graph, Command(resume=True))
    assert rig.effects == ["a"]
    assert answer is not None
    assert [call["outcome"] for call in answer["actions"]] == ["Noted a"]


async def test_what_a_resumed_run_is_told_may_be_told_twice(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a kill leaves it: what comes with the decision is on the disk, and no step was done."""
    graph = rig.graph(calls("note", text="a"))
    await rig.run(graph)
    await rig.approve()
    with monkeypatch.context() as full:
        full.setattr(InMemorySaver, "aput", disk_full)
        with pytest.raises(OSError, match="full"):
            await rig.run(graph, Command(resume=True, update={"audience": [EVERYONE]}))
    answer = await rig.run(graph, Command(resume=True, update={"audience": []}))
    assert answer is not None
    assert rig.effects == ["a"]
    assert (await graph.aget_state({"configurable": {"thread_id": "r"}})).values["audience"] == []


async def disk_full(*_: Any) -> None:
    raise OSError("The disk is full.")


async def test_a_model_that_wants_to_do_everything_at_once_does_nothing(rig: Rig) -> None:
    everything = Completion("", tool_calls=tuple(ToolCall(str(n), "note", {"text": "a"}) for n in range(9)))
    assert await rig.run(rig.graph(*[everything] * 9)) is None
    assert rig.effects == []
    assert len(await rig.ledger.pending()) == 1


async def test_a_call_with_wrong_arguments_is_told_to_the_model_which_mends_it(rig: Rig) -> None:
    graph = rig.graph(calls("note", txt="a"), calls("erase"), calls("look", text="a"))
    answer = await rig.run(graph)
    assert answer is not None
    told = [m.content for m in rig.model.requests[-1].messages if m.role == "tool"]
    assert [words.split(":")[0] for words in told] == ["failed", "failed", "done"]
    assert "field required" in told[0]
    assert "There is no tool “erase”" in told[1]


async def test_a_run_that_takes_too_many_steps_says_that_it_stopped(rig: Rig) -> None:
    answer = await rig.run(rig.graph(*[calls("look", text="a")] * 9, steps=3))
    assert answer is not None
    assert len(answer["actions"]) == 3
    assert any("stopped after 3 steps" in note for note in answer["notes"])


async def test_an_action_stopped_while_it_ran_is_unknown_and_asked_about(rig: Rig) -> None:
    async def slow(text: str) -> None:
        rig.effects.append(text)
        await asyncio.sleep(30)

    rig.doing = slow
    graph = rig.graph(calls("note", text="a"), seconds=0.05)
    await rig.run(graph)
    await rig.approve()
    assert await rig.run(graph, Command(resume=True)) is None
    assert [row.state for row in await rig.ledger.pending()] == [State.UNKNOWN]
    assert rig.effects == ["a"]


async def test_an_action_that_breaks_is_unknown_and_never_run_again_by_itself(rig: Rig) -> None:
    def broken(text: str) -> None:
        rig.effects.append(text)
        raise RuntimeError("the wire was cut")

    rig.doing = broken
    graph = rig.graph(calls("note", text="a"))
    await rig.run(graph)
    await rig.approve()
    with pytest.raises(RuntimeError):
        await rig.run(graph, Command(resume=True))
    await rig.run(graph, Command(resume=True))
    assert rig.effects == ["a"]
    assert [row.state for row in await rig.ledger.pending()] == [State.UNKNOWN]


async def test_an_action_that_says_it_failed_has_failed(rig: Rig) -> None:
    def refuse(text: str) -> None:
        raise ToolFailed("There is no such channel.")

    rig.doing = refuse
    graph = rig.graph(calls("note", text="a"))
    await rig.run(graph)
    await rig.approve()
    answer = await rig.run(graph, Command(resume=True))
    assert answer is not None
    assert answer["actions"][0]["state"] == "failed"
    assert answer["actions"][0]["outcome"] == "There is no such channel."


async def test_what_was_proposed_before_a_crash_is_what_waits_after_it(rig: Rig) -> None:
    await rig.ledger.propose(
        run="r",
        call="r:0",
        tool="note",
        arguments={"text": "first thought"},
        summary="Note first thought",
        place="console/local/general/t",
        asker="console/mei",
        asker_name="Mei",
        deciders=Deciders(),
    )
    assert await rig.run(rig.graph(calls("note", text="second thought"))) is None
    assert [row.summary for row in await rig.ledger.pending()] == ["Note first thought"]


async def test_where_no_source_supports_what_the_model_wrote_it_quotes(rig: Rig) -> None:
    text = "The garden of the house opens at nine in the morning."
    document = Document("file:g.md", "f", "file:///g.md", "Garden", text, Audience.everyone(), "h")
    rig.page = [Hit(passage, 1.0) for passage in chunk(document)]
    graph = rig.graph(calls("look", text="a"))
    rig.written = "Napoleon planted every tree of France [1]."
    answer = await rig.run(graph, question="When does the garden of the house open?")
    assert answer is not None
    assert [sentence["text"] for sentence in answer["sentences"]] == [text]
    assert any("No source supports" in note for note in answer["notes"])


@pytest.mark.parametrize(
    ("said", "answered"), [("Thanks!", "You're welcome."), ("hello", "Mention me with a question")]
)
async def test_a_greeting_and_thanks_are_answered_in_kind(rig: Rig, said: str, answered: str) -> None:
    answer = await rig.run(rig.graph(), question=said)
    assert answer is not None
    assert answered in answer["text"]


async def test_of_a_long_page_the_passages_that_fit_are_read(rig: Rig) -> None:
    filler = "\n\n".join(
        f"Paragraph {n} tells of the weather in town {n} and nothing else at all." for n in range(3_000)
    )
    text = f"{filler}\n\nDoors of the archive close at six every day.\n\n{filler}"
    document = Document("https://x.example/p", "web", "https://x.example/p", "P", text, Audience.everyone(), "h")
    rig.page = [Hit(passage, 1.0) for passage in chunk(document)]
    answer = await rig.run(rig.graph(calls("look", text="a")), question="look: when do doors of the archive close?")
    assert answer is not None
    asked = [m.content for request in rig.model.requests for m in request.messages]
    assert max(map(len, asked)) < 20_000
    assert any("Doors of the archive close at six" in words for words in asked)


async def test_an_address_that_was_refused_was_not_read(rig: Rig) -> None:
    garden = Document(
        "garden", "s", "file:///garden", "Garden", "Read this: it opens at nine.", Audience.everyone(), "1"
    )
    await rig.store.bind(Hashing.name, Hashing.dimensions)
    await rig.store.put([(garden, chunk(garden))])
    answer = await rig.run(rig.graph(), question="read http://10.0.0.1/x")
    assert answer is not None
    assert [call["state"] for call in answer["actions"]] == ["failed"]
    assert answer["searched"], "it was looked for in what is indexed"
    assert answer["text"] == ""


async def test_a_page_that_was_read_in_vain_is_said_to_be(rig: Rig) -> None:
    page = Document("p", "s", "https://example.org/p", "Page", "Tulips bloom in April.", Audience.everyone(), "1")
    rig.page = [Hit(passage, 1.0) for passage in chunk(page)]
    rig.written = ""
    answer = await rig.run(rig.graph(calls("look", text="a")), question="who painted the ceiling?")
    assert answer is not None
    assert answer["text"] == NOTHING_READ


async def test_a_question_is_held_to_where_it_says_and_the_steps_say_so(rig: Rig) -> None:
    await rig.store.bind(Hashing.name, Hashing.dimensions)
    for name, channel, price in (("Talk", "design", 90), ("Rules", "", 120)):
        text = f"Hotels cost {price} a night."
        document = Document(name, "s", "", name, text, Audience.everyone(), text, channel=channel)
        await rig.store.put([(document, chunk(document))])
    answer = await rig.run(rig.graph(), question="what do hotels cost a night in #design?")
    assert answer is not None
    assert [sentence["text"] for sentence in answer["sentences"]] == ["Hotels cost 90 a night."]
    assert answer["steps"] == [
        "Searched for “what do hotels cost a night?”, in #design: 1 passage",
        "Some documents are still being read in: until then they are found by their words alone.",
        "Found that enough to answer from",
        "Read 1 passage, from 1 document",
        "Found “Talk” by its words",
    ]


async def test_where_the_question_names_a_place_with_nothing_in_it_all_is_searched(rig: Rig) -> None:
    await rig.store.bind(Hashing.name, Hashing.dimensions)
    document = Document("Rules", "s", "", "Rules", "Hotels cost 120 a night.", Audience.everyone(), "1")
    await rig.store.put([(document, chunk(document))])
    answer = await rig.run(rig.graph(), question="what do hotels cost a night in #design?")
    assert answer is not None
    assert "I found nothing in #design, so I looked everywhere." in answer["notes"]


async def test_who_names_an_action_and_nothing_else_is_asked_what(rig: Rig) -> None:
    answer = await rig.run(rig.graph(), question="remember")
    assert answer is not None
    assert answer["text"].startswith("Remember what?")
    assert answer["searched"] == []
