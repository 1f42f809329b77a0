"""What happens to a mention while the world around it changes: edited, deleted, thrown out, with files, among strangers."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Collection
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from agent.models import Completion, Request
from agent.models.scripted import ScriptedModel
from bot.app import App, open_app
from bot.chat import (
    Action,
    ChatGone,
    ChatRefused,
    File,
    Membership,
    Mention,
    Openness,
    Person,
    Place,
    Press,
    Readers,
    Reply,
    Said,
    Withdrawal,
)
from bot.desk import run_id
from bot.rendering import UNKNOWN_STEPS
from bot.settings import Settings
from tests.end_to_end.conftest import write_handbook

MEI = Person("here/mei", "Mei")
THREAD = Place("here", "local", "general", "t1")
QUESTION = "how much may hotels cost a night?"
PIRATES = "who flies the pirate flag?"


class Here:
    """A chat in memory; ``hold`` keeps every status from returning, ``gone`` closes the place."""

    platform = "here"

    def __init__(self) -> None:
        self.shown: dict[str, Reply] = {}
        self.order: list[str] = []
        self.whispers: list[tuple[str, str]] = []
        self.said: list[Said] = []
        self.files: dict[str, bytes] = {}
        self.hold = asyncio.Event()
        self.hold.set()
        self.waits = asyncio.Event()
        self.gone = False
        self.outsiders = False

    async def status(self, place: Place, text: str) -> None:
        if not self.hold.is_set():
            self.waits.set()
        await self.hold.wait()

    async def show(self, place: Place, key: str, reply: Reply) -> None:
        if self.gone:
            raise ChatGone("the bot was removed")
        self.shown[key] = reply
        self.order.append(key)

    async def retract(self, place: Place, key: str) -> None:
        self.shown.pop(key, None)

    async def whisper(self, place: Place, person: Person, reply: Reply) -> None:
        self.whispers.append((person.id, reply.text))

    async def channel(self, near: Place, name: str, person: Person) -> Place | None:
        return None

    async def name(self, near: Place, person: str) -> str:
        return {"here/u1": "Ann", "here/u2": "Bob"}.get(person, "")

    async def readers(self, place: Place) -> Readers:
        return Readers(Openness.WORKSPACE, self.outsiders)

    async def membership(self, near: Place, person: Person, channels: Collection[str]) -> Membership:
        return Membership(frozenset({near.workspace_key}))

    async def history(self, place: Place, before: float, limit: int) -> list[Said]:
        return [one for one in self.said if one.at < before][-limit:]

    async def read(self, place: Place, file: File) -> bytes:
        if file.reference not in self.files:
            raise ChatRefused("the file is gone")
        return self.files[file.reference]

    async def close(self) -> None: ...


@pytest.fixture
def here() -> Here:
    return Here()


@pytest.fixture
async def app(tmp_path: Path, here: Here) -> AsyncIterator[App]:
    async with assistant(tmp_path, here) as opened:
        yield opened


def assistant(tmp_path: Path, here: Here, model: ScriptedModel | None = None, **more: object):  # type: ignore[no-untyped-def]
    from contextlib import asynccontextmanager

    async def resume(run: str, place: str, cause: str) -> None:
        """Nothing waits."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[App]:
        write_handbook(tmp_path / "handbook")
        settings = Settings(home=tmp_path / "home", embedder="hashing", **more)  # type: ignore[arg-type]  # by name
        async with open_app(settings, resume, model=model) as app:
            app.chats[here.platform] = here
            await app.knowledge.sync(await app.knowledge.add("folder", str(tmp_path / "handbook")))
            await app.knowledge.embed()
            yield app

    return opened()


def mention(event: str = "e1", text: str = QUESTION, **more: object) -> Mention:
    about: dict[str, object] = {"message": "m" + event[1:].partition(":")[0], **more}
    return Mention(event, THREAD, MEI, text, 1_000.0, **about)  # type: ignore[arg-type]  # fields of a mention by name


def edit(event: str) -> Withdrawal:
    """The message m1 says something else now, which is this event."""
    return Withdrawal(f"{event}:edited", THREAD, "m1", stands=event)


