"""What every adapter of the port `Chat` promises; after it, what only one of them can show.

That no event of a bot is delivered, and what a press carries, is seen from outside (tests/end_to_end).
"""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest
from rich.console import Console

from bot.chat import ASSISTANT, Action, Button, Card, Chat, Field, Footnote, Form, Person, Place, Reply
from bot.console.adapter import Change, ConsoleChat, channel
from bot.records import Records, open_engine, sqlite_url
from bot.tables import metadata
from bot.terminal import Terminal

MEI = Person("somewhere/mei", "Mei")
BOB = Person("somewhere/bob", "Bob")
NOTE = Footnote(1, "file:garden.md", "Garden", "file:///garden.md", 4, 30, "The garden opens at nine.")
ANSWER = Reply(
    "The garden opens at nine. [1]",
    footnotes=(NOTE,),
    buttons=(
        Button(Action.HELPFUL, "run", "👍"),
        Button(
            Action.UNHELPFUL,
            "run",
            "👎",
            form=Form("What was wrong?", (Field("reason", "Why?", "multiline", 3, True, ("a", "b"), "Read."),)),
        ),
    ),
    notes=("Searched for “garden”; cites 1 document.",),
)
WAITING = Reply(
    "Remember “doors”",
    buttons=(Button(Action.APPROVE, "approval", "Approve", "primary"),),
    card=Card("Remember “doors”", (("Text", "Doors close at six."),), "f00d", "proposed", "Waits for a decision."),
)
DECIDED = Reply(
    "Remember “doors”",
    card=Card("Remember “doors”", (("Text", "Doors close at six."),), "f00d", "done", "Approved by Ann."),
)


class Stage(Protocol):
    """An adapter and what people see of it."""

    chat: Chat
    place: Place
    known: str
    """A channel that is there; empty where the platform has none."""

    async def restart(self) -> None:
        """Go on as a new process would."""
        ...

    async def say(self, key: str, reply: Reply) -> None:
        """Show a message as the desk does: what is final stands in the records before."""
        ...

    async def messages(self) -> dict[str, Reply]: ...

    async def status(self) -> str: ...

    def heard(self, person: Person) -> list[str]:
        """What was whispered to a person."""
        ...

    async def is_quiet(self) -> bool:
        """Whether nothing reaches anybody any more by itself."""
        ...


class OnConsole:
    known = "research"

    def __init__(self, records: Records) -> None:
        self.place = replace(channel("general"), thread="t1")
        self.chat = ConsoleChat(records)
        self.records = records
        self.changes: list[Change] = []
        self.chat.listen(self.changes.append)

    async def restart(self) -> None:
        await self.chat.close()
        self.chat = ConsoleChat(self.records)
        self.chat.listen(self.changes.append)

    async def say(self, key: str, reply: Reply) -> None:
        if reply.final:
            await self.records.say(self.place, key, ASSISTANT, reply.text, 1_000.0, reply)
        await self.chat.show(self.place, key, reply)

    async def messages(self) -> dict[str, Reply]:
        written = {one.key: one.reply for one in await self.records.transcript(self.place) if one.reply is not None}
        return written | {key: reply for key, (place, reply) in self.chat.partial.items() if place == self.place}

    async def status(self) -> str:
        return self.chat.statuses.get(self.place.key, "")

    def heard(self, person: Person) -> list[str]:
        return [change.text for change in self.changes if change.person == person.id]

    async def is_quiet(self) -> bool:
        before = len(self.changes)
        await self.records.say(self.place, "late", ASSISTANT, ANSWER.text, 1_000.0, ANSWER)
        return len(self.changes) == before


class OnTerminal:
    known = ""

    def __init__(self) -> None:
        self.place = Place("terminal", "local", "terminal", "t1")
        self._open()

    def _open(self) -> None:
        self._screen = io.StringIO()
        environment = {"TERM": "xterm"}
        self.chat = Terminal(
            Console(file=self._screen, force_terminal=True, color_system=None, width=100, _environ=environment)
        )

    async def restart(self) -> None:
        await self.chat.close()
        self._open()

    async def say(self, key: str, reply: Reply) -> None:
        await self.chat.show(self.place, key, reply)

    async def messages(self) -> dict[str, Reply]:
        return self.chat.replies

    def written(self) -> str:
        """Everything that was sent to the terminal."""
        return self._screen.getvalue()

    def text(self) -> str:
        """What was written, without what moves the cursor."""
        return re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", self.written())

    async def status(self) -> str:
        """The cursor is hidden for as long as a status is live; the first frame comes a moment after that."""
        while not await self.is_quiet():
            if shown := re.findall(r"(\w[\w ]*)…", self.written().rpartition("\x1b[?25l")[2]):
                return str(shown[-1])
            await asyncio.sleep(0.01)
        return ""

    def heard(self, person: Person) -> list[str]:
        return [line.strip() for line in self.text().splitlines()] if person == MEI else []

    async def is_quiet(self) -> bool:
        return self.written().rfind("\x1b[?25l") <= self.written().rfind("\x1b[?25h")


