"""The product is killed with SIGKILL while it reads a channel back: the next process goes on where it was."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.chaos.test_slack import product
from tests.servers.slack import Message, RateLimits
from tests.servers.slack.limits import Meter

SAID = 40


@pytest.mark.timeout(180)
async def test_a_process_that_is_killed_while_it_reads_a_channel_back_is_gone_on_from(tmp_path: Path) -> None:
    records = tmp_path / "home" / "records.sqlite"

    def ask(statement: str) -> tuple[int, ...]:
        with closing(sqlite3.connect(records, timeout=10)) as database, database:
            return tuple(database.execute(statement).fetchone() or ())

    async def until(statement: str, answer: tuple[int, ...]) -> None:
        async with asyncio.timeout(60):
            while ask(statement) != answer:
                await asyncio.sleep(0.1)

    async with product(tmp_path) as (slack, bot):
        room, ada = slack.channel("room-0"), slack.user("ada")
        slack.posted += [Message(slack.clock.ts(), room.id, ada.id, f"word {number}") for number in range(SAID)]
        slack.meter.rates = RateLimits.outside_marketplace()
        await (await slack.slash("ada", "room-0", "/knowledge", "add here")).done(20)
        await slack.until(lambda: any("Added" in one.text for one in slack.posted if one.ephemeral_to), 20)
        await until("SELECT count(*) FROM said", (15,))
        await until("SELECT count(*) FROM sources WHERE due_at IS NOT NULL", (1,))
        await bot.kill()
        assert ask("SELECT whole FROM channels") == (0,)
        calls = len(slack.called("conversations.history"))
        slack.meter = Meter(RateLimits.off())  # the minute has passed
        ask("UPDATE sources SET due_at = 0 WHERE kind = 'channel'")
        await bot.start()
        await until("SELECT count(*), (SELECT whole FROM channels) FROM said", (SAID, 1))
        assert len(slack.called("conversations.history")) - calls == 1
        assert slack.violations == []
