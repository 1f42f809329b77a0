"""What only the console can show."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.chat import ASSISTANT, Place, Reply
from bot.console.adapter import Change, channel
from tests.contract.stages import ANSWER, MEI
from tests.contract.stages.console import OnConsole
from tests.contract.stages.console import on_console as opened


@pytest.fixture
async def on_console(tmp_path: Path) -> AsyncIterator[OnConsole]:
    async with opened(tmp_path) as stage:
        yield stage


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
    found = {name: await on_console.chat.channel(on_console.place, name, MEI) for name in ("Plans", "plans", "GENERAL")}
    assert found == {"Plans": channel("Plans"), "plans": channel("plans"), "GENERAL": channel("general")}
