"""Whoever uses a slash command hears what came of it, also where that is an error."""

from __future__ import annotations

import sqlite3

import pytest
from structlog.testing import capture_logs

from bot.chat import ChatAway, Person, Place
from bot.commands import Invocation, commands
from bot.errors import APOLOGY
from retrieval.errors import RetrievalError

USED = Invocation(Place("slack", "T1", "C1"), Person("slack/T1/U1", "Ada"), "")


async def told(error: Exception) -> str:
    """What `/digest` tells where this goes wrong."""

    async def digest(invocation: Invocation) -> str:
        raise error

    listed = commands(None, None, digest)  # type: ignore[arg-type]  # only the digest runs
    run = next(one.run for one in listed if one.name == "digest")
    assert run is not None
    return await run(USED)


async def test_an_error_that_has_a_sentence_is_told_in_it() -> None:
    assert await told(RetrievalError("the store is away")) == "the store is away"
    assert "database is locked" in await told(sqlite3.OperationalError("database is locked"))


async def test_a_fault_of_ours_is_told_under_what_it_is_logged_and_without_its_words() -> None:
    with capture_logs() as lines:
        said = await told(ValueError("hush"))
    (line,) = lines
    assert said.startswith(APOLOGY)
    assert line["run"][:8] in said
    assert line["command"] == "digest"
    assert "hush" not in f"{said} {line}"


async def test_a_platform_that_is_away_is_left_to_its_adapter_which_tries_again() -> None:
    with pytest.raises(ChatAway):
        await told(ChatAway("away"))
