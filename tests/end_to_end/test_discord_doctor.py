"""What `footnote doctor` says of Discord, against a server that speaks its protocol."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.discord.doctor import examine_discord
from bot.discord.invitation import invitation
from bot.doctor import Finding
from bot.settings import Settings
from tests.servers.discord import Discord
from tests.servers.discord.permissions import USUAL, P

DOCS = Path(__file__).parents[2] / "docs" / "discord.md"


def settings(there: Discord, token: str) -> Settings:
    found = {"discord_token": token, "discord_api_url": there.api_url, "discord_gateway_url": there.gateway_url}
    return Settings.model_validate(found)


async def found(there: Discord, token: str = "") -> list[Finding]:
    return [one async for one in examine_discord(settings(there, token or there.token))]


async def test_a_token_that_is_taken_and_the_intent_that_is_missing_are_said() -> None:
    for intent, state in ((True, "ok"), (False, "missing")):
        async with Discord(content_intent=intent) as there:
            taken, server = await found(there)
            assert taken.state == state
            assert (server.state, server.found) == ("ok", "in “Team” it may do all that it needs, in 4 channels")


async def test_a_token_that_is_refused_is_one_line() -> None:
    async with Discord() as there:
        (one,) = await found(there, "nonsense")
    assert one.state == "wrong"
    assert "FOOTNOTE_DISCORD_TOKEN" in one.found
    assert "nonsense" not in one.found


async def test_a_bot_in_no_server_is_told_how_it_is_invited() -> None:
    async with Discord() as there:
        await there.kick_bot(there.team)
        _, one = await found(there)
        assert (one.state, one.found) == ("wrong", "it is in no server")
        assert invitation(there.bot.id) in one.advice


def test_the_docs_show_the_same_invitation() -> None:
    assert invitation(1).replace("client_id=1", "client_id=ID") in DOCS.read_text(encoding="utf-8")


async def test_what_it_may_not_do_in_a_whole_server_is_named() -> None:
    async with Discord() as there:
        await there.remove_permission(there.team, P.SEND_MESSAGES, P.SEND_MESSAGES_IN_THREADS)
        _, one = await found(there)
    assert (one.state, one.found) == ("wrong", "in “Team” it lacks Send Messages and Send Messages in Threads")
    assert "Server Settings → Roles" in one.advice


async def test_without_threads_it_answers_all_the_same() -> None:
    async with Discord() as there:
        await there.remove_permission(there.team, P.CREATE_PUBLIC_THREADS)
        _, one = await found(there)
    assert (one.state, one.found) == ("missing", "in “Team” it lacks Create Public Threads")


async def test_what_it_may_not_do_in_a_channel_is_named_with_the_channel() -> None:
    async with Discord() as there:
        await there.remove_permission(there.random, P.SEND_MESSAGES, P.READ_MESSAGE_HISTORY)
        await there.remove_permission(there.news, P.SEND_MESSAGES)
        _, one = await found(there)
    assert one.state == "missing"
    assert one.found == "in “Team” it lacks Send Messages in #random and #news, Read Message History in #random"


async def test_channels_that_it_does_not_see_are_counted_and_one_it_sees_none_of_is_wrong() -> None:
    async with Discord() as there:
        await there.remove_permission(there.random, P.VIEW_CHANNEL)
        _, one = await found(there)
        assert (one.state, one.found) == (
            "ok",
            "in “Team” it may do all that it needs, in 3 channels; 1 it does not see",
        )
        await there.remove_permission(there.team, P.VIEW_CHANNEL)
        _, one = await found(there)
        assert (one.state, one.found) == ("wrong", "in “Team” it lacks View Channels")


async def test_a_forum_needs_nothing_but_writing_in_its_posts() -> None:
    async with Discord() as there:
        await there.remove_permission(there.ideas, P.SEND_MESSAGES, P.CREATE_PUBLIC_THREADS)
        _, one = await found(there)
    assert one.state == "ok"


async def test_a_server_that_did_not_allow_commands_is_named_beside_the_others() -> None:
    async with Discord() as there:
        there.add_channel("lobby", guild=there.add_guild("Club", permissions=USUAL, commands=False))
        _, team, club, commands = await found(there)
        assert (team.state, club.state, commands.state) == ("ok", "ok", "missing")
        assert commands.found == "in “Club” people have no slash commands of it"
        assert invitation(there.bot.id) in commands.advice


async def test_a_discord_that_does_not_answer_for_a_server_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.discord.doctor.SECONDS", 0.5)
    async with Discord() as there:
        there.fail("GET /guilds/{guild_id}/channels", "hang")
        _, one = await found(there)
    assert (one.state, one.found) == ("wrong", "it does not say what the bot may do in “Team”")
