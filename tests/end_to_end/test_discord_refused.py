"""Where Discord says no, too late or not here: people are told, what they decided counts, and nothing is said twice."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from copy import deepcopy
from pathlib import Path

import pytest

from bot.chat import Person, Place, Reply
from tests.end_to_end.held import Held
from tests.end_to_end.test_discord import HOTELS, PIRATES, Team, proposed, team
from tests.servers.discord import Discord, P


@pytest.fixture
async def discord() -> AsyncIterator[Discord]:
    async with Discord(rate_limits=False) as server:
        yield server


@pytest.fixture
async def here(discord: Discord, tmp_path: Path) -> AsyncIterator[Team]:
    async with team(discord, tmp_path) as made:
        yield made


# where it may not speak


@pytest.mark.parametrize("lost", [P.VIEW_CHANNEL, P.SEND_MESSAGES | P.SEND_MESSAGES_IN_THREADS])
async def test_a_command_where_it_may_not_post_is_answered_directly(here: Team, lost: P) -> None:
    discord = here.discord
    await discord.remove_permission(discord.random, *[one for one in P if one in lost])
    used = await (await discord.slash("alice", "random", "ask", {"question": HOTELS})).answered()
    await discord.until(lambda: discord.dms(discord.alice), within=15)
    assert "may not post" in discord.dms(discord.alice)[0].text
    told = await (await discord.slash("bob", "random", "knowledge")).answered()
    await discord.until(lambda: told.response and "documents" in told.response.text)
    assert discord.messages("random") == [used.response]


async def test_whoever_asked_in_a_thread_that_was_locked_meanwhile_is_told_directly(
    discord: Discord, tmp_path: Path
) -> None:
    async with team(discord, tmp_path, model := Held()) as here:
        thread = await discord.create_thread("alice", "general", "questions")
        await discord.mention("alice", thread, HOTELS)
        await discord.until(lambda: discord.typing)
        await discord.archive(thread, locked=True)
        model.may.set()
        await discord.until(lambda: discord.dms(discord.alice), within=15)
        assert "may not post" in discord.dms(discord.alice)[0].text
        assert here.said(thread) == []


async def test_an_approval_in_a_thread_that_was_locked_is_still_carried_out(here: Team) -> None:
    discord = here.discord
    asked = await discord.mention("alice", "general", "post in #random: lunch is here")
    card = await here.answered(asked.id)
    assert asked.thread is not None
    await discord.archive(asked.thread, locked=True)
    await (await discord.press("bob", card, "Approve")).answered()
    await here.answered(discord.random)
    assert [one.text for one in here.said(discord.random)] == ["lunch is here"]


async def test_a_thread_that_fell_asleep_is_woken_by_a_decision(here: Team) -> None:
    card, thread = await proposed(here)
    await here.discord.archive(thread)
    await (await here.discord.press("bob", card, "Approve")).answered()
    await here.discord.until(lambda: "Done" in card.text, within=15)
    assert not thread.archived


# too late


async def test_a_press_for_a_form_that_is_heard_again_after_the_decision_tells_nobody_anything(here: Team) -> None:
    discord = here.discord
    card, _ = await proposed(here)
    pressed = await (await discord.press("bob", card, "Edit")).answered()
    await (await discord.press("carol", card, "Approve")).answered()
    await discord.until(lambda: "Done" in card.text, within=15)
    (session,) = discord.world.sessions
    heard = [json.loads(frame) for _, frame in session.sent if "INTERACTION_CREATE" in frame]
    session.push("INTERACTION_CREATE", next(one["d"] for one in heard if one["d"]["id"] == str(pressed.id)), tidy=True)
    await here.settled()
    assert discord.ephemerals(discord.bob) == []


async def test_a_press_on_a_card_that_is_decided_is_told_who_did(here: Team) -> None:
    discord = here.discord
    card, _ = await proposed(here)
    before = deepcopy(card.components)
    await (await discord.press("carol", card, "Approve")).answered()
    await discord.until(lambda: "Done" in card.text, within=15)
    card.components = before  # as somebody sees it who has not loaded it anew
    await (await discord.press("bob", card, "Edit")).answered()
    await discord.until(lambda: discord.ephemerals(discord.bob), within=15)
    assert "Carol" in discord.ephemerals(discord.bob)[0].text


async def test_a_press_that_is_acknowledged_too_late_counts_all_the_same(here: Team) -> None:
    discord = here.discord
    card, _ = await proposed(here)
    discord.settings.ack_within = -1.0
    await discord.press("bob", card, "Approve")
    await discord.until(lambda: "Done" in card.text, within=15)
    assert "Approved by Bob" in card.text
    assert discord.acks == []


async def test_a_question_by_command_that_is_acknowledged_too_late_is_named_and_answered(here: Team) -> None:
    discord = here.discord
    discord.settings.ack_within = -1.0
    await discord.slash("alice", "random", "ask", {"question": HOTELS})
    await discord.until(lambda: discord.messages("random"), within=15)
    (named,) = discord.messages("random")
    assert f"Alice asks: {HOTELS}" in named.text.replace("\\", "").replace("**", "")
    assert "150 euros" in (await here.answered(named.id)).text


async def test_what_only_one_person_hears_is_told_directly_once_the_button_is_too_old(here: Team) -> None:
    discord = here.discord
    asked = await discord.mention("alice", "general", HOTELS)
    await (await discord.press("bob", await here.answered(asked.id), "👍")).answered()
    place = Place("discord", str(discord.team.id), str(discord.general.id), str(asked.id))
    bob = Person(f"discord/{discord.bob.id}", "Bob")
    await here.app.chats["discord"].whisper(place, bob, Reply("One."))
    assert [one.text for one in discord.ephemerals(discord.bob)] == ["Thanks, noted.", "One."]
    discord.clock.move(16 * 60)
    await here.app.chats["discord"].whisper(place, bob, Reply("Two."))
    assert [one.text for one in discord.dms(discord.bob)] == ["Two."]


async def test_somebody_who_takes_no_direct_messages_is_no_error(here: Team) -> None:
    discord = here.discord
    discord.carol.blocks_dms = True
    place = Place("discord", str(discord.team.id), str(discord.general.id), "1")
    await here.app.chats["discord"].whisper(place, Person(f"discord/{discord.carol.id}", "Carol"), Reply("One."))
    assert discord.dms(discord.carol) == []


# nobody is called


async def test_names_in_a_question_or_a_card_call_nobody(here: Team) -> None:
    discord = here.discord
    role = next(one for one in discord.team.roles.values() if one.id != discord.team.id)
    role.mentionable = True
    names = f"@everyone @here <@&{role.id}> {discord.carol.mention}"
    used = await (await discord.slash("alice", "general", "ask", {"question": f"{names} {PIRATES}"})).answered()
    assert used.response is not None
    await here.answered(used.response.id)
    asked = await discord.mention("alice", "news", f"remember that {names} are called")
    pinged = list(discord.pings(discord.carol))
    card = await here.answered(asked.id)
    await (await discord.press("bob", card, "Approve")).answered()
    await here.answered(asked.id, 2)
    assert discord.pings(discord.carol) == pinged == [asked]
    ours = [one for channel in discord.world.channels.values() for one in discord.messages(channel)]
    assert [one.text for one in ours if one.author is discord.bot and (one.mentions or one.mention_everyone)] == []


async def test_an_answer_in_the_channel_calls_not_even_whoever_asked(here: Team) -> None:
    discord = here.discord
    await discord.remove_permission(discord.general, P.CREATE_PUBLIC_THREADS)
    asked = await discord.mention("alice", "general", HOTELS)
    assert (await here.answered(discord.general)).reference == (discord.general.id, asked.id)
    assert discord.pings(discord.alice) == []


async def test_a_reply_to_what_it_said_is_answered_also_where_the_reply_calls_nobody(here: Team) -> None:
    discord = here.discord
    asked = await discord.mention("alice", "general", HOTELS)
    answer = await here.answered(asked.id)
    assert asked.thread is not None
    await discord.say("bob", asked.thread, PIRATES, reference=answer)
    assert "pirate flag" in (await here.answered(asked.id, 2)).text


async def test_nobody_has_anything_posted_where_they_may_not_write(here: Team) -> None:
    discord = here.discord
    staff = discord.add_channel("staff")
    everyone = next(iter(discord.world.guilds.values())).id
    await discord.remove_permission(staff, P.VIEW_CHANNEL, role=everyone)
    await discord.give_permission(staff, P.VIEW_CHANNEL, P.SEND_MESSAGES, P.READ_MESSAGE_HISTORY)
    asked = await discord.mention("bob", discord.general, "post “hello staff” in #staff")
    answer = await here.answered(asked.id)
    assert "There is no channel" in answer.text
    assert discord.messages(staff) == []
