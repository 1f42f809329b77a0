import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from agent.errors import CeilingReached, ModelUnavailable
from agent.models import ChatModel, Completion, Message, Request, Usage, complete
from agent.models.metering import Ceilings, Metered, Scope, cost_of
from agent.models.prices import price, unpriced
from agent.models.scripted import ScriptedModel
from agent.tables import usage

ASKED = Request([Message("user", "Where?")], purpose="write")


def metered(engine: AsyncEngine, ceilings: Ceilings, run: str = "r", person: str = "mei") -> ChatModel:
    model = ScriptedModel(lambda request: Completion("x", usage=Usage(100_000, 10_000)))
    return Metered(model, engine, Scope(run, person, "c"), ceilings, (1.0, 5.0), lambda: 86_400.0)


async def test_a_call_is_on_the_ledger_with_its_price(engine: AsyncEngine) -> None:
    await complete(metered(engine, Ceilings()), ASKED)
    assert await cost_of(engine, "r") == pytest.approx(0.15)
    assert await cost_of(engine, "other") == 0


@pytest.mark.parametrize(
    ("ceilings", "words"),
    [
        (Ceilings(run=0.1), r"this answer has cost the \$0.10"),
        (Ceilings(tokens=1_000), "1,000 tokens"),
        (Ceilings(person=0.1), "your budget of"),
        (Ceilings(channel=0.1), "this channel's budget"),
        (Ceilings(day=0.1), "the whole budget"),
    ],
)
async def test_a_ceiling_ends_the_run_with_a_plain_sentence(
    engine: AsyncEngine, ceilings: Ceilings, words: str
) -> None:
    model = metered(engine, ceilings)
    await complete(model, ASKED)
    with pytest.raises(CeilingReached, match=words):
        await complete(model, ASKED)


async def test_one_person_s_budget_is_not_another_s(engine: AsyncEngine) -> None:
    await complete(metered(engine, Ceilings(person=0.1), "r1", "mei"), ASKED)
    await complete(metered(engine, Ceilings(person=0.1), "r2", "ann"), ASKED)


async def test_a_call_that_failed_is_on_the_ledger_too(engine: AsyncEngine) -> None:
    def broken(request: Request) -> str:
        raise ModelUnavailable("away")

    model = Metered(ScriptedModel(broken), engine, Scope("r", "p", "c"), Ceilings(), (1, 1), lambda: 0.0)
    with pytest.raises(ModelUnavailable):
        await complete(model, ASKED)
    async with engine.connect() as connection:
        assert (await connection.exec_driver_sql("select ok from usage")).scalars().all() == [0]


async def ledger(engine: AsyncEngine) -> list[tuple[int, int, float, bool]]:
    async with engine.connect() as connection:
        rows = await connection.execute(select(usage.c.input_tokens, usage.c.output_tokens, usage.c.cost, usage.c.ok))
        return [(row[0], row[1], row[2], bool(row[3])) for row in rows]


class Breaking:
    """A model that says something, then breaks off, or waits for ever."""

    name = "breaking"

    def __init__(self, *, then: str) -> None:
        self._then = then

    async def stream(self, request: Request) -> AsyncGenerator[str | Completion]:
        if self._then == "refuse":
            raise ModelUnavailable("breaking answered 401.")
        yield "花园九点开门。"
        yield "It closes at six."
        if self._then == "break":
            raise ModelUnavailable("breaking broke off in the middle.")
        await asyncio.sleep(60)

    async def close(self) -> None:
        """Nothing is open."""


LONG = Request([Message("user", "Where is it, and when? " * 20)], purpose="write")


def over(engine: AsyncEngine, model: ChatModel) -> Metered:
    return Metered(model, engine, Scope("r", "mei", "c"), Ceilings(), (1.0, 5.0), lambda: 86_400.0)


async def test_a_stream_that_broke_off_costs_what_was_sent_and_received(engine: AsyncEngine) -> None:
    with pytest.raises(ModelUnavailable):
        await complete(over(engine, Breaking(then="break")), LONG)
    [(asked, wrote, cost, ok)] = await ledger(engine)
    assert (asked, wrote, ok) == (115, 7 + 5, False)
    assert cost == pytest.approx((115 + 5 * 12) / 1e6)


async def test_a_stream_that_its_caller_leaves_is_paid_for(engine: AsyncEngine) -> None:
    async with aclosing(over(engine, Breaking(then="wait")).stream(LONG)) as pieces:
        async for _ in pieces:
            break
    assert [row[:2] for row in await ledger(engine)] == [(115, 7)]


async def test_a_stream_that_is_cancelled_is_paid_for(engine: AsyncEngine) -> None:
    task = asyncio.create_task(complete(over(engine, Breaking(then="wait")), LONG))
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [row[:2] for row in await ledger(engine)] == [(115, 12)]


async def test_what_the_provider_never_began_to_answer_costs_nothing(engine: AsyncEngine) -> None:
    with pytest.raises(ModelUnavailable):
        await complete(over(engine, Breaking(then="refuse")), LONG)
    assert await ledger(engine) == [(0, 0, 0.0, False)]


async def test_a_provider_that_reports_no_usage_is_estimated(engine: AsyncEngine) -> None:
    model = ScriptedModel(lambda request: Completion("It opens at nine."))
    await complete(over(engine, model), LONG)
    assert [row[:2] for row in await ledger(engine)] == [(115, 5)]


@pytest.mark.parametrize(
    ("model", "url", "known"),
    [
        ("cohere:command-a-03-2025", "", (2.50, 10.00)),
        ("cohere:command-r7b-12-2024", "", (0.0375, 0.15)),
        ("anthropic:claude-opus-4-5-20251101", "", (5.00, 25.00)),
        ("anthropic:claude-opus-4-20250514", "", (15.00, 75.00)),
        ("google_genai:gemini-2.5-flash", "", (0.30, 2.50)),
        ("openai:gpt-5-mini-2025-08-07", "", (0.25, 2.00)),
        ("openai:gpt-5-pro", "", None),
        ("openai:gpt-99", "", None),
        ("openai-compatible:qwen3", "http://127.0.0.1:11434/v1", (0.0, 0.0)),
        ("openai-compatible:qwen3", "http://ollama:11434/v1", (0.0, 0.0)),
        ("openai-compatible:qwen3", "http://192.168.1.7:8000/v1", (0.0, 0.0)),
        ("openai-compatible:gpt-5", "https://api.openai.com/v1", (1.25, 10.00)),
        ("openai-compatible:gpt-5", "https://eu.api.openai.com/v1", (1.25, 10.00)),
        ("openai-compatible:gpt-5", "https://notapi.openai.com/v1", None),
        ("openai-compatible:gpt-5", "https://api.openai.com.example.org/v1", None),
        ("openai-compatible:qwen3", "https://openrouter.ai/api/v1", None),
        ("gguf:model.gguf", "", (0.0, 0.0)),
    ],
)
def test_a_price_is_known_for_a_model_and_its_versions_and_for_no_other(
    model: str, url: str, known: tuple[float, float] | None
) -> None:
    assert price(model, url) == known
    assert ("FOOTNOTE_MODEL_PRICE_IN" in unpriced(model, url)) == (known is None)
