"""The real graph on cases: nothing outside is touched, the clock is pinned, what hangs is cut."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from pydantic import BaseModel

from agent.models import Completion, Request, ToolCall
from agent.models.scripted import ScriptedModel
from agent.tools import Effect, Tool, ToolContext, ToolResult
from agent.tools.registry import Toolbox
from evals.blocking import sealed
from evals.cases import Case
from evals.running import Subject, located, missing, opened, spans
from retrieval.chunking import chunk
from retrieval.documents import Audience, Document
from retrieval.embedders.hashing import Hashing
from retrieval.search import Searcher
from retrieval.stores.memory import InMemoryStore
from retrieval.sync import embed_pending

TEXT = "Hotels may cost 150 euros a night.\nAsk Mei before booking anything above that."


class Arguments(BaseModel):
    text: str = "x"


class Hands:
    """Tools that count what they did."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def tool(self, name: str, effect: Effect) -> Tool:
        async def run(arguments: Arguments, context: ToolContext) -> ToolResult:
            self.done.append(name)
            return ToolResult(f"{name} is done.")

        async def prepare(arguments: Arguments, context: ToolContext) -> Arguments:
            self.done.append(f"prepared {name}")
            return arguments

        return Tool(name, name, Arguments, effect, run, prepare=prepare)


@pytest.fixture
async def store() -> InMemoryStore:
    made = InMemoryStore()
    await made.bind(Hashing.name, Hashing.dimensions)
    for name, text, audience in (
        ("expenses", TEXT, Audience.everyone()),
        ("salaries", "Mei earns 9,000 euros a month.", Audience.of("channel:slack/T/board")),
    ):
        document = Document(name, "s", "", name.title(), text, audience, name)
        await made.put([(document, chunk(document))])
    await embed_pending(made, Hashing(), lambda progress: None)
    return made


def subject(store: InMemoryStore, toolbox: Toolbox | None = None, *played: str | Completion) -> Subject:
    said = list(played)
    model = ScriptedModel(lambda request: said.pop(0) if len(said) > 1 else said[0])
    embedder = Hashing()
    return Subject(
        store, Searcher(store, embedder), embedder, toolbox or Toolbox([]), lambda _: model if played else None
    )


def asked(question: str, **more: object) -> Case:
    return Case.model_validate({"id": "c1", "question": question, "good": "It says so.", **more})


async def test_a_case_is_answered_and_its_figures_made(store: InMemoryStore) -> None:
    case = asked(
        "What may a hotel cost a night?",
        evidence=[{"document": "expenses", "quote": "150 euros a\nnight"}],
        says=["150"],
    )
    async with opened(subject(store)) as examiner:
        outcome = await examiner.examine(case, "n")
    assert "150 euros" in outcome.text
    assert outcome.cited[0][0] == "expenses"
    assert outcome.figures["recall"] == 1.0
    assert outcome.figures["passed"] == 1.0


async def test_what_only_some_may_see_is_not_found(store: InMemoryStore) -> None:
    async with opened(subject(store)) as examiner:
        outcome = await examiner.examine(asked("What does Mei earn a month?"), "n")
    assert "9,000" not in outcome.text
    assert "salaries" not in {document for document, _, _ in outcome.found}


@pytest.mark.parametrize("effect", list(Effect))
async def test_every_tool_that_is_not_pinned_is_wanted_and_not_run(store: InMemoryStore, effect: Effect) -> None:
    hands = Hands()
    tools = [hands.tool("act_now", effect), hands.tool("look", Effect.READ)]
    toolbox = sealed(Toolbox(tools), [hands.tool("look", Effect.READ)])

    def play(request: Request) -> str | Completion:
        if request.purpose == "route":
            return '{"route": "act"}'
        calls = sum(message.role == "tool" for message in request.messages)
        if request.purpose == "act" and calls < 2:
            return Completion("", tool_calls=(ToolCall("1", "look" if calls == 0 else "act_now", {}),))
        return "There is nothing left to do."

    model = ScriptedModel(play)
    embedder = Hashing()
    under = Subject(store, Searcher(store, embedder), embedder, toolbox, lambda _: model)
    async with opened(under) as examiner:
        outcome = await examiner.examine(asked("Do it now!"), "n")
    assert hands.done == ["look"]
    assert outcome.effects == (("act_now",) if effect is Effect.WRITE else ())
    assert outcome.figures["effects_unwanted"] == float(effect is Effect.WRITE)