async def held(app: App, here: Here, asked: Mention) -> asyncio.Task[None]:
    """A mention that is taken up, and goes on with `here.hold`."""
    here.hold.clear()
    running = asyncio.create_task(app.desk.mention(asked))
    await asyncio.wait_for(here.waits.wait(), 10)
    return running


async def test_a_message_deleted_before_it_is_taken_up_is_not_answered(app: App, here: Here) -> None:
    await app.desk.withdraw(Withdrawal("d1", THREAD, "m1"))
    await app.desk.mention(mention())
    assert here.shown == {}
    assert await app.desk.answer(run_id("e1")) is None


async def test_a_message_deleted_while_it_is_being_answered_gets_no_answer(app: App, here: Here) -> None:
    running = await held(app, here, mention())
    here.hold.set()
    here.hold = asyncio.Event()
    await asyncio.sleep(0.2)
    await app.desk.withdraw(Withdrawal("d1", THREAD, "m1"))
    here.hold.set()
    await asyncio.wait_for(running, 10)
    assert here.shown == {}


async def test_a_message_deleted_while_its_run_is_being_prepared_gets_no_answer(app: App, here: Here) -> None:
    running = await held(app, here, mention())
    await app.desk.withdraw(Withdrawal("d1", THREAD, "m1"))
    here.hold.set()
    await asyncio.wait_for(running, 10)
    assert here.shown == {}


async def test_an_edited_message_is_answered_once_as_it_was_edited(app: App, here: Here) -> None:
    await app.desk.withdraw(edit("e1:2"))
    await app.desk.mention(mention())
    await app.desk.mention(mention("e1:2", PIRATES, edited=True))
    assert list(here.shown) == [run_id("e1:2")]
    assert next(entry.text for entry in await app.records.transcript(THREAD)) == PIRATES


async def test_edited_twice_while_it_is_being_answered_only_the_last_version_is(app: App, here: Here) -> None:
    running = await held(app, here, mention())
    await app.desk.withdraw(edit("e1:2"))
    await app.desk.withdraw(edit("e1:3"))
    here.hold.set()
    await running
    await app.desk.mention(mention("e1:2", "who waters the garden?", edited=True))
    await app.desk.mention(mention("e1:3", PIRATES, edited=True))
    assert list(here.shown) == [run_id("e1:3")]


async def test_edited_again_while_the_first_edit_is_being_answered_only_the_last_version_is(
    app: App, here: Here
) -> None:
    await app.desk.withdraw(edit("e1:2"))
    await app.desk.mention(mention())
    running = await held(app, here, mention("e1:2", "who waters the garden?", edited=True))
    await app.desk.withdraw(edit("e1:3"))
    here.hold.set()
    await running
    await app.desk.mention(mention("e1:3", PIRATES, edited=True))
    assert list(here.shown) == [run_id("e1:3")]


async def test_an_edit_that_is_taken_up_before_the_first_version_is_withdrawn_is_answered(app: App, here: Here) -> None:
    running = await held(app, here, mention("e1:2", PIRATES, edited=True))
    await app.desk.withdraw(edit("e1:2"))
    here.hold.set()
    await running
    assert list(here.shown) == [run_id("e1:2")]


async def test_the_edit_of_an_edit_that_was_answered_changes_nothing(app: App, here: Here) -> None:
    await app.desk.withdraw(edit("e1:2"))
    await app.desk.mention(mention("e1:2", PIRATES, edited=True))
    await app.desk.withdraw(edit("e1:3"))
    await app.desk.mention(mention("e1:3", edited=True))
    await app.desk.mention(mention())
    assert list(here.shown) == [run_id("e1:2")]


async def test_what_was_answered_and_then_edited_is_shown_again_after_a_crash(app: App, here: Here) -> None:
    await app.desk.mention(mention())
    await app.desk.withdraw(edit("e1:2"))
    here.shown.clear()
    await app.desk.mention(mention())
    assert list(here.shown) == [run_id("e1")]


async def test_an_edit_of_what_waits_for_a_decision_changes_nothing(app: App, here: Here) -> None:
    await app.desk.mention(mention(text="remember that doors close at six"))
    await app.desk.withdraw(edit("e1:2"))
    await app.desk.mention(mention("e1:2", "remember that doors close at seven", edited=True))
    assert [row.arguments["text"] for row in await app.ledger.pending()] == ["doors close at six"]


