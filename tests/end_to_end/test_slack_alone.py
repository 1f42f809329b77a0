"""On Slack: "You may see more: answer only to me", and who reads along in a channel."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.audiences import said_in
from bot.chat import Openness, Place
from bot.rendering import ALONE
from tests.contract.stages.slack import read
from tests.end_to_end.on_slack import HOTELS, Team, team, workspace
from tests.end_to_end.private import SECRET, keep
from tests.servers.slack import Message, Slack

QUESTION = "how much may hotels cost a night on board trips?"


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with workspace() as made:
        yield made


@pytest.fixture
async def here(slack: Slack, tmp_path: Path) -> AsyncIterator[Team]:
    """Ada is in #board, where it was said what hotels may cost; Ben is not."""
    async with team(slack, tmp_path) as made:
        board = slack.add_channel("board", kind="private", members=("ada",))
        place = Place("slack", slack.team.id, board.id)
        await keep(made.app, SECRET, said_in(place, Openness.MEMBERS))
        yield made


async def asked(here: Team, question: str = QUESTION) -> Message:
    one = await here.slack.mention("ben", "general", question)
    return await here.answered("general", one.ts)


def told(here: Team, answer: Message, who: str) -> list[Message]:
    """What only this person sees in the thread."""
    return [one for one in here.said("general", answer.root, reader=who) if one.ephemeral_to == here.slack.user(who).id]


async def test_whoever_may_see_more_gets_it_alone_and_whoever_may_not_gets_the_same(here: Team) -> None:
    answer = await asked(here)
    assert "I don t know" in here.text(answer)
    await here.slack.press("ada", answer, ALONE)
    await here.slack.until(lambda: told(here, answer, "ada"), 15)
    await here.slack.press("ben", answer, ALONE)
    await here.slack.until(lambda: told(here, answer, "ben"), 15)
    (ada,), (ben,) = told(here, answer, "ada"), told(here, answer, "ben")
    assert "900 euros" in here.text(ada)
    assert "Board trips" in read(ada).footnotes
    assert "I don t know" in here.text(ben)
    assert read(ada).buttons == ()
    assert [one for one in here.said("general", answer.root) if "900" in here.text(one)] == []


async def test_what_was_answered_alone_is_nobodys_history(here: Team) -> None:
    answer = await asked(here)
    await here.slack.press("ada", answer, ALONE)
    await here.slack.until(lambda: told(here, answer, "ada"), 15)
    place = Place("slack", here.slack.team.id, answer.channel, answer.root)
    assert [one.text for one in await here.app.records.transcript(place) if "900" in one.text] == []
    more = await here.slack.mention("ben", "general", "and what did you tell Ada of board trips?", answer.root)
    later = await here.answered("general", more.root, 2)
    assert "900" not in here.text(later)


async def test_pressed_twice_it_is_answered_once(here: Team) -> None:
    answer = await asked(here)
    for _ in range(2):
        await here.slack.press("ada", answer, ALONE)
    await here.slack.until(lambda: len(told(here, answer, "ada")) == 2, 15)
    await here.settled()
    texts = [here.text(one) for one in told(here, answer, "ada")]
    assert ["900 euros" in text for text in texts] == [True, False]
    assert "You have that answer from me already" in texts[1]


async def test_whoever_left_gets_nothing_more_and_a_slack_that_is_away_opens_nothing(here: Team) -> None:
    answer = await asked(here)
    here.slack.channel("board").members.remove(here.slack.user("ada").id)
    await here.slack.press("ada", answer, ALONE)
    (ada,) = await here.slack.until(lambda: told(here, answer, "ada"), 15)
    assert "900" not in here.text(ada)
    here.slack.fail("users.info", times=100, error="fatal_error")
    await here.slack.press("ben", answer, ALONE)
    (ben,) = await here.slack.until(lambda: told(here, answer, "ben"), 25)
    assert "900" not in here.text(ben)
    assert "I could not ask Slack who may see more" in here.text(ben).replace("  ", " ")


async def test_the_button_is_not_there_where_nobody_may_see_more(slack: Slack, tmp_path: Path) -> None:
    async with team(slack, tmp_path) as here:
        assert "alone" not in read(await asked(here, HOTELS)).buttons
        one = await slack.dm("ada", HOTELS)
        assert "alone" not in read(await here.answered(slack.direct("ada"), one.ts)).buttons
        await keep(here.app, SECRET, said_in(Place("slack", slack.team.id, "C0NOWHERE"), Openness.MEMBERS))
        assert "alone" in read(await asked(here, HOTELS)).buttons


async def test_whoever_asks_directly_is_answered_from_all_that_they_may_see(here: Team) -> None:
    for who, seen in (("ada", True), ("ben", False)):
        one = await here.slack.dm(who, QUESTION)
        answer = await here.answered(here.slack.direct(who), one.ts)
        assert ("900 euros" in here.text(answer)) == seen


async def test_a_guest_who_only_reads_along_keeps_what_is_the_workspaces_out_of_the_answer(here: Team) -> None:
    slack = here.slack
    slack.add_channel("lobby", members=("ada", "ben"))
    one = await slack.mention("ada", "lobby", HOTELS)
    assert "150 euros" in here.text(await here.answered("lobby", one.ts))
    guest = slack.add_user("gwen", is_restricted=True)
    slack.add_channel("helpers", members=("ada", guest.id))
    here.app.chats["slack"]._people._kept.clear()  # type: ignore[attr-defined]  # a minute later
    one = await slack.mention("ada", "helpers", HOTELS)
    answer = await here.answered("helpers", one.ts)
    assert "150" not in here.text(answer)
    assert "alone" in read(answer).buttons


async def test_somebody_of_another_organisation_is_no_member_though_slack_knows_them(here: Team) -> None:
    slack = here.slack
    other = slack.add_team("Other", install=False)
    olga = slack.add_user("olga", other)
    slack.add_channel("partners", members=("ada", olga.id), is_ext_shared=True)
    one = await slack.mention("ada", "partners", HOTELS)
    answer = await here.answered("partners", one.ts)
    await slack.press(olga, answer, ALONE)

    def heard() -> list[Message]:
        return [m for m in here.said("partners", answer.root, reader=olga) if m.ephemeral_to == olga.id]

    (said,) = await slack.until(heard, 15)
    assert "150" not in here.text(said)