async def test_a_tool_that_writes_is_blocked_even_where_it_is_called_pinned(store: InMemoryStore) -> None:
    hands = Hands()
    toolbox = sealed(Toolbox([hands.tool("post", Effect.WRITE)]), [hands.tool("post", Effect.WRITE)])
    with pytest.raises(Exception, match="post is blocked"):
        await toolbox.run("post", {}, ToolContext("r", "k", "p", "P", "a/b/c/", Audience.everyone()))
    assert hands.done == []


async def test_a_case_that_hangs_is_cut_and_counted_and_the_next_one_runs(store: InMemoryStore) -> None:
    hangs = [True]

    class Slow(Hashing):
        async def query(self, text: str):  # type: ignore[no-untyped-def]
            if hangs.pop() if hangs else False:
                await asyncio.sleep(60)
            return await super().query(text)

    embedder = Slow()
    async with opened(
        Subject(store, Searcher(store, embedder), embedder, Toolbox([]), lambda _: None), 0.2
    ) as examiner:
        cut = await examiner.examine(asked("What may a hotel cost?"), "n")
        after = await examiner.examine(asked("What may a hotel cost?"), "n")
    assert cut.failed == "Cut after 0.2 seconds without an answer."
    assert cut.figures["cut"] == 1.0
    assert after.failed == ""


async def test_a_case_that_breaks_is_told_without_its_words(store: InMemoryStore) -> None:
    class Broken(Hashing):
        async def query(self, text: str):  # type: ignore[no-untyped-def]
            raise RuntimeError("the secret is 42")

    embedder = Broken()
    async with opened(Subject(store, Searcher(store, embedder), embedder, Toolbox([]), lambda _: None)) as examiner:
        outcome = await examiner.examine(asked("What?"), "n")
    assert outcome.failed.startswith("It broke: RuntimeError at ")
    assert "42" not in outcome.failed


async def test_the_clock_is_the_case_s(store: InMemoryStore) -> None:
    """Of two notes only the one of the week before the case's own day is found."""
    for name, day in (("old", 1), ("new", 18)):
        at = datetime(2026, 3, day, tzinfo=UTC).timestamp()
        document = Document(name, "s", "", name, f"The {name} kitchen rota.", Audience.everyone(), name, modified=at)
        await store.put([(document, chunk(document))])
    await embed_pending(store, Hashing(), lambda progress: None)
    case = asked("What is the kitchen rota over the last week?", asked_at=datetime(2026, 3, 25, tzinfo=UTC))
    async with opened(subject(store)) as examiner:
        outcome = await examiner.examine(case, "n")
    assert {document for document, _, _ in outcome.found} == {"new"}


async def test_evidence_is_named_by_the_document_s_title_too(store: InMemoryStore) -> None:
    case = asked("What?", evidence=[{"document": "Expenses", "quote": "150 euros"}])
    assert [span.document for span in await spans(case, store)] == ["expenses"]


async def test_evidence_in_what_only_some_may_see_is_none(store: InMemoryStore) -> None:
    for name in ("salaries", "Salaries"):
        case = asked("What?", evidence=[{"document": name, "quote": "9,000"}])
        assert await spans(case, store) == []


async def test_evidence_that_is_gone_is_named(store: InMemoryStore) -> None:
    case = asked("What?", evidence=[{"document": "expenses", "quote": "200 euros"}])
    assert await spans(case, store) == []
    assert await missing(case, store) == (
        "c1: expenses does not hold “200 euros” any more; edit the case, or retire it."
    )


def test_a_quote_is_found_however_its_lines_break() -> None:
    assert located("d", "A  b\nc d", "b c") == ("d", 3, 6)
    assert located("d", "A b", "x") is None
    assert located("d", "A b", " ") is None


async def test_each_case_is_a_span_with_its_figures_and_no_text(
    store: InMemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = pytest.importorskip("opentelemetry.sdk.trace", reason="the OpenTelemetry SDK is not installed")
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), trace.TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr("evals.tracing._tracer", provider.get_tracer("test"))
    async with opened(subject(store)) as examiner:
        outcome = await examiner.examine(asked("What may a hotel cost a night?", says=["150"]), "n")
    (span,) = exporter.get_finished_spans()
    assert span.attributes["gen_ai.operation.name"] == "invoke_agent"
    told = {event.attributes["gen_ai.evaluation.name"]: event.attributes for event in span.events}
    assert told.keys() == outcome.figures.keys()
    assert told["passed"]["gen_ai.evaluation.score.value"] == 1.0
    assert "euros" not in str(span.to_json())
