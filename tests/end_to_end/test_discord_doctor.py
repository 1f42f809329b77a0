"""What `footnote doctor` says of Discord, against a server that speaks its protocol."""

from __future__ import annotations

from bot.discord.doctor import examine_discord
from bot.settings import Settings
from tests.servers.discord import Discord


def settings(there: Discord, token: str) -> Settings:
    found = {"discord_token": token, "discord_api_url": there.api_url, "discord_gateway_url": there.gateway_url}
    return Settings.model_validate(found)


async def test_a_token_that_is_taken_and_the_intent_that_is_missing_are_said() -> None:
    for intent, state in ((True, "ok"), (False, "missing")):
        async with Discord(content_intent=intent) as there:
            assert [one.state async for one in examine_discord(settings(there, there.token))] == [state]


async def test_a_token_that_is_refused_is_one_line() -> None:
    async with Discord() as there:
        (found,) = [one async for one in examine_discord(settings(there, "nonsense"))]
    assert found.state == "wrong"
    assert "FOOTNOTE_DISCORD_TOKEN" in found.found
    assert "nonsense" not in found.found
