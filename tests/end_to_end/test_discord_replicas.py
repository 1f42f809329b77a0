"""Two processes with one token on one PostgreSQL: Discord tells both of everything, and people see it once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.end_to_end.conftest import write_handbook
from tests.end_to_end.replicas import started
from tests.end_to_end.test_discord import HOTELS
from tests.servers.discord import Discord, Message
from tests.servers.discord.models import Channel

ANSWERS = "POST /interactions/{interaction_id}/{token}/callback"


@asynccontextmanager
async def replica(discord: Discord, home: Path, address: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """`footnote up`, connected."""
    platform = {
        "FOOTNOTE_DISCORD_TOKEN": discord.token,
        "FOOTNOTE_DISCORD_API_URL": discord.api_url,
        "FOOTNOTE_DISCORD_GATEWAY_URL": discord.gateway_url,
    }
    before = discord.connected
    async with started(home, address, **platform) as process:
        await discord.until(lambda: discord.connected > before, within=120)
        yield process


def said(discord: Discord, channel: Channel | None) -> list[Message]:
    """What the assistant has said there and is final."""
    found = discord.messages(channel) if channel is not None else []
    return [one for one in found if one.author is discord.bot and one.components and "⏳" not in one.text]


async def answered(discord: Discord, asked: Message, times: int = 1) -> Message:
    await discord.until(lambda: len(said(discord, asked.thread)) >= times, within=30)
    return said(discord, asked.thread)[-1]


@pytest.mark.timeout(400)
async def test_whatever_happens_is_answered_once(tmp_path: Path, address: str) -> None:
    write_handbook(tmp_path / "handbook")
    async with (
        Discord(rate_limits=False, ack_within=20.0) as discord,
        replica(discord, tmp_path / "one", address) as one,
        replica(discord, tmp_path / "two", address),
    ):
        discord.deliver(duplicate=0.3, swap=0.3, seed=5)
        asked = [await discord.mention("alice", "general", HOTELS) for _ in range(8)]
        for message in asked:
            assert "150 euros" in (await answered(discord, message)).text
        used = await (await discord.slash("bob", "random", "ask", {"question": HOTELS})).answered(20)
        told = await (await discord.slash("bob", "random", "knowledge")).answered(20)
        assert used.response is not None
        assert "150 euros" in (await answered(discord, used.response)).text
        card = await answered(
            discord, wish := await discord.mention("alice", "news", "remember that doors close at six")
        )
        await (await discord.press("bob", said(discord, asked[0].thread)[0], "👍")).answered(20)
        await (await discord.press("bob", card, "Edit")).answered(20)
        await discord.until(lambda: discord.modals)
        await (await discord.press("carol", card, "Approve")).answered(20)
        await discord.until(lambda: "Done" in card.text, within=30)
        await answered(discord, wish, 2)
        await asyncio.sleep(2)  # whatever would come twice has its chance
        assert [len(said(discord, message.thread)) for message in asked] == [1] * 8
        assert [message.id for message in said(discord, discord.random)] == [used.response.id]
        assert len(said(discord, used.response.thread)) == 1
        assert [message.text for message in discord.ephemerals(discord.bob)] == [told.response.text, "Thanks, noted."]
        assert len(discord.modals) == 1
        refused = [request for request in discord.asked(ANSWERS) if request.status == 400]
        assert {request.answer["code"] for request in refused} == {40060}
        logs = [(tmp_path / name / "log").read_text() for name in ("one", "two")]
        assert [line for log in logs for line in log.splitlines() if "error" in line or "broke" in line] == []
        one.kill()
        await one.wait()
        assert "150 euros" in (await answered(discord, await discord.mention("alice", "general", HOTELS))).text
