"""An answer as it is written on Slack: streamed where that is possible, edited or posted whole where it is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.models import Completion, Request
from agent.models.scripted import ScriptedModel
from bot.chat import Place, Reply
from tests.contract.stages import ANSWER, seen
from tests.contract.stages.slack import OnSlack, on_slack, read
from tests.end_to_end.on_slack import HOTELS, team, workspace
from tests.servers.slack import RateLimits

FIRST = "Hotels may cost 150 euros a night."
SECOND = "Ask Mei before booking anything above that."


class Writing(ScriptedModel):
    """A model that decides plainly and writes two sentences, the second when it may."""

    def __init__(self) -> None:
        super().__init__(self._play)
        self.may = asyncio.Event()

    def _play(self, request: Request) -> str:
        asked = request.messages[0].content
        if "answer a question from numbered passages" in asked:
            return f"{FIRST} [1]\n{SECOND} [1]\n"
        if "Decide what a message" in asked:
            return '{"route": "answer"}'
        if "List the searches" in asked:
            return '{"queries": ["hotels night"]}'
        return '{"enough": true, "supported": true}'

    async def stream(self, request: Request) -> AsyncGenerator[str | Completion]:
        async for piece in super().stream(request):
            if isinstance(piece, str) and piece.startswith(SECOND):
                yield piece[:8]
                await self.may.wait()
                piece = piece[8:]
            yield piece


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[OnSlack]:
    async with on_slack(tmp_path) as made:
        yield made


def partial(text: str) -> Reply:
    return Reply(text, final=False)


async def test_a_models_answer_streams_in_sentence_by_sentence(tmp_path: Path) -> None:
    model = Writing()
    async with workspace() as slack, team(slack, tmp_path, model) as here:
        asked = await slack.mention("ada", "general", HOTELS)
        streaming = (await slack.until(lambda: slack.by_app("general", asked.ts), 15))[0]
        await slack.until(lambda: FIRST in streaming.text)
        assert SECOND not in streaming.text
        assert streaming.stream is not None
        assert streaming.stream.recipient == (slack.team.id, slack.user("ada").id)
        assert streaming.stream.state == "in_progress"
        model.may.set()
        answer = await here.answered("general", asked.ts)
        assert answer is streaming
        assert SECOND in streaming.text
        assert read(answer).footnotes == ("Expense policy", "Expense policy")
        assert read(answer).buttons == ("helpful", "unhelpful", "explain")
        await here.settled()
        assert {task.status for task in streaming.tasks.values()} == {"complete"}
        assert len(slack.called("chat.stopStream")) == 1
        assert slack.called("chat.update") == []
        assert slack.sessions[answer.channel, asked.ts].status == "active"


async def test_a_stream_that_slack_has_closed_is_finished_by_an_edit(stage: OnSlack) -> None:
    await stage.say("answer", partial("The garden"))
    stage.slack.clock.advance(400)
    await stage.say("answer", ANSWER)
    assert await stage.messages() == [seen(ANSWER)]
    assert stage.slack.called("chat.update")[-1].ok


async def test_a_final_text_that_is_another_replaces_what_was_streamed(stage: OnSlack) -> None:
    await stage.say("answer", partial("Something that was not supported"))
    await stage.say("answer", ANSWER)
    assert await stage.messages() == [seen(ANSWER)]


@pytest.mark.parametrize("lost", ["chat.startStream", "chat.appendStream", "chat.stopStream"])
@pytest.mark.parametrize("applied", [False, True])
async def test_a_lost_answer_of_slack_loses_and_doubles_nothing(stage: OnSlack, lost: str, applied: bool) -> None:
    stage.slack.fail(lost, drop=True, applied=applied)
    for text in ("The garden", "The garden opens", "The garden opens at nine."):
        await stage.say("answer", partial(text))
        await asyncio.sleep(0.45)
    await stage.say("answer", ANSWER)
    assert await stage.messages() == [seen(ANSWER)]


@pytest.mark.parametrize("applied", [False, True])
async def test_a_post_whose_answer_is_lost_stands_once(stage: OnSlack, applied: bool) -> None:
    stage.slack.fail("chat.postMessage", drop=True, applied=applied)
    stage.slack.fail("chat.postMessage", status=500)
    await stage.say("answer", ANSWER)
    assert await stage.messages() == [seen(ANSWER)]


async def test_streaming_that_is_refused_is_an_edited_message(stage: OnSlack) -> None:
    stage.slack.fail("chat.startStream", times=9, error="not_allowed_token_type")
    await stage.say("answer", partial("The garden"))
    assert (await stage.messages())[0].words == ("The", "garden")
    await stage.say("answer", ANSWER)
    assert await stage.messages() == [seen(ANSWER)]


async def test_a_rate_limit_is_waited_for_and_what_is_optional_left_out(stage: OnSlack) -> None:
    stage.slack.fail("chat.startStream", retry_after=30)
    stage.slack.fail("chat.postMessage", retry_after=1)
    await stage.say("answer", partial("The garden"))
    await stage.say("answer", ANSWER)
    assert await stage.messages() == [seen(ANSWER)]
    assert len(stage.slack.called("chat.startStream")) == 1


async def test_a_long_answer_is_several_messages_split_at_paragraphs(stage: OnSlack) -> None:
    paragraphs = [f"Paragraph {number} " + "word " * 200 for number in range(30)]
    await stage.say("answer", partial(paragraphs[0]))
    await stage.say("answer", replace(ANSWER, text="\n\n".join(paragraphs)))
    posts = await stage.messages()
    assert len(posts) == 3
    assert [word for one in posts for word in one.words] == " ".join(paragraphs).split()
    assert [one.footnotes for one in posts] == [(), (), ("Garden",)]
    await stage.say("answer", ANSWER)
    assert await stage.messages() == [seen(ANSWER)]


async def test_shown_again_nothing_is_sent(stage: OnSlack) -> None:
    await stage.say("answer", ANSWER)
    before = len(stage.slack.calls)
    await stage.say("answer", ANSWER)
    assert len(stage.slack.calls) == before


async def test_the_status_goes_on_in_the_stream_as_task_cards(stage: OnSlack) -> None:
    await stage.chat.status(stage.place, "Searching")
    await stage.say("answer", partial("The garden"))
    await asyncio.sleep(0.45)
    await stage.chat.status(stage.place, "Checking")
    message = stage.slack.by_app("general", stage.place.thread)[0]
    assert [(task.title, task.status) for task in message.tasks.values()] == [
        ("Searching", "complete"),
        ("Checking", "in_progress"),
    ]


async def test_fifty_answers_at_once_stay_within_the_limits_and_none_is_dropped(tmp_path: Path) -> None:
    async with on_slack(tmp_path) as stage:
        slack = stage.slack
        slack.meter.rates = RateLimits()
        places = []
        for number in range(50):
            channel = slack.add_channel(f"room-{number % 25}-{number // 25}", members=("ada",))
            root = await slack.mention("ada", channel, f"question {number}")
            places.append(Place("slack", slack.team.id, channel.id, root.ts))
        await slack.until(lambda: all(stage.chat.asker(place) for place in places), 20)

        async def answered(number: int, place: Place) -> None:
            for sentences in range(1, 6):
                await stage.chat.show(place, f"answer-{number}", partial("One more sentence. " * sentences))
                await asyncio.sleep(0.5)
            await stage.chat.show(place, f"answer-{number}", replace(ANSWER, text="One more sentence. " * 6))

        await asyncio.gather(*(answered(number, place) for number, place in enumerate(places)))
        for place in places:
            (only,) = slack.by_app(place.channel, place.thread)
            assert read(only).words == ("One", "more", "sentence") * 6
        assert [call for call in slack.calls if call.error == "ratelimited"] == []
