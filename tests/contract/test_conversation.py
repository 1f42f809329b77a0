"""What people do on a platform and what the assistant makes of it: each case the same on Slack, Discord and the console.

What it shows, and how, is the port's (test_chat.py); what only one platform can show is seen in tests/end_to_end.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.chat import Action
from tests.contract.conversations import ANN, BOB, Talk, told, until
from tests.contract.conversations.watching import answered, busy, can, decided, number, proposed, quiet, unasked
from tests.contract.conversations.world import COUNTED, COUNTS, HELD, LINES, World, world

PLATFORMS = ("console", "discord", "slack")
HOTELS = "how much may hotels cost a night?"
MEALS = "are meals while travelling refunded?"
SLOWLY = f"{HELD}: {HOTELS}"
pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]


@pytest.fixture(params=PLATFORMS, scope="module")
def platform(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def usual(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with world(tmp_path_factory.mktemp("usual")) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def strict(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Where Ann alone decides, and a message in a thread is a question only if it says so."""

    def chosen(*talks: Talk) -> dict[str, str]:
        decider = ",".join([f"console/{ANN}", *(one.person(ANN) for one in talks)])
        return {"FOOTNOTE_APPROVERS": decider, "FOOTNOTE_FOLLOW_UPS": "false"}

    async with world(tmp_path_factory.mktemp("strict"), chosen) as made:
        yield made


@pytest.fixture
def talk(usual: World, platform: str) -> Talk:
    usual.model.go.clear()
    return usual.talks[platform]


@pytest.fixture
def strict_talk(strict: World, platform: str) -> Talk:
    return strict.talks[platform]


# being addressed


async def test_a_mention_is_answered_in_a_thread_of_its_own_with_footnotes(talk: Talk) -> None:
    channel = await talk.channel()
    first, second = await talk.mention(ANN, channel, HOTELS), await talk.mention(BOB, channel, MEALS)
    answer = await answered(talk, first)
    assert "150 euros" in told(answer)
    assert answer.footnotes == ("Expense policy",)
    assert "40 euros" in told(await answered(talk, second))
    assert first.thread != second.thread
    assert [await number(talk, one) for one in (first, second)] == [1, 1]


async def test_a_follow_up_needs_no_mention(talk: Talk) -> None:
    said = await talk.mention(ANN, await talk.channel(), HOTELS)
    await answered(talk, said)
    await talk.say(BOB, said, MEALS)
    assert "40 euros" in told(await answered(talk, said, 2))


async def test_a_follow_up_is_not_answered_where_that_is_turned_off(strict_talk: Talk) -> None:
    said = await strict_talk.mention(ANN, await strict_talk.channel(), HOTELS)
    await answered(strict_talk, said)
    await strict_talk.say(BOB, said, MEALS)
    await strict_talk.mention(BOB, said, MEALS)
    assert "40 euros" in told(await answered(strict_talk, said, 2))
    assert await number(strict_talk, said) == 2


async def test_a_follow_up_to_somebody_else_is_not_answered(talk: Talk) -> None:
    said = await talk.mention(ANN, await talk.channel(), HOTELS)
    await answered(talk, said)
    await talk.say(BOB, said, f"{talk.addressing(ANN)} {MEALS}")
    await talk.say(BOB, said, f"{talk.addressing('everyone')} {MEALS}")
    assert await number(talk, said) == 1


async def test_a_direct_message_is_answered_and_goes_on(talk: Talk) -> None:
    can(talk, "direct")
    said = await talk.direct(ANN, HOTELS)
    assert "150 euros" in told(await answered(talk, said))
    await talk.say(ANN, said, MEALS)
    assert "40 euros" in told(await answered(talk, said, 2))


async def test_the_command_that_asks_is_answered_before_everybody(talk: Talk) -> None:
    can(talk, "ask")
    said = await talk.ask(ANN, await talk.channel(), HOTELS)
    assert "150 euros" in told(await answered(talk, said))


async def test_the_commands_for_help_and_for_what_is_known_tell_one_person_alone(talk: Talk) -> None:
    can(talk, "command")
    channel = await talk.channel()
    assert "documents" in await talk.command(ANN, channel, "knowledge")
    assert "footnote behind every claim" in await talk.command(ANN, channel, "help")
    assert await unasked(talk, channel) == []


async def test_a_file_that_comes_with_a_mention_is_read(talk: Talk) -> None:
    can(talk, "files")
    rota = ("rota.md", b"# Rota\n\nOn Friday Quentin brings the cake.")
    said = await talk.mention(ANN, await talk.channel(), "who brings the cake on Friday?", files=[rota])
    answer = await answered(talk, said)
    assert "Quentin brings the cake" in told(answer)
    assert answer.footnotes == ("rota md",)


