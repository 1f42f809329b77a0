from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from agent.errors import CeilingReached, ModelUnavailable
from agent.models import ChatModel, Completion, Message, Request, Usage, complete
from agent.models.metering import Ceilings, Metered, Scope, cost_of
from agent.models.scripted import ScriptedModel
from agent.tables import metadata
from bot.records import open_engine, sqlite_url

ASKED = Request([Message("user", "Where?")], purpose="write")


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    opened = open_engine(sqlite_url(tmp_path / "records.sqlite"))
    async with opened.begin() as connection:
        await connection.run_sync(metadata.create_all)
    yield opened
    await opened.dispose()


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