@pytest.fixture
async def on_console(tmp_path: Path) -> AsyncIterator[OnConsole]:
    engine = open_engine(sqlite_url(tmp_path / "records.sqlite"))
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    stage = OnConsole(Records(engine))
    yield stage
    await stage.chat.close()
    await engine.dispose()


@pytest.fixture
async def on_terminal() -> AsyncIterator[OnTerminal]:
    stage = OnTerminal()
    yield stage
    await stage.chat.close()


@pytest.fixture(params=["console", "terminal"])
def stage(request: pytest.FixtureRequest) -> Stage:
    made: Stage = request.getfixturevalue(f"on_{request.param}")
    return made


async def test_an_adapter_names_the_platform_of_its_places(stage: Stage) -> None:
    assert stage.chat.platform == stage.place.platform


async def test_a_status_is_shown_until_the_next_one(stage: Stage) -> None:
    assert await stage.status() == ""
    await stage.chat.status(stage.place, "Reading")
    assert await stage.status() == "Reading"
    await stage.chat.status(stage.place, "Writing")
    assert await stage.status() == "Writing"


async def test_an_empty_status_clears_it_and_may_come_twice(stage: Stage) -> None:
    await stage.chat.status(stage.place, "Reading")
    for _ in range(2):
        await stage.chat.status(stage.place, "")
        assert await stage.status() == ""


@pytest.mark.parametrize("reply", [ANSWER, WAITING])
async def test_a_status_is_gone_once_the_message_it_announced_is_there(stage: Stage, reply: Reply) -> None:
    await stage.chat.status(stage.place, "Writing")
    await stage.say("answer", reply)
    assert await stage.status() == ""


async def test_a_status_stays_while_the_message_streams(stage: Stage) -> None:
    await stage.chat.status(stage.place, "Writing")
    await stage.say("answer", Reply("The garden", final=False))
    assert await stage.status() == "Writing"


async def test_a_status_is_kept_nowhere(stage: Stage) -> None:
    await stage.chat.status(stage.place, "Reading")
    assert await stage.messages() == {}
    await stage.restart()
    assert await stage.status() == ""


@pytest.mark.parametrize("reply", [ANSWER, WAITING])
async def test_a_message_and_its_buttons_are_what_was_given(stage: Stage, reply: Reply) -> None:
    await stage.say("answer", reply)
    assert await stage.messages() == {"answer": reply}


async def test_messages_of_two_keys_are_two(stage: Stage) -> None:
    await stage.say("one", ANSWER)
    await stage.say("two", ANSWER)
    assert await stage.messages() == {"one": ANSWER, "two": ANSWER}


async def test_a_card_in_a_new_state_replaces_the_old_one(stage: Stage) -> None:
    await stage.say("card", WAITING)
    await stage.say("card", DECIDED)
    assert await stage.messages() == {"card": DECIDED}


async def test_a_message_shown_again_is_still_one(stage: Stage) -> None:
    for _ in range(3):
        await stage.say("answer", ANSWER)
    assert await stage.messages() == {"answer": ANSWER}


async def test_after_a_restart_a_message_shown_again_is_still_one(stage: Stage) -> None:
    await stage.say("card", WAITING)
    await stage.restart()
    await stage.say("card", DECIDED)
    assert await stage.messages() == {"card": DECIDED}


async def test_what_streams_is_replaced_by_what_is_final(stage: Stage) -> None:
    for text in ("The garden", "The garden opens"):
        await stage.say("answer", Reply(text, final=False))
    await stage.say("answer", ANSWER)
    assert await stage.messages() == {"answer": ANSWER}


async def test_what_streamed_and_was_cut_off_is_not_kept(stage: Stage) -> None:
    await stage.say("answer", Reply("The garden", final=False))
    await stage.restart()
    assert await stage.messages() == {}


@pytest.mark.parametrize(
    "text", ["", "[/red] [bold]x", "<script>alert(1)</script>", "\x1b[2J\x00", "出差", "# " * 2_000]
)
async def test_a_message_of_strange_signs_is_only_a_message(stage: Stage, text: str) -> None:
    reply = replace(ANSWER, text=text, notes=(text,), footnotes=(replace(NOTE, quote=text, title=text),))
    await stage.say("answer", reply)
    await stage.chat.whisper(stage.place, MEI, text)
    await stage.chat.status(stage.place, text)
    assert (await stage.messages())["answer"] == reply


async def test_a_whisper_reaches_one_person_and_is_no_message(stage: Stage) -> None:
    await stage.chat.whisper(stage.place, MEI, "Ann has approved this already.")
    assert stage.heard(MEI) == ["Ann has approved this already."]
    assert stage.heard(BOB) == []
    assert await stage.messages() == {}


