"""What only the terminal can show."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from bot.chat import Card, Place, Reply
from bot.terminal import Terminal
from tests.contract.stages import ANSWER, DECIDED, MEI, NOTE, WAITING
from tests.contract.stages.terminal import OnTerminal
from tests.contract.stages.terminal import on_terminal as opened


@pytest.fixture
async def on_terminal(tmp_path: Path) -> AsyncIterator[OnTerminal]:
    async with opened(tmp_path) as stage:
        yield stage


async def test_the_terminal_prints_the_same_message_once(on_terminal: OnTerminal) -> None:
    for _ in range(3):
        await on_terminal.say("answer", ANSWER)
        await on_terminal.say("card", WAITING)
    for line in ("The garden opens at nine. [1]", "[1] Garden", "Doors close at six."):
        assert on_terminal.text().count(line) == 1


async def test_the_terminal_quotes_a_source_where_the_answer_says_it_otherwise(on_terminal: OnTerminal) -> None:
    await on_terminal.say("quoted", ANSWER)
    assert on_terminal.text().count("The garden opens at nine.") == 1
    await on_terminal.say("written", replace(ANSWER, text="From nine on it is open. [1]"))
    assert on_terminal.text().count("The garden opens at nine.") == 2


async def test_a_card_that_stands_above_is_not_drawn_again(on_terminal: OnTerminal) -> None:
    await on_terminal.say("card", WAITING)
    await on_terminal.say("card", DECIDED)
    assert on_terminal.text().count("Doors close at six.") == 1
    assert "Approved by Ann." in on_terminal.text()


async def test_the_terminal_shows_times_on_its_own_clock(on_terminal: OnTerminal) -> None:
    assert WAITING.card
    waiting = replace(WAITING.card, outcome="Waits for a decision until 02 May 2026, 08:00 UTC.")
    await on_terminal.say("card", replace(WAITING, card=waiting))
    assert "UTC" not in on_terminal.text()
    assert "May 2026" in on_terminal.text()


async def test_the_terminal_shows_a_card_with_all_that_is_decided_on(on_terminal: OnTerminal) -> None:
    await on_terminal.say("card", WAITING)
    for part in ("Remember “doors”", "Text: Doors close at six.", "Waits for a decision.", "f00d"):
        assert part in on_terminal.text()


@pytest.mark.parametrize("hidden", ["\x1b[2J", "\x1b]0;owned\x07", "\x9b2J", "\b\b\b", "\u202e"])
async def test_what_is_shown_in_the_terminal_can_not_steer_it(on_terminal: OnTerminal, hidden: str) -> None:
    text = f"before{hidden}after"
    await on_terminal.say("answer", Reply(text, (replace(NOTE, quote=text, title=text),), notes=(text,)))
    await on_terminal.say("card", Reply(text, card=Card(text, ((text, text),), text, "proposed", text)))
    await on_terminal.chat.whisper(on_terminal.place, MEI, Reply(text))
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
