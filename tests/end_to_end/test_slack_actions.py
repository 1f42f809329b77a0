"""Buttons, forms, commands and the Home tab on Slack, as a person uses them."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.desk import run_id
from retrieval.errors import RetrievalError
from retrieval.stores import Holdings
from tests.contract.stages.slack import read
from tests.end_to_end.on_slack import HOTELS, Team, team, workspace
from tests.servers.slack import Message, Slack, View

REMEMBER = "remember that demos go better with a footnote"


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with workspace() as made:
        yield made


@pytest.fixture
async def here(slack: Slack, tmp_path: Path) -> AsyncIterator[Team]:
    async with team(slack, tmp_path) as made:
        yield made


async def proposed(here: Team, text: str = REMEMBER) -> Message:
    """The card of what somebody asked for."""
    asked = await here.slack.mention("ada", "general", text)
    return await here.answered("general", asked.ts)


async def shows(here: Team, card: Message, *parts: str) -> None:
    await here.slack.until(lambda: all(part in " ".join(read(card).card) for part in parts), 10)


def approvals(here: Team, state: str) -> int:
    import sqlite3

    connection = sqlite3.connect(here.app.settings.home / "records.sqlite")
    try:
        return int(connection.execute("select count(*) from approvals where state = ?", (state,)).fetchone()[0])
    finally:
        connection.close()


async def test_a_card_is_approved_with_its_button_and_says_by_whom(here: Team) -> None:
    card = await proposed(here)
    assert read(card).buttons == ("approve", "edit", "reject")
    session = here.slack.sessions[card.channel, card.root]
    await here.slack.until(lambda: session.status == "suspended")
    await here.slack.press("ben", card, "Approve")
    await shows(here, card, "Approved by ben", "Done")
    assert read(card).buttons == ()
    await here.answered("general", card.root, 2)
    await here.slack.until(lambda: session.status == "active")
    assert approvals(here, "done") == 1


async def test_a_change_that_can_not_be_is_refused_in_the_form(here: Team) -> None:
    card = await proposed(here)
    await here.slack.press("ben", card, "Edit")
    form = await here.slack.until(lambda: here.slack.top("ben"))
    delivery = await here.slack.submit(form, {"text": "   "})
    assert delivery.response["response_action"] == "errors"
    assert form.open
    assert form.errors == {"text": "String should have at least 1 character."}


async def posting(here: Team) -> tuple[Message, View]:
    """The card of a message to be posted, and its form before ben."""
    card = await proposed(here, "post “we are closed” in #general")
    await here.slack.press("ben", card, "Edit")
    return card, await here.slack.until(lambda: here.slack.top("ben"))


async def test_a_channel_that_is_not_there_is_refused_at_its_field(here: Team) -> None:
    card, form = await posting(here)
    await here.slack.submit(form, {"channel": "nowhere"})
    assert form.open
    assert form.errors == {"channel": "There is no channel #nowhere here that both of us can post in."}
    assert here.whispered("general", "ben") == []
    await here.slack.submit(form, {"channel": "general"})
    await shows(here, card, "Approved by ben with changes", "Done")


async def test_where_slack_does_not_say_in_time_whether_a_channel_is_there_the_card_says_it(
    here: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    card, form = await posting(here)
    monkeypatch.setattr("bot.slack.chat.CHANNELS_SECONDS", 0.0)
    here.slack.fail("users.conversations", hang=2.5)
    sent = await here.slack.submit(form, {"channel": "nowhere"})
    assert (sent.outcome, sent.response or {}) == ("acknowledged", {})
    assert here.slack.courier.acks[-1].latency < 2
    told = "There is no channel #nowhere here that both of us can post in."
    await here.slack.until(lambda: told in here.whispered("general", "ben"), 15)
    assert "approve" in read(card).buttons


async def test_what_is_changed_once_it_is_decided_is_told_at_the_card(here: Team) -> None:
    card, form = await posting(here)
    await here.slack.press("ada", card, "Reject")
    other = await here.slack.until(lambda: here.slack.top("ada"))
    await here.slack.submit(other, {"reason": "no"})
    await shows(here, card, "Rejected by ada")
    await here.slack.submit(form, {"channel": "nowhere"})
    assert not form.open
    await here.slack.until(lambda: any("rejected" in one for one in here.whispered("general", "ben")), 10)


@pytest.mark.parametrize("wrong", [{"status": 503}, {"hang": 6.0}])
@pytest.mark.parametrize("button", ["Edit", "Reject"])
async def test_whoever_pressed_is_told_of_a_form_that_can_not_be_opened(
    here: Team, wrong: dict[str, float], button: str
) -> None:
    slack, card = here.slack, await proposed(here)
    slack.fail("views.open", times=9, **wrong)  # type: ignore[arg-type]
    pressed = await slack.press("ben", card, button)
    assert ((await pressed.done()).outcome, pressed.attempts) == ("acknowledged", 1)
    hidden = lambda: [one for one in slack.by_app("general", card.root, reader="ben") if one.ephemeral_to]  # noqa: E731
    told = (await slack.until(hidden, 10))[0]
    assert "could not open the form" in told.blocks[0]["text"]
    slack.faults.clear()
    await slack.press("ben", card, button)
    await slack.until(lambda: slack.top("ben"))


async def test_a_thumb_down_counts_though_its_form_can_not_be_opened(here: Team) -> None:
    slack = here.slack
    asked = await slack.mention("ada", "general", HOTELS)
    answer = await here.answered("general", asked.ts)
    run = run_id(f"slack:{slack.team.id}:{answer.channel}:{asked.ts}")
    slack.fail("views.open", times=9, status=503)
    await slack.feedback("ben", answer, good=False)
    await slack.until(lambda: [one for one in slack.by_app("general", asked.ts, reader="ben") if one.ephemeral_to], 10)
    async with asyncio.timeout(20):
        while await here.app.records.marks(run) != {f"slack/{slack.team.id}/{slack.user('ben').id}": "unhelpful"}:
            await asyncio.sleep(0.05)


async def test_an_old_cards_form_still_opens_after_a_restart(slack: Slack, tmp_path: Path) -> None:
    async with team(slack, tmp_path) as here:
        card = await proposed(here)
    async with team(slack, tmp_path) as here:
        await slack.press("ben", card, "Reject")
        form = await slack.until(lambda: slack.top("ben"))
        await slack.submit(form, {})
        await shows(here, card, "Rejected by ben")


async def test_thumbs_are_kept_and_a_thumb_down_asks_why(here: Team) -> None:
    slack = here.slack
    asked = await slack.mention("ada", "general", HOTELS)
    answer = await here.answered("general", asked.ts)
    run = run_id(f"slack:{slack.team.id}:{answer.channel}:{asked.ts}")
    ada, ben = (f"slack/{slack.team.id}/{slack.user(name).id}" for name in ("ada", "ben"))
    await slack.feedback("ada", answer)
    await slack.feedback("ben", answer, good=False)
    form = await slack.until(lambda: slack.top("ben"))
    async with asyncio.timeout(20):
        while await here.app.records.marks(run) != {ada: "helpful", ben: "unhelpful"}:
            await asyncio.sleep(0.05)
    await slack.submit(form, {"reason": "It is 170 now"})
    connection = sqlite3.connect(here.app.settings.home / "records.sqlite")
    async with asyncio.timeout(20):
        while connection.execute("select reason from feedback where person = ?", (ben,)).fetchall() != [
            ("It is 170 now",)
        ]:
            await asyncio.sleep(0.05)
    connection.close()


async def test_a_thread_with_a_card_that_waits_stays_suspended_after_a_restart(slack: Slack, tmp_path: Path) -> None:
    async with team(slack, tmp_path) as here:
        card = await proposed(here)
        session = slack.sessions[card.channel, card.root]
        await slack.until(lambda: session.status == "suspended")
    async with team(slack, tmp_path) as here:
        await slack.mention("ada", "general", HOTELS, card.root)
        await slack.until(lambda: session.status == "processing")
        await here.answered("general", card.root, 2)
        await here.settled()
        assert session.status == "suspended"
        await slack.press("ben", card, "Approve")
        await shows(here, card, "Done")
        await slack.until(lambda: session.status == "active")


async def test_ask_answers_in_the_channel_and_where_it_is_not_in_directly(here: Team) -> None:
    slack = here.slack
    await slack.slash("ada", "general", "/ask", HOTELS)
    question = await here.answered("general")
    assert "ada asked: " + HOTELS in question.blocks[0]["text"]
    assert "150 euros" in here.text(await here.answered("general", question.ts, 2))
    slack.add_channel("elsewhere", members=("ada",), bot=False)
    await slack.slash("ada", "elsewhere", "/ask", HOTELS)
    direct = slack.direct("ada")
    await here.answered(direct, times=2)
    assert "150 euros" in here.text(here.said(direct)[-1])


async def test_other_commands_are_answered_for_whoever_used_them_alone(here: Team) -> None:
    for command, expected in (
        ("/knowledge", "documents"),
        ("/footnote", "footnote behind every claim"),
        ("/ask", "behind it"),
    ):
        assert expected in await here.used("ada", "general", command)
    await here.settled()
    assert here.said("general", reader="ben") == []
    assert len(here.said("general", reader="ada")) == 3


async def test_a_command_is_answered_where_it_was_used_though_the_assistant_is_not_there(here: Team) -> None:
    here.slack.add_channel("elsewhere", members=("ada",), bot=False)
    assert "documents" in await here.used("ada", "elsewhere", "/knowledge")


@pytest.mark.parametrize("away", [False, True])
async def test_a_command_whose_address_for_answers_is_good_no_longer_is_answered_all_the_same(
    here: Team, away: bool
) -> None:
    slack = here.slack
    if away:
        slack.fail("response_url", status=503)
    else:
        slack.timing = replace(slack.timing, response_url=0.0)
    assert "documents" in await here.used("ada", "general", "/knowledge")
    assert len(slack.called("chat.postEphemeral")) == 1


async def test_a_command_that_can_not_be_kept_says_so_at_once(here: Team) -> None:
    with sqlite3.connect(here.app.settings.home / "records.sqlite") as records:
        records.execute("ALTER TABLE arrivals RENAME TO away")
    assert "The records can't be read or written" in await here.used("ada", "general", "/knowledge")
    assert "The records can't be read or written" in await here.used("ada", "general", "/ask", HOTELS)


async def test_no_acknowledgement_waits_for_slack_to_open_a_form(here: Team) -> None:
    slack, card = here.slack, await proposed(here)
    slack.fail("views.open", hang=1.5)
    await (await slack.press("ben", card, "Edit")).done()
    assert slack.courier.acks[-1].latency < 0.7
    await slack.until(lambda: here.whispered("general", "ben") or slack.top("ben"), 10)


async def test_with_the_store_away_the_command_says_so_and_the_home_tab_still_shows_what_waits(
    here: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away() -> Holdings:
        raise RetrievalError("The store is away.")

    monkeypatch.setattr(here.app.audiences, "holdings", away)
    assert "The store is away." in await here.used("ada", "general", "/knowledge")
    await proposed(here)
    await here.slack.open_home("ada")
    home = await here.slack.until(lambda: here.slack.homes.get(here.slack.user("ada").id))
    assert "demos go better" in str(home.payload)
    assert "The store is away." in str(home.payload)


async def test_remember_this_asks_before_it_keeps_a_message(here: Team) -> None:
    said = await here.slack.say("ben", "general", "The lift is out of order on Fridays")
    await here.slack.shortcut("ada", said, "remember_this")
    card = await here.answered("general", said.ts)
    assert "The lift is out of order on Fridays" in " ".join(read(card).card)
    await here.slack.press("ada", card, "Approve")
    await shows(here, card, "Done")


async def test_the_home_tab_shows_what_waits_and_follows_it(here: Team) -> None:
    slack = here.slack
    await slack.open_home("ada")
    home = await slack.until(lambda: slack.homes.get(slack.user("ada").id))
    assert "Nothing." in str(home.payload)
    assert "3 documents" in str(home.payload)
    card = await proposed(here)
    await slack.until(lambda: "demos go better" in str(home.payload), 10)
    await slack.open_home("ben")
    other = await slack.until(lambda: slack.homes.get(slack.user("ben").id))
    assert "demos go better" not in str(other.payload)
    await slack.press("ben", card, "Approve")
    await slack.until(lambda: "demos go better" not in str(home.payload), 10)


async def test_the_home_tab_shows_a_named_decider_what_waits_for_them(slack: Slack, tmp_path: Path) -> None:
    slack.add_user("eve")
    async with team(slack, tmp_path, approvers=f"slack/{slack.team.id}/{slack.user('ben').id}") as here:
        for name in ("ada", "ben", "eve"):
            await slack.open_home(name)
        ada, ben, eve = [
            await slack.until(lambda name=name: slack.homes.get(slack.user(name).id)) for name in ("ada", "ben", "eve")
        ]
        assert "Nothing." in str(ben.payload)
        card = await proposed(here)
        await slack.until(lambda: "demos go better" in str(ben.payload) and "demos go better" in str(ada.payload), 10)
        assert "Waits for your decision" in str(ben.payload)
        assert "Go there" in str(ben.payload)
        assert "Nothing." not in str(ben.payload)
        assert "Waits for your decision" not in str(ada.payload)
        assert "demos go better" not in str(eve.payload)
        await slack.press("ben", card, "Approve")
        await slack.until(lambda: "demos go better" not in str(ben.payload), 10)


async def test_the_conversation_with_it_opens_with_suggestions(here: Team) -> None:
    await here.slack.open_home("ada", "messages")
    direct = here.slack.direct("ada").id
    assert (await here.slack.until(lambda: here.slack.prompts.get((direct, None))))["prompts"]


async def with_a_guest(slack: Slack) -> None:
    """#projx, where Gwen is, who is a guest of the workspace and sees nothing else of it."""
    gwen = slack.add_user("gwen", is_restricted=True)
    slack.add_channel("projx", members=("ada", "ben", "gwen"))
    if gwen.id in slack.channel("general").members:
        slack.channel("general").members.remove(gwen.id)
    await slack.invite("projx")


async def test_a_guest_can_have_nothing_posted_where_they_are_not(slack: Slack, here: Team) -> None:
    await with_a_guest(slack)
    asked = await slack.mention("gwen", "projx", "post “hello all” in #general")
    answer = await here.answered("projx", asked.ts)
    assert "There is no channel" in here.text(answer)
    assert approvals(here, "proposed") == 0


async def test_a_guest_approves_nothing(slack: Slack, here: Team) -> None:
    await with_a_guest(slack)
    asked = await slack.mention("ada", "projx", REMEMBER)
    card = await here.answered("projx", asked.ts)
    await slack.press("gwen", card, "Approve")
    await slack.until(lambda: any("Guests" in here.text(one) for one in here.said("projx", reader="gwen")), 10)
    assert approvals(here, "proposed") == 1
    await slack.press("ben", card, "Approve")
    await shows(here, card, "Approved by")
