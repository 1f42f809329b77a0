"""A command that is edited or deleted before its card stands: of it nothing can be approved any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import delete

from agent.approvals import Approval, State
from bot.app import App
from bot.chat import Action, Press
from bot.desk import run_id
from bot.tables import cards, questions
from tests.unit.test_desk import MEI, PIRATES, THREAD, Here, assistant, edit, held, mention


@pytest.fixture
def here() -> Here:
    return Here()


@pytest.fixture
async def app(tmp_path: Path, here: Here) -> AsyncIterator[App]:
    async with assistant(tmp_path, here) as opened:
        yield opened


async def waiting(app: App) -> list[str]:
    return [row.arguments["text"] for row in await app.ledger.pending()]


async def withdrawn_elsewhere(app: App, stands: str = "e1:2") -> None:
    """Another process handles the withdrawal of m1; this one is not told."""
    await app.records.withdraw(THREAD, "m1", stands)


async def proposed_and_cut_off(app: App, here: Here) -> list[Approval]:
    """The process died between the proposal and its card, and before the next one started the message was edited."""
    await app.desk.mention(mention(text="remember that demos are at five"))
    async with app.records.engine.begin() as connection:
        await connection.execute(delete(cards))
    here.shown.clear()
    await withdrawn_elsewhere(app)
    return await app.ledger.by_run(run_id("e1"))


async def test_a_command_edited_in_another_process_before_its_card_stands_is_proposed_as_it_was_edited(
    app: App, here: Here
) -> None:
    running = await held(app, here, mention(text="remember that demos are at five"))
    await withdrawn_elsewhere(app)
    here.hold.set()
    await running
    assert await waiting(app) == []
    await app.desk.mention(mention("e1:2", "remember that demos are at six", edited=True))
    assert await waiting(app) == ["demos are at six"]


async def test_what_a_withdrawn_run_proposes_at_its_end_cannot_be_approved(app: App, here: Here) -> None:
    running = await held(app, here, mention(text="remember that demos are at five"))
    here.hold.set()
    here.hold = asyncio.Event()
    await asyncio.sleep(0.2)
    await app.desk.withdraw(edit("e1:2"))
    here.hold.set()
    await running
    async with asyncio.timeout(10):
        while not (rows := await app.ledger.by_run(run_id("e1"))) or rows[0].state is State.PROPOSED:
            await asyncio.sleep(0.02)
    assert [row.state for row in rows] == [State.ABANDONED]
    await app.desk.mention(mention("e1:2", "remember that demos are at six", edited=True))
    assert await waiting(app) == ["demos are at six"]


async def test_what_a_crash_left_of_a_withdrawn_command_is_not_done_though_it_is_approved(app: App, here: Here) -> None:
    (row,) = await proposed_and_cut_off(app, here)
    await app.desk.press(Press("p1", THREAD, MEI, Action.APPROVE, row.id, 1_001.0))
    await app.desk.resume(row.run)
    assert [row.state for row in await app.ledger.by_run(row.run)] == [State.ABANDONED]
    assert here.shown == {}


async def test_what_a_crash_left_of_a_withdrawn_command_cannot_be_approved_once_it_is_taken_up_again(
    app: App, here: Here
) -> None:
    await proposed_and_cut_off(app, here)
    await app.desk.mention(mention(text="remember that demos are at five"))
    assert await waiting(app) == []


async def test_a_card_that_stands_is_decided_though_the_message_was_edited_meanwhile(app: App, here: Here) -> None:
    await app.desk.mention(mention(text="remember that demos are at five"))
    await withdrawn_elsewhere(app)
    await app.desk.mention(mention(text="remember that demos are at five"))
    (row,) = await app.ledger.pending()
    await app.desk.press(Press("p1", THREAD, MEI, Action.APPROVE, row.id, 1_001.0))
    await app.desk.resume(row.run)
    assert [row.state for row in await app.ledger.by_run(row.run)] == [State.DONE]


async def test_the_edit_of_what_was_answered_before_versions_were_kept_changes_nothing(app: App, here: Here) -> None:
    await app.desk.mention(mention())
    async with app.records.engine.begin() as connection:
        await connection.execute(delete(questions))
    await app.desk.withdraw(edit("e1:2"))
    await app.desk.mention(mention("e1:2", PIRATES, edited=True))
    assert list(here.shown) == [run_id("e1")]
