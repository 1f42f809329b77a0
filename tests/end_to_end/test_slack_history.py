"""What was said in a long thread on Slack before the assistant was called into it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.chat import Place
from bot.slack import threads
from tests.contract.stages.slack import OnSlack, on_slack
from tests.servers.slack import Message, RateLimits

LIMIT = 20


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[OnSlack]:
    async with on_slack(tmp_path) as made:
        yield made


async def thread(stage: OnSlack, length: int, by: Callable[[int], str] = lambda number: "ada") -> Place:
    """A thread of so many replies, which nobody told the app of."""
    slack = stage.slack
    root = await slack.say("ada", "general", "the beginning")
    for number in range(length):
        author, channel = slack.user(by(number)), slack.channel("general")
        reply = Message(slack.clock.ts(), channel.id, author.id, f"reply {number}", thread_ts=root.ts)
        reply.bot_id = author.bot_id
        slack.posted.append(reply)
    return replace(stage.place, thread=root.ts)


async def told(stage: OnSlack, place: Place, before: str = "") -> list[str]:
    until = float(before or stage.slack.clock.ts())
    return [said.text for said in await stage.chat.history(place, until, LIMIT)]


def last(length: int, until: int) -> list[str]:
    return [f"reply {number}" for number in range(until - length, until)]


@pytest.mark.parametrize(("length", "calls"), [(0, 1), (19, 1), (20, 1), (21, 1), (250, 2), (1_990, 10)])
async def test_the_beginning_and_the_end_of_a_thread_are_told_in_few_calls(
    stage: OnSlack, length: int, calls: int
) -> None:
    place = await thread(stage, length)
    before = len(stage.slack.called("conversations.replies"))
    assert await told(stage, place) == ["the beginning", *last(min(LIMIT, length), length)]
    assert len(stage.slack.called("conversations.replies")) - before == calls


async def test_what_came_after_the_question_is_not_a_part_of_it(stage: OnSlack) -> None:
    place = await thread(stage, 250)
    asked = await stage.slack.mention("ben", "general", "what opens?", place.thread)
    for number in range(30):
        await stage.slack.say("ada", "general", f"later {number}", place.thread)
    await stage.restart()
    assert await told(stage, place, asked.ts) == ["the beginning", *last(LIMIT, 250)]


async def test_what_programs_said_is_left_out(stage: OnSlack) -> None:
    robot = stage.slack.add_user("robot", is_bot=True, bot_id="B0ROBOT")
    place = await thread(stage, 60, lambda number: "ada" if number < 30 else robot.name)
    assert await told(stage, place) == ["the beginning", *last(LIMIT, 30)]


async def test_of_a_thread_without_end_the_beginning_is_told_and_the_log_says_so(
    stage: OnSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "PAGES", 2)
    place = await thread(stage, 900)
    with capture_logs() as lines:
        assert await told(stage, place) == ["the beginning", *last(LIMIT, 400)]
    assert [(line["log_level"], line["place"]) for line in lines] == [("warning", place.key)]


async def test_where_slack_gives_no_more_what_is_known_is_told(stage: OnSlack) -> None:
    place = await thread(stage, 100)
    stage.slack.meter.rates = RateLimits.outside_marketplace()
    with capture_logs() as lines:
        assert await told(stage, place) == ["the beginning", *last(15, 15)]
    assert [line["read"] for line in lines] == [16]
