"""On Discord: "You may see more: answer only to me", and who is in a private channel or a private thread."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.audiences import said_in
from bot.chat import Openness, Person, Place, Readers
from bot.rendering import ALONE
from tests.end_to_end.private import SECRET, keep
from tests.end_to_end.test_discord import Team, team
from tests.servers.discord import Discord, Message, P
from tests.servers.discord.models import Channel

QUESTION = "how much may hotels cost a night on board trips?"


@pytest.fixture
async def discord() -> AsyncIterator[Discord]:
    async with Discord(rate_limits=False) as server:
        yield server


@pytest.fixture
async def here(discord: Discord, tmp_path: Path) -> AsyncIterator[Team]:
    """Bob is in #board, where it was said what hotels may cost; Carol is not."""
    async with team(discord, tmp_path) as made:
        board = discord.add_channel("board")
        await discord.remove_permission(board, P.VIEW_CHANNEL, role=discord.team.id)
        for user in (discord.bob, discord.bot):
            await discord.give_permission(board, P.VIEW_CHANNEL, user=user)
        await keep(made.app, SECRET, said_in(place(discord, board), Openness.MEMBERS))
        yield made


def place(discord: Discord, channel: Channel) -> Place:
    return Place("discord", str(discord.team.id), str(channel.id))


async def asked(here: Team) -> Message:
    one = await here.discord.mention("carol", "general", QUESTION)
    return await here.answered(one.id)


async def alone(here: Team, who: str, answer: Message, times: int = 1) -> str:
    """What somebody who presses is told."""
    user = here.discord.user(who)
    await (await here.discord.press(who, answer, ALONE)).answered()
    await here.discord.until(lambda: len(here.discord.ephemerals(user)) >= times, within=15)
    return here.discord.ephemerals(user)[-1].text


async def test_whoever_may_see_more_gets_it_alone_and_whoever_may_not_does_not(here: Team) -> None:
    answer = await asked(here)
    assert "900" not in answer.text
    assert "900 euros" in await alone(here, "bob", answer)
    assert "900" not in await alone(here, "carol", answer)
    assert [one for one in here.said(answer.channel) if "900" in one.text] == []
    assert here.discord.dms(here.discord.bob) == []


async def test_pressed_twice_it_is_answered_once(here: Team) -> None:
    answer = await asked(here)
    assert "900 euros" in await alone(here, "bob", answer)
    assert "You have that answer from me already" in await alone(here, "bob", answer, 2)


async def test_once_the_button_is_too_old_it_is_told_directly(here: Team) -> None:
    answer = await asked(here)
    chat = here.app.chats["discord"]
    chat.whispers._live.clear()  # type: ignore[attr-defined]  # what a restart forgets
    chat.whispers.remember = lambda *about: None  # type: ignore[attr-defined]
    await (await here.discord.press("bob", answer, ALONE)).answered()
    await here.discord.until(lambda: here.discord.dms(here.discord.bob), within=15)
    assert "900 euros" in here.discord.dms(here.discord.bob)[-1].text
    assert here.discord.ephemerals(here.discord.bob) == []


async def test_whoever_was_let_out_of_a_channel_gets_nothing_of_it_any_more(here: Team) -> None:
    answer = await asked(here)
    board = here.discord.channel("board")
    await here.discord.remove_permission(board, P.VIEW_CHANNEL, user=here.discord.bob)
    await here.settled()
    assert "900" not in await alone(here, "bob", answer)


async def test_a_discord_that_is_away_opens_nothing(here: Team) -> None:
    answer = await asked(here)
    here.discord.fail("GET /guilds/{guild_id}/members/{user_id}", 503, 100)
    said = await alone(here, "bob", answer)
    assert "900" not in said
    assert "I could not ask Discord who may see more" in said


async def test_whoever_asks_directly_is_answered_from_all_that_they_may_see(here: Team) -> None:
    for who, seen in (("bob", True), ("carol", False)):
        await here.discord.dm(who, QUESTION)
        answer = await here.answered(here.discord.world.dm_of(here.discord.user(who)))
        assert ("900 euros" in answer.text) == seen


async def test_in_a_private_thread_is_who_was_added_to_it_or_manages_all(here: Team) -> None:
    discord = here.discord
    thread = await discord.create_thread("carol", "general", "plans", private=True)
    for user in (discord.carol, discord.bot):
        await discord.add_to_thread(thread, user)
    await here.settled()
    chat, key = here.app.chats["discord"], place(discord, thread).channel_key
    inside = {}
    for user in (discord.alice, discord.bob, discord.carol):
        person = Person(f"discord/{user.id}", user.name)
        found = await chat.membership(place(discord, discord.general), person, [key])
        inside[user.name] = key in found.channels
    assert inside == {"alice": True, "bob": False, "carol": True}
    at = Place("discord", str(discord.team.id), str(discord.general.id), str(thread.id))
    assert await chat.readers(at) == Readers(Openness.MEMBERS)
    await keep(here.app, "The party takes place in Lisbon in June.", said_in(place(discord, thread), Openness.MEMBERS))
    asked = await discord.mention("carol", thread, "where does the party take place in June?")
    answer = await here.answered(thread)
    assert "Lisbon" in answer.text, asked.id