async def test_a_message_that_was_stopped_and_then_edited_is_answered(app: App, here: Here) -> None:
    await app.desk.withdraw(Withdrawal("s1", THREAD, "m1"))
    await app.desk.mention(mention())
    await app.desk.withdraw(edit("e1:2"))
    await app.desk.mention(mention("e1:2", PIRATES, edited=True))
    assert list(here.shown) == [run_id("e1:2")]


@pytest.mark.parametrize("trouble", ["time", "error"])
async def test_what_breaks_after_another_replica_heard_of_the_withdrawal_is_not_shown(
    tmp_path: Path, here: Here, trouble: str
) -> None:
    began = asyncio.Event()

    class Breaking(ScriptedModel):
        async def stream(self, request: Request) -> AsyncGenerator[str | Completion]:
            began.set()
            await asyncio.sleep(0.5 if trouble == "error" else 60)
            raise ValueError("nobody foresaw this")
            yield ""

    async with assistant(tmp_path, here, Breaking(lambda request: ""), run_seconds=2) as app:
        running = asyncio.create_task(app.desk.mention(mention()))
        await asyncio.wait_for(began.wait(), 10)
        await app.records.withdraw(THREAD, "m1", "")
        await asyncio.wait_for(running, 10)
        assert here.shown == {}
        await app.desk.mention(mention("e2"))
        assert list(here.shown) == [run_id("e2")], "it breaks for whoever still waits, who is told so"


async def test_of_an_answered_run_only_the_last_step_is_kept(app: App, here: Here, tmp_path: Path) -> None:
    await app.desk.mention(mention())
    with closing(sqlite3.connect(tmp_path / "home" / "checkpoints.sqlite")) as kept:
        assert kept.execute("SELECT COUNT(*), COUNT(DISTINCT thread_id) FROM checkpoints").fetchone() == (1, 1)
        assert kept.execute("SELECT COUNT(*) FROM writes").fetchone() == (0,)
    assert await app.desk.answer(run_id("e1"))


async def test_of_a_run_that_waits_every_step_is_kept(app: App, here: Here) -> None:
    await app.desk.mention(mention(text="remember that the build is green"))
    assert await app.desk.answer(run_id("e1")) is None
    (approval,) = await app.ledger.by_run(run_id("e1"))
    await app.desk.press(Press("p1", THREAD, MEI, Action.REJECT, approval.id, 1_001.0))
    await app.desk.resume(run_id("e1"))
    answer = await app.desk.answer(run_id("e1"))
    assert answer
    assert answer["actions"][0]["state"] == "rejected"


async def test_an_edit_after_the_answer_changes_nothing(app: App, here: Here) -> None:
    await app.desk.mention(mention())
    await app.desk.withdraw(edit("e1:2"))
    await app.desk.mention(mention("e1:2", PIRATES, edited=True))
    assert list(here.shown) == [run_id("e1")]
    assert next(entry.text for entry in await app.records.transcript(THREAD)) == QUESTION


async def test_whoever_asked_where_the_assistant_was_thrown_out_is_told_so(app: App, here: Here) -> None:
    here.gone = True
    await app.desk.mention(mention())
    assert [who for who, _ in here.whispers] == [MEI.id]
    assert "removed from that channel" in here.whispers[0][1]


async def test_what_was_said_in_the_thread_before_is_part_of_the_question(tmp_path: Path, here: Here) -> None:
    asked: list[str] = []

    def play(request: Request) -> str:
        asked.extend(message.content for message in request.messages)
        return '{"question": "how much may hotels cost a night?", "route": "answer", "queries": ["hotels"], "enough": true}'

    here.said = [
        Said("t1", Person("here/ann", "Ann"), "Hotels in Oslo are dear.", 900.0),
        Said("m2", MEI, "And the food?", 950.0),
        Said("e1", MEI, "@footnote so what may it cost?", 1_000.0),
    ]
    async with assistant(tmp_path, here, ScriptedModel(play)) as app:
        await app.desk.mention(mention(text="so what may it cost?"))
    assert any("Ann: Hotels in Oslo are dear." in words and "And the food?" in words for words in asked)