async def test_what_is_not_said_to_it_is_not_answered(talk: Talk) -> None:
    channel = await talk.channel()
    await talk.say(BOB, channel, HOTELS)
    await talk.say(BOB, channel, f"{talk.addressing('everyone')} {HOTELS}")
    await talk.say(BOB, channel, f"{talk.addressing(ANN)} {HOTELS}")
    assert await unasked(talk, channel) == []


async def test_what_programs_say_and_what_it_says_itself_is_not_answered(talk: Talk) -> None:
    can(talk, "robot")
    channel = await talk.channel()
    await talk.robot(channel, HOTELS)
    assert await unasked(talk, channel) == []


async def test_a_mention_that_comes_twice_is_answered_once(talk: Talk) -> None:
    said = await talk.mention(ANN, await talk.channel(), HOTELS, twice=True)
    await answered(talk, said)
    assert await number(talk, said) == 1


# several at once, and changing one's mind


async def test_two_mentions_at_once_in_one_thread_are_both_answered_in_order(talk: Talk) -> None:
    said = await talk.mention(ANN, await talk.channel(), MEALS)
    await answered(talk, said)
    await talk.mention(ANN, said, HOTELS)
    await talk.mention(BOB, said, MEALS)
    await answered(talk, said, 3)
    assert ["150 euros" in told(one) for one in await talk.answers(said)] == [False, True, False]
    assert await number(talk, said) == 3


async def test_two_mentions_in_two_channels_do_not_hold_each_other_up(talk: Talk, usual: World) -> None:
    slow = await talk.mention(ANN, await talk.channel(), SLOWLY)
    await busy(talk, slow)
    quick = await talk.mention(BOB, await talk.channel(), MEALS)
    assert "40 euros" in told(await answered(talk, quick))
    assert await talk.answers(slow) == []
    usual.model.go.set()
    assert "150 euros" in told(await answered(talk, slow))


async def test_a_mention_that_is_edited_while_it_is_answered_is_answered_as_edited_and_once(
    talk: Talk, usual: World
) -> None:
    can(talk, "edit")
    said = await talk.mention(ANN, await talk.channel(), SLOWLY)
    await busy(talk, said)
    await talk.edit(said, MEALS)
    await talk.settle()
    usual.model.go.set()
    assert "40 euros" in told(await answered(talk, said))
    await talk.edit(said, HOTELS)
    assert await number(talk, said) == 1


async def test_a_mention_that_is_deleted_while_it_is_answered_is_not_answered(talk: Talk, usual: World) -> None:
    can(talk, "delete")
    began = await talk.mention(ANN, await talk.channel(), HOTELS)
    await answered(talk, began)
    for where in (began, await talk.channel()):
        asked = await talk.mention(ANN, where, SLOWLY)
        await busy(talk, asked)
        await talk.delete(asked)
        await quiet(talk, asked)
        usual.model.go.set()
        if where is began:
            assert await number(talk, began) == 1
        else:
            assert await unasked(talk, asked.channel) == []
        usual.model.go.clear()


# actions


async def test_what_was_approved_on_its_card_is_done_once(talk: Talk) -> None:
    said = await proposed(talk, "remember that the attic is locked on Sundays")
    await talk.press(BOB, said, Action.APPROVE)
    await decided(talk, said, "Approved by Bob", "Done")
    done = await answered(talk, said, 2)
    assert "Remembered" in told(done)
    assert await number(talk, said) == 2
    assert Action.APPROVE not in (await talk.answers(said))[0].buttons


async def test_a_form_changes_what_is_done(talk: Talk) -> None:
    said = await proposed(talk, "remember that the cellar is locked on Mondays")
    await talk.press(BOB, said, Action.EDIT, text="the cellar is locked on Thursdays")
    await decided(talk, said, "Thursdays", "Approved by Bob with changes", "Done")
    assert "Thursdays" in told(await answered(talk, said, 2))


async def test_what_was_rejected_says_by_whom_and_why_and_is_not_done(talk: Talk) -> None:
    said = await proposed(talk, "remember that the shed is locked on Tuesdays")
    await talk.press(BOB, said, Action.REJECT, reason="It has no lock")
    await decided(talk, said, "Rejected by Bob It has no lock")
    assert "Remembered" not in told(await answered(talk, said, 2))


async def test_who_presses_second_is_told_alone_who_was_first(talk: Talk) -> None:
    said = await proposed(talk, "remember that the pantry is locked on Wednesdays")
    for person in (ANN, BOB):
        await talk.look(person, said)
    await asyncio.gather(*(talk.press(person, said, Action.APPROVE) for person in (ANN, BOB)))
    await decided(talk, said, "Done")

    async def heard() -> list[str]:
        return [one for person in (ANN, BOB) for one in await talk.heard(person, said)]

    (only,) = await until(heard)
    first = "Ann" if "approved by ann" in (await decided(talk, said, "Done")).casefold() else "Bob"
    assert f"{first} has approved this".casefold() in only.casefold()


