"""What the assistant does where Slack says no: the right person hears of it, and nothing else is held up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.chat import ChatAway, Reply
from tests.contract.stages import ANSWER, DECIDED, WAITING, seen
from tests.contract.stages.slack import OnSlack, app_of_manifest, on_slack
from tests.end_to_end.held import Held
from tests.end_to_end.on_slack import HOTELS, MEALS, Team, team, workspace
from tests.servers.slack import RateLimits, Slack, Timing

HOURS = 3 * 3_600


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with workspace() as made:
        yield made


@pytest.fixture
async def here(slack: Slack, tmp_path: Path) -> AsyncIterator[Team]:
    async with team(slack, tmp_path) as made:
        yield made


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[OnSlack]:
    async with on_slack(tmp_path) as made:
        yield made


# places that are closed


async def test_who_asked_is_told_when_the_channel_was_archived_meanwhile(slack: Slack, tmp_path: Path) -> None:
    model = Held()
    async with team(slack, tmp_path, model) as here:
        asked = await slack.mention("ada", "general", HOTELS)
        await slack.until(lambda: slack.status("general", asked.ts))
        slack.channel("general").is_archived = True
        model.may.set()
        told = await here.answered(slack.direct("ada"))
        assert "I can't answer you there" in told.blocks[0]["text"]


async def test_a_thread_in_which_slack_took_nothing_is_not_one_that_the_assistant_has_spoken_in(here: Team) -> None:
    here.slack.fail("chat.startStream", retry_after=60)
    here.slack.fail("chat.postMessage", error="restricted_action_thread_locked", times=9)
    asked = await here.slack.mention("ada", "general", HOTELS)
    await here.answered("general", asked.ts, reader="ada")
    await here.settled()
    here.slack.faults.clear()
    await here.slack.say("ben", "general", MEALS, asked.ts)
    await here.settled()
    await here.settled()
    assert here.said("general", asked.ts) == []


@pytest.mark.parametrize("code", ["not_in_channel", "restricted_action", "restricted_action_thread_locked"])
async def test_who_asked_is_told_where_the_assistant_may_not_post(here: Team, code: str) -> None:
    for method in ("chat.startStream", "chat.postMessage"):
        here.slack.fail(method, error=code, times=9)
    asked = await here.slack.mention("ada", "general", HOTELS)
    told = await here.answered("general", asked.ts, reader="ada")
    assert (told.ephemeral_to, "may not post" in told.blocks[0]["text"]) == (here.slack.user("ada").id, True)
    await here.settled()
    assert here.said("general") == []


async def test_a_question_by_command_where_it_may_not_post_is_answered_directly(here: Team) -> None:
    here.slack.fail("chat.postMessage", error="restricted_action_read_only_channel")
    await here.slack.slash("ada", "general", "/ask", HOTELS)
    assert "150 euros" in here.text(await here.answered(here.slack.direct("ada"), times=2))


async def test_an_action_is_done_though_its_channel_was_archived(here: Team) -> None:
    slack = here.slack
    asked = await slack.mention("ada", "general", "remember that demos go better with a footnote")
    card = await here.answered("general", asked.ts)
    slack.channel("general").is_archived = True
    await slack.press("ben", card, "Approve")
    told = await here.answered(slack.direct("ada"))
    assert "I can't answer you there" in told.blocks[0]["text"]
    assert list((here.app.settings.home / "notes").glob("*.md"))


# messages that can't stand as they are


@pytest.mark.parametrize("code", ["invalid_blocks", "msg_blocks_too_long", "msg_too_long"])
async def test_where_slack_takes_no_such_blocks_the_text_is_shown(stage: OnSlack, code: str) -> None:
    stage.slack.fail("chat.postMessage", error=code)
    await stage.say("answer", ANSWER)
    stage.slack.fail("chat.update", error=code)
    await stage.say("answer", replace(ANSWER, text="It opens at ten. [1]"))
    (only,) = stage.slack.by_app("general", stage.place.thread)
    assert (only.text, only.blocks) == ("It opens at ten. [1]", [])
    assert only.versions == ["The garden opens at nine. [1]"]


async def test_a_finished_message_that_somebody_deleted_is_not_posted_again(stage: OnSlack) -> None:
    await stage.say("card", WAITING)
    stage.slack.by_app("general", stage.place.thread)[0].deleted = True
    for _ in range(2):
        await stage.say("card", DECIDED)
    assert await stage.messages() == []
    await stage.say("answer", ANSWER)
    assert await stage.messages() == [seen(ANSWER)]


async def test_an_unfinished_message_that_somebody_deleted_is_finished_all_the_same(stage: OnSlack) -> None:
    await stage.say("answer", Reply("The garden", final=False))
    stage.slack.by_app("general", stage.place.thread)[0].deleted = True
    await stage.say("answer", ANSWER)
    assert await stage.messages() == [seen(ANSWER)]


@pytest.mark.parametrize("code", ["cant_update_message", "edit_window_closed"])
async def test_a_message_that_can_be_changed_no_more_is_followed_by_a_new_one(stage: OnSlack, code: str) -> None:
    await stage.say("card", WAITING)
    stage.slack.fail("chat.update", error=code)
    await stage.say("card", DECIDED)
    assert await stage.messages() == [seen(WAITING), seen(DECIDED)]


@pytest.mark.parametrize("code", ["team_not_found", "user_not_found", "channel_type_not_supported"])
async def test_a_stream_that_may_not_be_is_an_edited_message(stage: OnSlack, code: str) -> None:
    stage.slack.fail("chat.startStream", error=code)
    await stage.say("answer", Reply("The garden", final=False))
    assert (await stage.messages())[0].words == ("The", "garden")
    await stage.say("answer", ANSWER)
    assert await stage.messages() == [seen(ANSWER)]


# what only somebody who installs the app can mend


async def test_a_missing_scope_is_named_in_the_log_once(tmp_path: Path) -> None:
    whole = app_of_manifest()
    app = replace(whole, scopes=tuple(scope for scope in whole.scopes if scope != "users:read"))
    async with (
        Slack(app, rates=RateLimits.off(), timing=Timing.quick(ack=3)) as slack,
        team(slack, tmp_path) as here,
    ):
        with capture_logs() as lines:
            for who in ("ada", "ben"):
                asked = await slack.mention(who, "general", HOTELS)
                await here.answered("general", asked.ts)
    assert [line["scope"] for line in lines if line["log_level"] == "error"] == ["users:read"]


async def test_an_app_that_was_uninstalled_says_so_once_and_goes_on(here: Team) -> None:
    here.slack.fail("*", times=1_000, error="account_inactive")
    with capture_logs() as lines:
        for _ in range(2):
            await here.slack.mention("ada", "general", HOTELS)
        await here.settled()
        await here.slack.until(lambda: len(here.slack.called("conversations.open")) == 2, 15)
    assert [line["why"] for line in lines if line["log_level"] == "error"] == ["account_inactive"]
    here.slack.faults.clear()
    asked = await here.slack.mention("ada", "general", MEALS)
    await here.answered("general", asked.ts)


# rate limits


async def test_a_lookup_that_is_limited_for_hours_holds_nothing_up(here: Team) -> None:
    here.slack.fail("users.info", retry_after=HOURS)
    for who in ("ada", "ben"):
        asked = await here.slack.mention(who, "general", HOTELS)
        await here.answered("general", asked.ts)
    assert len(here.slack.called("users.info")) == 1


async def test_what_must_be_said_and_is_limited_for_hours_is_left_to_later_at_once(stage: OnSlack) -> None:
    stage.slack.fail("chat.postMessage", retry_after=HOURS)
    async with asyncio.timeout(5):
        for _ in range(2):
            with pytest.raises(ChatAway):
                await stage.say("answer", ANSWER)
    assert len(stage.slack.called("chat.postMessage")) == 1


@pytest.mark.parametrize("code", ["ratelimited", "rate_limited"])
async def test_a_limit_that_says_no_time_is_waited_for(
    stage: OnSlack, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.calls.UNSAID", 0.2)
    stage.slack.fail("chat.postMessage", error=code)
    await stage.say("answer", ANSWER)
    assert await stage.messages() == [seen(ANSWER)]
