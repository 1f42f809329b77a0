"""Footnote on Slack as a person there sees it: the real SDKs against the strict double, the whole assistant behind."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.chat import Place
from bot.settings import SettingsInvalid
from bot.slack.chat import SlackChat
from tests.end_to_end.held import Held
from tests.end_to_end.on_slack import HOTELS, MEALS, Team, team, workspace
from tests.servers.slack import Slack
from tests.servers.slack import Team as Workspace


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with workspace() as made:
        yield made


@pytest.fixture
async def here(slack: Slack, tmp_path: Path) -> AsyncIterator[Team]:
    async with team(slack, tmp_path) as made:
        yield made


# being addressed


async def test_a_mention_is_answered_in_its_thread_with_footnotes(here: Team) -> None:
    asked = await here.slack.mention("ada", "general", HOTELS)
    answer = await here.answered("general", asked.ts)
    assert "150 euros" in here.text(answer)
    assert "Expense policy" in here.text(answer)
    assert (answer.thread_ts, answer.ephemeral_to) == (asked.ts, None)
    await here.settled()
    assert len(here.said("general")) == 1
    assert here.slack.status("general", asked.ts) == ""
    session = here.slack.sessions[answer.channel, asked.ts]
    await here.slack.until(lambda: session.history == ["processing", "active"])
    assert here.slack.sessions[answer.channel, asked.ts].title == HOTELS


async def test_a_follow_up_needs_no_mention_and_one_to_somebody_else_is_only_heard(here: Team) -> None:
    slack = here.slack
    asked = await slack.mention("ada", "general", HOTELS)
    await here.answered("general", asked.ts)
    await slack.say("ben", "general", f"<@{slack.user('ada').id}> do you know this?", asked.ts)
    await slack.say("ben", "general", "<!here> look at this", asked.ts)
    await slack.say("ben", "general", f"<!subteam^S012345|@ops> {HOTELS}", asked.ts)
    await slack.say("ben", "general", f"<!subteam^S012345> {HOTELS}", asked.ts)
    await slack.say("ben", "general", MEALS, asked.ts)
    assert "40 euros" in here.text(await here.answered("general", asked.ts, 2))
    await here.settled()
    assert len(here.said("general")) == 2
    place = next(iter(await here.app.records.channels("slack")))
    said = [one.text for one in await here.app.records.transcript(replace_thread(place, asked.ts))]
    assert {"@ada do you know this?", f"@ops {HOTELS}"} <= set(said)


async def test_what_was_said_in_a_thread_before_it_came_there_is_no_question_when_it_is_edited(here: Team) -> None:
    slack = here.slack
    root = await slack.say("ada", "general", "hello")
    old = await slack.say("ben", "general", "are drinks refunded?", root.ts)
    await slack.mention("ada", "general", HOTELS, root.ts)
    await here.answered("general", root.ts)
    await slack.edit(old, MEALS)
    await here.settled()
    assert len(here.said("general")) == 1
    await slack.say("ben", "general", MEALS, root.ts)
    assert "40 euros" in here.text(await here.answered("general", root.ts, 2))
    await slack.edit(old, f"<@{slack.bot.id}> {HOTELS}")
    await here.answered("general", root.ts, 3)


async def test_nothing_is_answered_that_is_not_said_to_it(here: Team) -> None:
    slack = here.slack
    robot = slack.add_user("robot", is_bot=True, bot_id="B0ROBOT")
    slack.channel("general").members.append(robot.id)
    await slack.say("ben", "general", "<!channel> hello")
    await slack.say("ben", "general", HOTELS)
    await slack.say(robot, "general", f"<@{slack.bot.id}> {HOTELS}")
    await slack.invite("general", slack.add_user("eve"))
    await here.settled()
    assert here.said("general") == []


async def test_a_direct_message_is_answered_in_its_own_thread(here: Team) -> None:
    first = await here.slack.dm("ada", HOTELS)
    assert "150 euros" in here.text(await here.answered(first.channel, first.ts))
    await here.slack.dm("ada", MEALS, first.ts)
    assert "40 euros" in here.text(await here.answered(first.channel, first.ts, 2))
    second = await here.slack.dm("ada", MEALS)
    assert "40 euros" in here.text(await here.answered(second.channel, second.ts))


async def test_a_follow_up_is_answered_where_a_crash_kept_the_answer_from_being_noted(
    slack: Slack, tmp_path: Path
) -> None:
    async with team(slack, tmp_path) as here:
        asked = await slack.mention("ada", "general", HOTELS)
        await here.answered("general", asked.ts)
    connection = sqlite3.connect(tmp_path / "home" / "records.sqlite")
    connection.execute("update posts set address = null")
    connection.commit()
    connection.close()
    await slack.say("ben", "general", MEALS, asked.ts)
    async with team(slack, tmp_path) as here:
        assert "40 euros" in here.text(await here.answered("general", asked.ts, 2))


async def test_what_was_said_in_the_thread_before_is_read(here: Team) -> None:
    root = await here.slack.say("ada", "general", "I have a question about money")
    await here.slack.mention("ben", "general", HOTELS, root.ts)
    await here.answered("general", root.ts)
    place = next(iter(await here.app.records.channels("slack")))
    said = await here.app.records.transcript(replace_thread(place, root.ts))
    assert [(one.author.name, one.text) for one in said][:2] == [
        ("ada", "I have a question about money"),
        ("ben", HOTELS),
    ]


async def test_a_slow_lookup_in_one_channel_holds_up_no_other(here: Team) -> None:
    slack = here.slack
    slack.add_channel("meanwhile", members=("ben",))
    slack.fail("users.info", hang=10, applied=True)
    slow = await slack.mention("ada", "general", HOTELS)
    await slack.until(lambda: slack.called("users.info"))
    quick = await slack.mention("ben", "meanwhile", MEALS)
    await here.answered("meanwhile", quick.ts, within=30)
    assert here.said("general") == []
    await here.answered("general", slow.ts, within=30)


# while it is being answered


async def test_a_mention_that_is_edited_twice_quickly_is_answered_once_as_it_says_last(
    slack: Slack, tmp_path: Path
) -> None:
    model = Held()
    async with team(slack, tmp_path, model) as here:
        asked = await slack.mention("ada", "general", HOTELS)
        await slack.until(lambda: slack.status("general", asked.ts))
        await slack.edit(asked, f"<@{slack.bot.id}> who waters the garden?")
        await slack.edit(asked, f"<@{slack.bot.id}> {MEALS}")
        await here.settled()  # an answer that is given before the edits are heard stands
        model.may.set()
        assert "40 euros" in here.text(await here.answered("general", asked.ts))
        await here.settled()
        assert len(here.said("general")) == 1


async def test_slacks_own_stop_button_stops_the_answer(slack: Slack, tmp_path: Path) -> None:
    model = Held()
    async with team(slack, tmp_path, model) as here:
        asked = await slack.mention("ada", "general", HOTELS)
        channel = slack.channel("general").id
        await slack.until(lambda: (channel, asked.ts) in slack.sessions)
        await slack.stop("ada", "general", asked.ts)
        await slack.until(lambda: slack.sessions[channel, asked.ts].status == "active")
        model.may.set()
        await here.settled()
        assert here.said("general") == []


async def test_a_stop_button_that_a_lost_answer_has_left_goes_away_when_it_is_used(here: Team) -> None:
    slack = here.slack
    asked = await slack.mention("ada", "general", HOTELS)
    answer = await here.answered("general", asked.ts)
    await here.settled()
    session = slack.sessions[answer.channel, asked.ts]
    assert session.status == "active"
    session.status = "processing"
    await slack.stop("ada", "general", asked.ts)
    await slack.until(lambda: session.status == "active")
    await here.settled()
    assert here.said("general", asked.ts) == [answer]


async def test_who_asked_is_told_when_the_bot_was_removed_meanwhile(slack: Slack, tmp_path: Path) -> None:
    model = Held()
    async with team(slack, tmp_path, model) as here:
        asked = await slack.mention("ada", "general", HOTELS)
        await slack.until(lambda: slack.status("general", asked.ts))
        await slack.kick("general")
        model.may.set()
        told = await here.answered(slack.direct("ada"))
        assert "I was removed from that channel" in told.blocks[0]["text"]
        await here.settled()
        assert here.said("general") == []


async def test_a_file_is_read_and_one_that_is_gone_is_named(here: Team) -> None:
    slack = here.slack
    file = slack.add_file("ada", "garden.md", b"# Garden\n\nThe garden opens at nine on Sundays.\n")
    asked = await slack.mention("ada", "general", "when does the garden open on Sundays?", files=[file])
    assert "nine" in here.text(await here.answered("general", asked.ts))
    lost = slack.add_file("ada", "lost.md", b"x")
    lost.deleted = True
    asked = await slack.mention("ada", "general", "when does the garden open on Sundays?", files=[lost])
    assert "lost" in here.text(await here.answered("general", asked.ts))


async def test_a_guest_and_a_shared_channel_see_only_what_is_public(here: Team) -> None:
    slack = here.slack
    guest = slack.add_user("gwen", is_restricted=True)
    slack.channel("general").members.append(guest.id)
    asked = await slack.mention(guest, "general", HOTELS)
    assert "150" not in here.text(await here.answered("general", asked.ts))
    slack.add_channel("partners", members=("ada",), is_ext_shared=True)
    asked = await slack.mention("ada", "partners", HOTELS)
    assert "150" not in here.text(await here.answered("partners", asked.ts))


async def test_whoever_slack_says_only_an_organisation_of_is_answered_as_well(here: Team) -> None:
    slack = here.slack
    olga = slack.add_user("olga", Workspace("E0ELSEWHERE", "Elsewhere", "elsewhere"), is_stranger=True)
    slack.add_channel("partners", members=(olga,), is_ext_shared=True)
    asked = await slack.mention(olga, "partners", HOTELS)
    answer = await here.answered("partners", asked.ts)
    assert "150" not in here.text(answer)
    chat = here.app.chats["slack"]
    assert isinstance(chat, SlackChat)
    asker = chat.asker(Place("slack", slack.team.id, answer.channel, asked.ts))
    assert asker is not None
    assert (asker.user, asker.team) == (olga.id, slack.team.id), "a stream takes no organisation for a workspace"


# what goes wrong at the start


async def test_a_wrong_token_is_said_in_one_line(slack: Slack, tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match=r"FOOTNOTE_SLACK_BOT_TOKEN: Slack refused auth\.test: invalid_auth"):
        async with team(slack, tmp_path, slack_bot_token="xoxb-wrong"):
            """It does not start."""
    with pytest.raises(SettingsInvalid, match="FOOTNOTE_SLACK_APP_TOKEN: Slack says"):
        async with team(slack, tmp_path, slack_app_token="xapp-wrong"):
            """It does not start."""


async def test_nothing_is_lost_over_a_refresh_a_cut_and_a_silence(
    slack: Slack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.socket.PING_SECONDS", 0.5)
    async with team(slack, tmp_path) as here:
        for trouble in (refreshed, cut, silence):
            before = slack.sockets.hellos
            await trouble(slack)
            asked = await slack.mention("ada", "general", HOTELS)
            slack.sockets.silent = False
            assert "150 euros" in here.text(await here.answered("general", asked.ts, within=20))
            assert slack.sockets.hellos > before
        await here.settled()
        assert len(here.said("general")) == 3


async def test_a_refresh_leaves_no_moment_without_a_connection_and_loses_nothing(slack: Slack, tmp_path: Path) -> None:
    slack.sockets.handshake = 0.3
    async with team(slack, tmp_path) as here:
        for refreshes in (1, 2):
            await slack.sockets.disconnect("refresh_requested", after=3)
            for number in range(30):
                await slack.say("ada", "general", f"we talk {number}")
                await asyncio.sleep(0.02)
            assert "documents" in await here.used("ada", "general", "/knowledge")
            await slack.until(
                lambda seen=refreshes: slack.sockets.hellos == seen + 1 and len(slack.sockets.live) == 1, 10
            )
        await here.settled()
        assert slack.sockets.gaps == 0
        assert {(one.outcome, one.attempts) for one in slack.courier.deliveries} == {("acknowledged", 1)}


async def test_a_slack_that_opens_no_connection_for_long_is_tried_with_a_fresh_address(
    slack: Slack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.socket.PING_SECONDS", 0.5)
    monkeypatch.setattr("bot.slack.socket.OPENING", 1.0)
    slack.sockets.tickets_last = 0.5
    async with team(slack, tmp_path) as here:
        slack.sockets.away = True
        slack.sockets.drop()
        await asyncio.sleep(3)
        slack.sockets.away = False
        asked = await slack.mention("ada", "general", HOTELS)
        assert "150 euros" in here.text(await here.answered("general", asked.ts, within=30))


async def test_a_token_that_is_taken_back_ends_nothing_but_the_answer(slack: Slack, tmp_path: Path) -> None:
    model = Held()
    async with team(slack, tmp_path, model) as here:
        asked = await slack.mention("ada", "general", HOTELS)
        await slack.until(lambda: slack.status("general", asked.ts))
        await slack.revoke_tokens()
        model.may.set()
        await slack.until(lambda: any(call.error == "token_revoked" for call in slack.calls), 10)
        await here.settled()
        assert here.said("general") == []


async def refreshed(slack: Slack) -> None:
    await slack.sockets.disconnect("refresh_requested")


async def cut(slack: Slack) -> None:
    slack.sockets.drop()


async def silence(slack: Slack) -> None:
    slack.sockets.fall_silent()


def replace_thread(place, thread):  # type: ignore[no-untyped-def]
    from dataclasses import replace

    return replace(place, thread=thread)
