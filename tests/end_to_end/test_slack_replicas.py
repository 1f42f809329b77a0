"""Two processes with one app on one PostgreSQL: Slack tells either of them, and people see everything once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.contract.stages.slack import app_of_manifest, read
from tests.end_to_end.conftest import write_handbook
from tests.end_to_end.on_slack import HOTELS
from tests.end_to_end.replicas import started
from tests.servers.slack import Message, RateLimits, Slack, Timing

ROOMS = 4


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    timing = Timing(ack=20, retries=(0.5, 2.0, 5.0))
    async with Slack(app_of_manifest(), rates=RateLimits.off(), timing=timing) as made:
        for number in range(ROOMS):
            made.add_channel(f"room-{number}", members=("ada", "ben"))
        yield made


@asynccontextmanager
async def replica(slack: Slack, home: Path, address: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """`footnote up`, connected."""
    platform = {
        "FOOTNOTE_SLACK_BOT_TOKEN": slack.bot_token,
        "FOOTNOTE_SLACK_APP_TOKEN": slack.app_token,
        "FOOTNOTE_SLACK_API_URL": slack.api_url,
    }
    before = slack.sockets.hellos
    async with started(home, address, **platform) as process:
        await slack.until(lambda: slack.sockets.hellos > before, 120)
        yield process


def said(slack: Slack, channel: str, thread: str | None = None) -> list[Message]:
    """What the assistant has said there and is not still being written."""
    there = slack.by_app(channel, thread)
    return [one for one in there if one.stream is None or one.stream.state != "in_progress"]


@pytest.mark.timeout(600)
async def test_a_question_by_command_is_posted_and_answered_once(slack: Slack, tmp_path: Path, address: str) -> None:
    write_handbook(tmp_path / "handbook")
    async with replica(slack, tmp_path / "one", address) as one, replica(slack, tmp_path / "two", address):
        slack.fail("users.info", hang=0.3, applied=True, times=1_000)  # each is handled for a while
        rooms = [f"room-{number}" for number in range(ROOMS)]
        for room in rooms * 2:
            await slack.slash("ada", room, "/ask", HOTELS)
        asked = await slack.mention("ben", "general", HOTELS)
        await slack.until(lambda: all(len(said(slack, room)) >= 4 for room in rooms), 240)
        await slack.until(lambda: said(slack, "general", asked.ts), 60)
        await asyncio.sleep(2)  # whatever would come twice has its chance
        for room in rooms:
            openings = [message for message in said(slack, room) if message.thread_ts is None]
            assert len(openings) == 2
            answers = [" ".join(read(said(slack, room, each.ts)[-1]).words) for each in openings]
            assert ["150 euros" in answer for answer in answers] == [True] * 2, answers
            assert len(said(slack, room)) == 4
        one.kill()
        await one.wait()
        again = await slack.mention("ben", "general", HOTELS)
        await slack.until(lambda: said(slack, "general", again.ts), 60)
        await asyncio.sleep(1)
        assert [len(said(slack, "general", each.ts)) for each in (asked, again)] == [1, 1]
