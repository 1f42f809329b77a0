"""What embedding and reranking take is on the cost ledger, and under the ceilings: Cohere's client against Cohere on loopback."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from rich.console import Console
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from agent.errors import CeilingReached
from agent.models.metering import Ceilings, Scope, cost_of
from agent.models.prices import embedding_price
from agent.models.retrieval_meter import RetrievalMeter, charged_to
from agent.tables import usage
from bot.app import App, open_app
from bot.chat import Mention, Person, Place
from bot.desk import run_id
from bot.settings import Settings
from bot.terminal import Terminal
from retrieval.embedders import Embedder
from retrieval.embedders.choose import connect_embedder
from retrieval.errors import EmbedderAway
from retrieval.metering import Spent
from retrieval.rerankers.choose import open_reranker
from tests.servers.cohere import ScriptedCohere
from tests.servers.providers import KEY, Fail
from tests.servers.running import running

RUN = Scope("r", "console/mei", "console/local/general")
SECRET = SecretStr(KEY)
PLACE = Place("terminal", "local", "terminal", "t")


async def nobody_waits(run: str, place: str, cause: str) -> None:
    """No approval is made here."""


async def ask(app: App) -> None:
    app.chats[PLACE.platform] = Terminal(Console(quiet=True))
    person = Person("terminal/mei", "Mei")
    await app.desk.mention(Mention("e", PLACE, person, "When does the garden open?", time.time()))


@pytest.fixture
def cohere() -> ScriptedCohere:
    return ScriptedCohere()


@pytest.fixture
def url(cohere: ScriptedCohere) -> Iterator[str]:
    with running(cohere.app) as address:
        yield address


async def embedder(engine: AsyncEngine, url: str, folder: Path, ceilings: Ceilings | None = None) -> Embedder:
    meter = RetrievalMeter(engine, ceilings or Ceilings(), lambda: 86_400.0)
    return await connect_embedder("cohere:embed-v4.0", folder / "v.sqlite", key=SECRET, url=url, meter=meter)


async def rows(engine: AsyncEngine) -> list[Any]:
    columns = (usage.c.run, usage.c.purpose, usage.c.model, usage.c.input_tokens, usage.c.cost, usage.c.ok)
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(select(*columns).order_by(usage.c.id))]


async def test_a_question_is_on_its_run_s_bill_and_a_document_is_indexing(
    engine: AsyncEngine, url: str, tmp_path: Path
) -> None:
    opened = await embedder(engine, url, tmp_path)
    with charged_to(RUN):
        await asyncio.gather(opened.query("one two three"), opened.passages(["four five"]))
        await opened.query("one two three")  # had before: nothing is asked and nothing paid
    await opened.passages(["six"])
    name = "cohere:embed-v4.0@1024"
    assert sorted(await rows(engine)) == [
        ("", "index", name, 1, pytest.approx(0.12e-6), True),
        ("r", "embed", name, 2, pytest.approx(0.24e-6), True),
        ("r", "embed", name, 3, pytest.approx(0.36e-6), True),
    ]
    await opened.close()


async def test_reranking_costs_by_the_search_and_takes_no_tokens(engine: AsyncEngine, url: str) -> None:
    meter = RetrievalMeter(engine, Ceilings(), lambda: 0.0)
    reranker = open_reranker("cohere:rerank-v4.0-fast", key=SECRET, url=url, meter=meter)
    assert reranker is not None
    with charged_to(RUN):
        await reranker.rerank("when?", [f"note {n}" for n in range(150)])
    assert await rows(engine) == [("r", "rerank", "cohere:rerank-v4.0-fast", 0, 0.002, True)] * 2
    assert await cost_of(engine, "r") == pytest.approx(0.004)
    await reranker.close()


async def test_a_call_that_failed_is_a_row_that_cost_nothing(
    engine: AsyncEngine, cohere: ScriptedCohere, url: str, tmp_path: Path
) -> None:
    cohere.script[:] = [Fail(400)]
    opened = await embedder(engine, url, tmp_path)
    with charged_to(RUN), pytest.raises(EmbedderAway):
        await opened.query("one two three")
    assert await rows(engine) == [("r", "embed", "cohere:embed-v4.0@1024", 0, 0.0, False)]
    await opened.close()


async def test_a_run_that_has_taken_what_it_may_asks_for_nothing_more_and_indexing_goes_on(
    engine: AsyncEngine, cohere: ScriptedCohere, url: str, tmp_path: Path
) -> None:
    opened = await embedder(engine, url, tmp_path, Ceilings(tokens=3))
    with charged_to(RUN):
        await opened.query("one two three")
        with pytest.raises(CeilingReached, match="3 tokens"):
            await opened.query("another")
    await opened.passages(["four five six seven"])
    assert [len(one["texts"]) for one in cohere.requests] == [1, 1]
    await opened.close()


@pytest.mark.parametrize(("model", "rows_written"), [("langchain:ollama:nomic-embed-text", 0), ("langchain:x:y", 1)])
async def test_what_costs_nothing_is_no_row_and_what_nobody_knows_the_price_of_is_estimated(
    engine: AsyncEngine, model: str, rows_written: int
) -> None:
    meter = RetrievalMeter(engine, Ceilings(), lambda: 0.0)
    await meter.write(Spent(model, "embed", ["12345678"], ok=True))
    assert [row[3] for row in await rows(engine)] == [2] * rows_written


def test_an_embedder_s_price_is_that_of_its_model() -> None:
    assert embedding_price("cohere:embed-v4.0@256") == 0.12
    assert embedding_price("langchain:openai:text-embedding-3-small") == 0.02
    assert embedding_price("langchain:openai:text-embedding-99") is None


async def test_the_whole_way_of_a_question_is_on_its_bill(url: str, tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "garden.md").write_text("# Garden\n\nThe garden of the house opens at nine in the morning.\n")
    settings = Settings(
        home=tmp_path / "home",
        embedder="cohere:embed-v4.0@256",
        reranker="cohere:rerank-v4.0-fast",
        cohere_key=SECRET,
        cohere_url=url,
    )
    async with open_app(settings, nobody_waits) as app:
        await app.knowledge.sync(await app.knowledge.add("folder", str(folder)))
        await app.knowledge.embed()
        await ask(app)
        spent = await rows(app.records.engine)
    assert {(row[0], row[1]) for row in spent} == {
        ("", "index"),
        (run_id("e"), "embed"),
        (run_id("e"), "rerank"),
    }


async def test_a_ceiling_that_is_reached_while_searching_is_told_in_a_sentence(url: str, tmp_path: Path) -> None:
    settings = Settings(
        home=tmp_path, embedder="cohere:embed-v4.0@256", cohere_key=SECRET, cohere_url=url, budget_person=1.0
    )
    async with open_app(settings, nobody_waits) as app:
        row = {
            "run": "x",
            "person": "terminal/mei",
            "channel": "",
            "day": time.strftime("%Y-%m-%d", time.gmtime()),
            "model": "m",
            "purpose": "write",
        }
        zero = {"input_tokens": 0, "output_tokens": 0, "cost": 1.0, "seconds": 0.0, "ok": True, "at": 0.0}
        async with app.records.engine.begin() as connection:
            await connection.execute(insert(usage).values({**row, **zero}))
        await ask(app)
        said = await app.records.message(PLACE, run_id("e"))
    assert said is not None
    assert said.text.startswith("I stopped: your budget of $1.00")
