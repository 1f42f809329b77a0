"""The report of a night in the operators' channel on Discord: its picture, its sentences, its buttons."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.end_to_end.test_discord import Team, team
from tests.end_to_end.test_discord_digests import seen
from tests.nights import two_nights
from tests.servers.discord import Discord, Message, P
from tests.servers.discord.models import Channel, walk

GALLERY = 12


@pytest.fixture
async def discord() -> AsyncIterator[Discord]:
    async with Discord(rate_limits=False) as server:
        server.add_channel("ops")
        yield server


@pytest.fixture
def ops(discord: Discord) -> Channel:
    return discord.channel("ops")


@pytest.fixture
async def here(discord: Discord, ops: Channel, tmp_path: Path) -> AsyncIterator[Team]:
    async with team(discord, tmp_path, operators=f"discord/{discord.team.id}/{ops.id}") as made:
        yield made


def pictures(message: Message) -> list[dict[str, object]]:
    return [item for one in walk(message.components) if one["type"] == GALLERY for item in one["items"]]


async def test_a_report_comes_with_a_picture_of_the_trend_once(here: Team, ops: Channel) -> None:
    first, second = await two_nights(here.app.records.engine)
    await here.app.nightly.post()
    (report,) = here.said(ops)
    assert "0 of 20 cases passed (0%)." in seen(report).text
    assert "Worse than last night: cases passed 100.0 % → 0.0 %" in seen(report).text
    (file,) = report.attachments
    assert file.data.startswith(b"\x89PNG\r\n")
    (shown,) = pictures(report)
    assert shown["description"] == f"Cases passed: 100% on {first.id}, 0% on {second.id}"
    assert report.buttons == ["Accept as baseline", "Open the broken cases"]
    await here.discord.press("alice", report, "Open the broken cases")
    heard = lambda: [seen(one).text for one in here.discord.ephemerals(here.discord.alice)]  # noqa: E731
    (told,) = await here.discord.until(heard)
    assert "Before: It is 150." in told
    assert "Now: It is 90." in told
    before = len(here.discord.requests)
    await here.app.nightly.post()
    assert len(here.discord.requests) == before


async def test_where_no_file_may_be_attached_the_report_comes_without_a_picture(here: Team, ops: Channel) -> None:
    await here.discord.remove_permission(ops, P.ATTACH_FILES)
    await two_nights(here.app.records.engine)
    await here.app.nightly.post()
    (report,) = here.said(ops)
    assert "0 of 20 cases passed (0%)." in seen(report).text
    assert "█▁" in seen(report).text
    assert report.buttons == ["Accept as baseline", "Open the broken cases"]
    assert (report.attachments, pictures(report)) == ([], [])


async def test_a_picture_whose_answer_was_lost_is_shown_once(here: Team, ops: Channel) -> None:
    here.discord.fail("POST /channels/{channel_id}/messages", "drop", 1, after=True)
    await two_nights(here.app.records.engine)
    await here.app.nightly.post()
    (report,) = here.said(ops)
    assert len(report.attachments) == len(pictures(report)) == 1
