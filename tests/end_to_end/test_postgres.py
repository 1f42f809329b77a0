"""The whole product on a real PostgreSQL: inbox, checkpoints, records and ledger in one database."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from agent.approvals import State
from benchmarks.rig import PERSON, Rig, open_rig
from bot.app import open_app
from bot.chat import Action, Place, Press
from bot.settings import Settings, SettingsInvalid
from tests.end_to_end.conftest import write_handbook
from tests.servers.postgres import binaries, postgres

PLACE = Place("console", "local", "general", "t1")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    if binaries() is None:
        pytest.skip("PostgreSQL is not installed: install the package postgresql")
    with postgres() as running:
        yield running


@asynccontextmanager
async def assistant(home: Path, address: str) -> AsyncIterator[Rig]:
    async with open_rig(Settings(home=home, embedder="hashing", database_url=address)) as rig:
        yield rig


async def until(true: Callable[[], bool | Awaitable[bool]]) -> None:
    deadline = time.monotonic() + 30
    while not (await told if isinstance(told := true(), Awaitable) else told):
        assert time.monotonic() < deadline, "it did not happen within 30 seconds"
        await asyncio.sleep(0.05)


async def test_it_answers_waits_and_does_once_across_a_restart(tmp_path: Path, address: str) -> None:
    write_handbook(tmp_path / "handbook")
    async with assistant(tmp_path / "home", address) as rig:
        await rig.learn(tmp_path / "handbook")
        answer = await rig.say("ask", PLACE, "What may a hotel cost a night?")
        await rig.finished(1)
        assert "150 euros" in rig.chat.texts[answer]
        run = await rig.say("act", PLACE, "post the garden opens at nine in #news")
        await until(lambda: any("approve" in str(reply) for reply in rig.chat.texts) or len(rig.chat.answered) > 1)
        (waiting,) = await rig.app.ledger.by_run(run)
        assert waiting.state is State.PROPOSED
    async with assistant(tmp_path / "home", address) as rig:
        for _ in range(2):
            press = Press("press", PLACE, PERSON, Action.APPROVE, waiting.id, time.time())
            await rig.inbox.accept(press)

        async def done() -> bool:
            settled = await rig.app.ledger.get(waiting.id)
            return settled is not None and settled.state is State.DONE

        await until(done)
        news = await rig.app.records.transcript(Place("console", "local", "news"))
        assert [entry.text for entry in news] == ["the garden opens at nine"]
        async with rig.app.records.engine.connect() as connection:
            runs = await connection.execute(text("select count(distinct thread_id) from checkpoints"))
            assert runs.scalar() == 2


async def test_a_database_that_is_away_is_said_in_a_line_without_the_password(tmp_path: Path) -> None:
    async def resume(run: str, place: str, cause: str) -> None:
        """Nothing waits."""

    settings = Settings(home=tmp_path, embedder="hashing", database_url="postgresql://me:s3cret@127.0.0.1:1/none")
    with pytest.raises(SettingsInvalid) as caught:
        async with open_app(settings, resume):
            pass
    assert "FOOTNOTE_DATABASE_URL" in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)
