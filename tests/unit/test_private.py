"""An answer to one person alone: what it may not do, what it says where it can't, and that it is told once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from agent.models import Completion, Request, ToolCall
from agent.models.scripted import ScriptedModel
from bot import private
from bot.app import App
from bot.chat import Action, ChatGone, Membership, Person, Place, Press, Reply
from bot.desk import run_id
from retrieval.chunking import chunk
from retrieval.documents import Audience, Document
from tests.unit.test_desk import MEI, QUESTION, THREAD, Here, assistant, mention

BOARD = "channel:here/local/board"
ANN = Person("here/u1", "Ann")


class Company(Here):
    """Mei is in #board, and Ann is not."""

    async def membership(self, near: Place, person: Person, channels: object) -> Membership:
        channels = frozenset({"here/local/board"} if person == MEI else ())
        return Membership(frozenset({near.workspace_key}), channels)


@pytest.fixture
def here() -> Here:
    return Company()


@pytest.fixture
async def app(tmp_path: Path, here: Here) -> AsyncIterator[App]:
    async with opened(tmp_path, here) as made:
        yield made


def opened(tmp_path: Path, here: Here, *model: ScriptedModel, **more: object) -> AbstractAsyncContextManager[App]:
    made: AbstractAsyncContextManager[App] = assistant(tmp_path, here, *model, **more)
    return made


async def keep_secret(app: App) -> None:
    text = "On board trips hotels may cost 900 euros a night."
    document = Document("kept", "kept", "", "Board trips", text, Audience.of(BOARD), "1")
    await app.store.put([(document, chunk(document))])
    await app.knowledge.embed()


def pressed(event: str = "p1", person: Person = MEI, run: str = "", place: Place = THREAD) -> Press:
    return Press(event, place, person, Action.ALONE, run or run_id("e1"), 1_001.0)


async def test_a_press_is_answered_once_to_each_person_from_what_they_may_see(app: App, here: Here) -> None:
    await keep_secret(app)
    await app.desk.mention(mention(text="how much may hotels cost a night on board trips?"))
    assert Action.ALONE in [one.action for one in here.shown[run_id("e1")].buttons]
    for event, person in (("p1", MEI), ("p2", ANN), ("p3", MEI)):
        await app.desk.press(pressed(event, person))
    (mei, first), (ann, second), (again, third) = here.whispers
    assert (mei, ann, again) == (MEI.id, ANN.id, MEI.id)
    assert "900 euros" in first
    assert "900" not in second
    assert third == private.TOLD
    assert [entry.text for entry in await app.records.transcript(THREAD) if "900" in entry.text] == []


async def test_a_press_that_a_crash_cut_off_is_answered_when_it_is_taken_up_again(
    app: App, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    await app.desk.mention(mention())
    whisper = here.whisper

    async def dies(place: Place, person: Person, reply: Reply) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(here, "whisper", dies)
    with pytest.raises(KeyboardInterrupt):
        await app.desk.press(pressed())
    monkeypatch.setattr(here, "whisper", whisper)
    await app.desk.press(pressed())
    assert ["150 euros" in text for _, text in here.whispers] == [True]


async def test_what_it_broke_off_may_be_asked_for_again(app: App, here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    await app.desk.mention(mention())
    monkeypatch.setattr(app.desk._private, "_run_seconds", 0.0)
    await app.desk.press(pressed("p1"))
    monkeypatch.setattr(app.desk._private, "_run_seconds", 30.0)
    await app.desk.press(pressed("p2"))
    assert here.whispers[0][1].startswith("I stopped after")
    assert "150 euros" in here.whispers[1][1]


async def test_a_question_that_is_forgotten_or_of_another_channel_is_not_answered(app: App, here: Here) -> None:
    await app.desk.mention(mention())
    await app.desk.press(pressed("p1", run=run_id("never asked")))
    await app.desk.press(pressed("p2", place=replace(THREAD, channel="random")))
    assert [text for _, text in here.whispers] == [private.FORGOTTEN] * 2


async def test_nothing_is_proposed_where_only_one_person_would_see_it(tmp_path: Path, here: Here) -> None:
    remember = ToolCall("1", "remember", {"text": "doors close at six"})

    def play(request: Request) -> str | Completion:
        """A model that wants to change something as soon as nobody else looks."""
        alone = bool(here.shown)
        if request.purpose == "act":
            return Completion("", tool_calls=(remember,) if alone else ())
        route = "act" if alone else "answer"
        return (
            f'{{"question": "hotels?", "route": "{route}", "queries": ["hotels"], "enough": true, "supported": true}}'
        )

    async with opened(tmp_path, here, ScriptedModel(play)) as app:
        await app.desk.mention(mention())
        assert run_id("e1") in here.shown
        await app.desk.press(pressed())
        assert [text for _, text in here.whispers] == [private.CHANGES]
        assert await app.ledger.pending() == []


async def test_whoever_can_not_be_told_is_no_error(app: App, here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    async def gone(place: Place, person: Person, reply: Reply) -> None:
        raise ChatGone("no direct messages")

    await app.desk.mention(mention(text=QUESTION))
    monkeypatch.setattr(here, "whisper", gone)
    await app.desk.press(pressed())
    assert here.whispers == []