@pytest.mark.parametrize("name", ["nowhere", "", "general/t1", "*"])
async def test_a_channel_that_is_not_there_is_none(stage: Stage, name: str) -> None:
    assert await stage.chat.channel(stage.place, name) is None


async def test_a_channel_that_is_there_is_its_top_level_in_the_same_workspace(stage: Stage) -> None:
    found = await stage.chat.channel(stage.place, stage.known)
    expected = Place(stage.place.platform, stage.place.workspace, stage.known) if stage.known else None
    assert found == expected


async def test_a_closed_adapter_is_quiet_and_closing_it_again_is_no_error(stage: Stage) -> None:
    await stage.chat.status(stage.place, "Reading")
    await stage.chat.close()
    assert await stage.is_quiet()
    await stage.chat.close()


@pytest.mark.parametrize("thread", ["", "t1", "a/b"])
def test_a_place_is_found_again_by_its_key(thread: str) -> None:
    place = Place("console", "local", "general", thread)
    assert Place.parse(place.key) == place


async def test_the_console_keeps_the_status_of_each_place_apart(on_console: OnConsole) -> None:
    other = replace(on_console.place, thread="t2")
    await on_console.chat.status(on_console.place, "Reading")
    await on_console.chat.status(other, "Writing")
    await on_console.chat.show(other, "answer", ANSWER)
    assert on_console.chat.statuses == {on_console.place.key: "Reading"}


async def test_open_pages_of_the_console_are_told_what_changed_until_they_close(on_console: OnConsole) -> None:
    seen: list[Change] = []
    stop = on_console.chat.listen(seen.append)
    await on_console.chat.status(on_console.place, "Writing")
    await on_console.say("answer", Reply("The garden", final=False))
    stop()
    await on_console.say("answer", ANSWER)
    assert [(change.place, change.key) for change in seen] == [(on_console.place, ""), (on_console.place, "answer")]


async def test_open_pages_of_the_console_hear_when_a_status_went_with_its_message(on_console: OnConsole) -> None:
    await on_console.chat.status(on_console.place, "Writing")
    on_console.changes.clear()
    await on_console.say("answer", ANSWER)
    assert "" in [change.key for change in on_console.changes]


async def test_pages_of_the_console_hear_nothing_of_other_platforms(on_console: OnConsole) -> None:
    elsewhere = Place("terminal", "local", "terminal", "t1")
    await on_console.records.say(elsewhere, "answer", ASSISTANT, ANSWER.text, 1_000.0, ANSWER)
    assert on_console.changes == []


async def test_channels_of_the_console_are_found_in_any_case_and_exactly_first(on_console: OnConsole) -> None:
    for name in ("Plans", "plans", "PLANS"):
        await on_console.records.say(channel(name), name, MEI, "hello", 1_000.0)
    found = {name: await on_console.chat.channel(on_console.place, name) for name in ("Plans", "plans", "GENERAL")}
    assert found == {"Plans": channel("Plans"), "plans": channel("plans"), "GENERAL": channel("general")}


async def test_the_terminal_prints_the_same_message_once(on_terminal: OnTerminal) -> None:
    for _ in range(3):
        await on_terminal.say("answer", ANSWER)
        await on_terminal.say("card", WAITING)
    for line in ("The garden opens at nine. [1]", "[1] Garden — The garden opens at nine.", "Doors close at six."):
        assert on_terminal.text().count(line) == 1


async def test_the_terminal_shows_a_card_with_all_that_is_decided_on(on_terminal: OnTerminal) -> None:
    await on_terminal.say("card", WAITING)
    for part in ("Remember “doors”", "Text: Doors close at six.", "Waits for a decision.", "f00d"):
        assert part in on_terminal.text()


@pytest.mark.parametrize("hidden", ["\x1b[2J", "\x1b]0;owned\x07", "\x9b2J", "\b\b\b", "\u202e"])
async def test_what_is_shown_in_the_terminal_can_not_steer_it(on_terminal: OnTerminal, hidden: str) -> None:
    text = f"before{hidden}after"
    await on_terminal.say("answer", Reply(text, (replace(NOTE, quote=text, title=text),), notes=(text,)))
    await on_terminal.say("card", Reply(text, card=Card(text, ((text, text),), text, "proposed", text)))
    await on_terminal.chat.whisper(on_terminal.place, MEI, text)
    await on_terminal.chat.status(on_terminal.place, text)
    await on_terminal.chat.close()
    assert hidden not in on_terminal.written()
    assert on_terminal.text().count("before�") >= 10


async def test_a_terminal_that_is_a_file_gets_no_status(tmp_path: Path) -> None:
    with (tmp_path / "out.txt").open("w+") as out:
        terminal = Terminal(Console(file=out))
        place = Place("terminal", "local", "terminal", "t1")
        await terminal.status(place, "Reading")
        await terminal.show(place, "answer", ANSWER)
        out.seek(0)
        assert "Reading" not in out.read()