async def test_a_card_works_after_the_assistant_was_killed_and_started_again(talk: Talk, usual: World) -> None:
    said = await proposed(talk, "remember that the garage is locked on Fridays")
    await usual.kill()
    await usual.start()
    await talk.press(BOB, said, Action.APPROVE)
    await decided(talk, said, "Approved by Bob", "Done")
    assert await number(talk, said) == 2


async def test_who_may_not_decide_is_told_so_alone(strict_talk: Talk) -> None:
    said = await proposed(strict_talk, "remember that the barn is locked on Fridays")
    await strict_talk.look(ANN, said)
    await strict_talk.press(BOB, said, Action.APPROVE)
    (only,) = await until(lambda: strict_talk.heard(BOB, said))
    assert "can't decide this" in only
    assert "Only Ann may decide".casefold() in only.casefold()
    assert await strict_talk.heard(ANN, said) == []
    await decided(strict_talk, said, "Waits for a decision")
    await strict_talk.press(ANN, said, Action.APPROVE)
    await decided(strict_talk, said, "Approved by Ann", "Done")


async def test_a_card_that_is_decided_elsewhere_says_so_wherever_it_stands(strict_talk: Talk, strict: World) -> None:
    waits = "the loft is locked on Saturdays"
    said = await proposed(strict_talk, f"remember that {waits}")
    page = await strict.console.approvals(ANN)
    await until(lambda: page.sees(waits))
    await page.approve(waits)
    await decided(strict_talk, said, "Approved by Ann", "Done")
    await until(lambda: page.has_logged(waits))


# answers


async def test_a_thumb_down_is_recorded_with_its_reason(talk: Talk, usual: World) -> None:
    said = await talk.mention(ANN, await talk.channel(), HOTELS)
    await answered(talk, said)
    await talk.press(BOB, said, Action.UNHELPFUL, reason=f"It is 170 on {talk.platform}")

    async def noted() -> bool:
        return (talk.person(BOB), f"It is 170 on {talk.platform}") in usual.reasons()

    await until(noted)


async def test_how_an_answer_was_found_is_told_to_whoever_presses_alone(talk: Talk) -> None:
    said = await talk.mention(ANN, await talk.channel(), HOTELS)
    await answered(talk, said)
    await talk.look(ANN, said)
    await talk.press(BOB, said, Action.EXPLAIN)
    (only,) = await until(lambda: talk.heard(BOB, said))
    assert "Searched for" in only
    assert await talk.heard(ANN, said) == []
    assert await number(talk, said) == 1


async def test_what_nobody_wrote_down_is_not_known(talk: Talk) -> None:
    said = await talk.mention(ANN, await talk.channel(), "who painted the ceiling of the chapel?")
    answer = await answered(talk, said)
    assert "I don t know" in told(answer)
    assert answer.footnotes == ()


async def test_of_a_long_answer_nothing_is_lost_within_the_platform_s_limits(talk: Talk) -> None:
    said = await talk.mention(ANN, await talk.channel(), COUNTED)
    lines = [f"piece {piece} line {n} of many" for piece in range(COUNTS) for n in range(LINES)]

    async def shown() -> str:
        whole = " ".join(" ".join(one.words) for one in await talk.answers(said))
        return whole if lines[-1] in whole else ""

    whole = await until(shown)
    assert [line for line in lines if line not in whole] == []
    lengths = [len(" ".join(one.words)) for one in await talk.answers(said)]
    assert all(length <= talk.longest for length in lengths) if talk.longest else len(lengths) == 1


async def test_nothing_in_an_answer_calls_people_or_opens_a_preview(talk: Talk) -> None:
    called = " ".join(talk.addressing(one) for one in (BOB, "everyone"))
    said = await proposed(talk, f"remember that {called} and @here meet at https://example.org/a.png")
    await talk.press(ANN, said, Action.APPROVE)
    await answered(talk, said, 2)
    await talk.mention(ANN, said, "when is the meeting at example.org?")
    await answered(talk, said, 3)
    assert await talk.calls(said) == []


async def test_what_was_asked_while_it_was_away_is_answered_when_it_is_back(talk: Talk, usual: World) -> None:
    can(talk, "absent")
    before = await talk.mention(ANN, await talk.channel(), HOTELS)
    await answered(talk, before)
    await usual.kill()
    missed = await talk.mention(BOB, await talk.channel(), MEALS)
    await talk.say(BOB, before, MEALS)
    await usual.start()
    assert "40 euros" in told(await answered(talk, missed))
    assert "40 euros" in told(await answered(talk, before, 2))
    assert [await number(talk, one) for one in (missed, before)] == [1, 2]