async def test_attached_files_are_read_and_those_that_cannot_be_are_named(app: App, here: Here) -> None:
    here.files = {"f1": b"# Rota\n\nOn Friday Bob brings the cake.", "f2": b"\0\1\2"}
    files = (File("rota.md", "f1"), File("blob.md", "f2"), File("lost.txt", "f3"), File("film.txt", "f4", 10**9))
    await app.desk.mention(mention(text="who brings the cake on Friday?", files=files))
    answer = here.shown[run_id("e1")]
    assert "Bob brings the cake" in answer.text
    assert answer.footnotes[0].title == "rota.md"
    assert [note.split(":")[1].strip() for note in answer.notes if note.startswith("Not read")] == [
        "blob.md",
        "lost.txt",
        "film.txt",
    ]


async def test_where_strangers_are_only_what_is_public_is_found(app: App, here: Here) -> None:
    await app.desk.mention(mention(outsiders=True))
    assert "I don't know" in here.shown[run_id("e1")].text
    await app.desk.mention(replace(mention("e2"), place=replace(THREAD, thread="t2")))
    assert "150 euros" in here.shown[run_id("e2")].text


async def test_a_run_that_waited_goes_on_for_those_who_read_along_by_then(app: App, here: Here) -> None:
    await app.desk.mention(mention(text="remember that doors close at six"))
    (waiting,) = await app.ledger.pending()
    here.outsiders = True
    await app.desk.press(Press("p1", THREAD, MEI, Action.APPROVE, waiting.id, 1_001.0))
    await app.desk.resume(waiting.run)
    state = await app.desk._graph.aget_state({"configurable": {"thread_id": waiting.run}})
    assert state.values["audience"] == [f"channel:{THREAD.channel_key}", "public"]
    assert [call["state"] for call in state.values["answer"]["actions"]] == ["done"]


async def test_who_may_decide_is_told_by_name(tmp_path: Path, here: Here) -> None:
    async with assistant(tmp_path, here, approvers="here/u1,here/u2") as app:
        await app.desk.mention(mention(text="remember that doors close at six"))
        (waiting,) = await app.ledger.pending()
        card = here.shown[here.order[-1]].card
        await app.desk.press(Press("p1", THREAD, MEI, Action.APPROVE, waiting.id, 1_001.0))
    assert card is not None
    assert card.outcome.endswith("Only Ann or Bob may decide.")
    assert here.whispers == [(MEI.id, "You can't decide this. Only Ann or Bob may decide.")]


def explain(run: str, person: Person = MEI, place: Place = THREAD) -> Press:
    return Press(f"x:{person.id}", place, person, Action.EXPLAIN, run, 2_000.0)


@pytest.mark.parametrize("question", [QUESTION, PIRATES])
async def test_how_an_answer_or_a_refusal_was_found_is_shown_to_whoever_asks_alone(
    app: App, here: Here, question: str
) -> None:
    await app.desk.mention(mention(text=question))
    run = run_id("e1")
    assert Action.EXPLAIN in [button.action for button in here.shown[run].buttons]
    ann, shown = Person("here/ann", "Ann"), list(here.order)
    await app.desk.press(explain(run, ann))
    [(whom, words)] = here.whispers
    assert whom == ann.id
    assert words.startswith("**How I found this**\n\n1. Searched for “")
    assert here.order == shown


async def test_how_an_answer_was_found_is_known_in_another_process_and_without_its_checkpoint(
    tmp_path: Path, here: Here
) -> None:
    async with assistant(tmp_path, here) as app:
        await app.desk.mention(mention())
        await app.desk.forget("e1")

    async def nobody(run: str, place: str, cause: str) -> None:
        """Nothing waits."""

    async with open_app(Settings(home=tmp_path / "home", embedder="hashing"), nobody) as app:
        app.chats[here.platform] = here
        await app.desk.press(explain(run_id("e1")))
    assert "Expense policy" in here.whispers[0][1]


async def test_how_it_was_found_is_told_where_it_stands_and_nowhere_else(app: App, here: Here) -> None:
    await app.desk.mention(mention())
    await app.desk.press(explain(run_id("e1"), place=replace(THREAD, channel="random")))
    await app.desk.press(explain(run_id("never"), Person("here/ann", "Ann")))
    assert {words for _, words in here.whispers} == {UNKNOWN_STEPS}
