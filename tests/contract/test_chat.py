"""What every adapter of the port `Chat` promises, seen by the people on its platform.

That no event of a bot is delivered, and what a press carries, is seen from outside (tests/end_to_end).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.app import open_app
from bot.chat import Action, ChatError, Membership, Mention, Openness, Person, Place, Press, Readers, Reply, named
from bot.settings import Settings
from retrieval.documents import Audience
from tests.contract.stages import ANSWER, DECIDED, NOTE, WAITING, Company, Stage, seen, words
from tests.contract.stages.console import on_console
from tests.contract.stages.discord import on_discord
from tests.contract.stages.slack import on_slack
from tests.contract.stages.terminal import on_terminal

STAGES = {"console": on_console, "discord": on_discord, "slack": on_slack, "terminal": on_terminal}


@pytest.fixture(params=list(STAGES))
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    async with STAGES[request.param](tmp_path) as made:
        yield made


async def test_an_adapter_names_the_platform_of_its_places(stage: Stage) -> None:
    assert stage.chat.platform == stage.place.platform


async def test_a_status_is_shown_until_the_next_one(stage: Stage) -> None:
    assert await stage.status() == ""
    await stage.chat.status(stage.place, "Reading")
    assert await stage.status() == "Reading"
    await stage.chat.status(stage.place, "Writing")
    assert await stage.status() == "Writing"


async def test_an_empty_status_clears_it_and_may_come_twice(stage: Stage) -> None:
    await stage.chat.status(stage.place, "Reading")
    for _ in range(2):
        await stage.chat.status(stage.place, "")
        assert await stage.status() == ""


@pytest.mark.parametrize("reply", [ANSWER, WAITING])
async def test_a_status_is_gone_once_the_message_it_announced_is_there(stage: Stage, reply: Reply) -> None:
    await stage.chat.status(stage.place, "Writing")
    await stage.say("answer", reply)
    assert await stage.status() == ""


async def test_a_status_stays_while_the_message_streams(stage: Stage) -> None:
    await stage.chat.status(stage.place, "Writing")
    await stage.say("answer", Reply("The garden", final=False))
    assert await stage.status() == "Writing"


async def test_a_status_is_kept_nowhere(stage: Stage) -> None:
    await stage.chat.status(stage.place, "Reading")
    assert await stage.messages() == []
    await stage.restart()
    assert await stage.status() == ""


@pytest.mark.parametrize("reply", [ANSWER, WAITING])
async def test_a_message_and_its_buttons_are_what_was_given(stage: Stage, reply: Reply) -> None:
    await stage.say("answer", reply)
    assert await stage.messages() == [seen(reply)]


async def test_messages_of_two_keys_are_two(stage: Stage) -> None:
    await stage.say("one", ANSWER)
    await stage.say("two", ANSWER)
    assert await stage.messages() == [seen(ANSWER), seen(ANSWER)]


async def test_a_card_in_a_new_state_replaces_the_old_one(stage: Stage) -> None:
    await stage.say("card", WAITING)
    await stage.say("card", DECIDED)
    assert await stage.messages() == [seen(DECIDED)]


async def test_a_message_shown_again_is_still_one(stage: Stage) -> None:
    for _ in range(3):
        await stage.say("answer", ANSWER)
    assert await stage.messages() == [seen(ANSWER)]


async def test_after_a_restart_a_message_shown_again_is_still_one(stage: Stage) -> None:
    await stage.say("card", WAITING)
    await stage.restart()
    await stage.say("card", DECIDED)
    assert await stage.messages() == [seen(DECIDED)]


async def test_what_streams_is_replaced_by_what_is_final(stage: Stage) -> None:
    for text in ("The garden", "The garden opens"):
        await stage.say("answer", Reply(text, final=False))
    await stage.say("answer", ANSWER)
    assert await stage.messages() == [seen(ANSWER)]


async def test_what_streamed_and_was_cut_off_is_not_kept(stage: Stage) -> None:
    await stage.say("answer", Reply("The garden", final=False))
    await stage.restart()
    assert await stage.messages() == []


@pytest.mark.parametrize(
    "text", ["", "[/red] [bold]x", "<script>alert(1)</script>", "\x1b[2J\x00", "出差", "# " * 2_000]
)
async def test_a_message_of_strange_signs_is_only_a_message(stage: Stage, text: str) -> None:
    reply = replace(ANSWER, text=text, notes=(text,), footnotes=(replace(NOTE, quote=text, title=text),))
    await stage.say("answer", reply)
    await stage.chat.whisper(stage.place, stage.people[0], Reply(text))
    await stage.chat.status(stage.place, text)
    assert [one.words for one in await stage.messages()] == [words(text)]


async def test_a_whisper_reaches_one_person_and_is_no_message(stage: Stage) -> None:
    mei, bob = stage.people
    await stage.chat.whisper(stage.place, mei, Reply("Ann has approved this already."))
    assert stage.heard(mei) == ["Ann has approved this already."]
    assert stage.heard(bob) == []
    assert await stage.messages() == []


async def test_a_whole_answer_can_be_whispered(stage: Stage) -> None:
    mei, bob = stage.people
    await stage.chat.whisper(stage.place, mei, ANSWER)
    told = words(" ".join(stage.heard(mei)))
    assert all(word in told for part in (ANSWER.text, NOTE.title, *ANSWER.notes) for word in words(part))
    assert stage.heard(bob) == []
    assert await stage.messages() == []


async def test_a_whole_answer_can_be_whispered_however_long_it_is(stage: Stage) -> None:
    mei, bob = stage.people
    paragraphs = [f"The garden opens at nine on day {n}." for n in range(1_000)]
    await stage.chat.whisper(stage.place, mei, replace(ANSWER, text="\n\n".join(paragraphs)))
    told = words(" ".join(stage.heard(mei)))
    assert {str(n) for n in range(1_000)} <= set(told)
    assert stage.heard(bob) == []
    assert await stage.messages() == []


EVERYBODY_SEES_EVERYTHING = "everybody sees everything"


async def companied(stage: Stage) -> Company:
    found = await stage.company()
    if found is None:
        pytest.skip(EVERYBODY_SEES_EVERYTHING)
    return found


async def test_whoever_is_there_is_a_member_and_nobody_from_elsewhere_is(stage: Stage) -> None:
    mei = Person(f"{stage.place.platform}/{stage.people[0].id.partition('/')[2]}", "Mei")
    found = await stage.chat.membership(stage.place, mei, ())
    assert found.workspaces == {stage.place.workspace_key}
    stranger = Person("elsewhere/mei", "Mei")
    assert await stage.chat.membership(stage.place, stranger, [stage.place.channel_key]) == Membership()


async def test_a_guest_is_no_full_member_and_whoever_is_not_known_is_none(stage: Stage) -> None:
    company = await companied(stage)
    for person, member in ((company.inside, True), (company.outside, True), (company.guest, False)):
        found = await stage.chat.membership(company.board, person, ())
        assert found.workspaces == ({company.board.workspace_key} if member else set())


async def test_only_those_who_are_in_a_private_channel_are_told_to_be(stage: Stage) -> None:
    company = await companied(stage)
    board, nowhere = company.board.channel_key, f"{company.board.workspace_key}/1"
    asked = [board, nowhere, company.direct.channel_key, "elsewhere/T1/C1"]
    for person, channels in ((company.inside, {board}), (company.outside, set()), (company.guest, set())):
        assert (await stage.chat.membership(company.board, person, asked)).channels == channels
    assert (await stage.chat.membership(company.direct, company.inside, asked)).channels == {board}


async def test_whoever_left_a_private_channel_is_not_in_it(stage: Stage) -> None:
    company = await companied(stage)
    board = company.board.channel_key
    assert (await stage.chat.membership(company.board, company.inside, [board])).channels == {board}
    await stage.leave()
    assert (await stage.chat.membership(company.board, company.inside, [board])).channels == set()


async def test_it_is_told_who_reads_along_where(stage: Stage) -> None:
    company = await companied(stage)
    assert await stage.chat.readers(stage.place) == Readers(Openness.WORKSPACE)
    assert await stage.chat.readers(company.board) == Readers(Openness.MEMBERS)
    assert await stage.chat.readers(company.direct) == Readers(Openness.DIRECT)


async def test_a_platform_that_answers_nothing_says_of_nobody_that_they_are_members(stage: Stage) -> None:
    company = await companied(stage)
    await stage.cut()
    with pytest.raises(ChatError):
        await stage.chat.membership(company.board, company.inside, [company.board.channel_key])


@pytest.mark.parametrize("name", ["nowhere", "", "general/t1", "*"])
async def test_a_channel_that_is_not_there_is_none(stage: Stage, name: str) -> None:
    assert await stage.chat.channel(stage.place, name, stage.people[0]) is None


async def test_a_channel_that_is_there_is_its_top_level_in_the_same_workspace(stage: Stage) -> None:
    if not stage.known:
        pytest.skip("it has no channels")
    found = await stage.chat.channel(stage.place, stage.known, stage.people[0])
    assert found == Place(stage.place.platform, stage.place.workspace, stage.known)


async def test_people_are_named_as_others_see_them_and_strangers_not_at_all(stage: Stage) -> None:
    for near in (stage.place, Place("elsewhere", "w", "c", "t")):
        assert [await stage.chat.name(near, person.id) for person in stage.people] == [one.name for one in stage.people]
        for stranger in ("nobody", "nobody/0", "0/1"):
            assert await stage.chat.name(near, f"{stage.place.platform}/{stranger}") in ("", named(stranger))


async def test_a_file_is_kept_once_approved_though_its_platform_has_lost_it(stage: Stage, tmp_path: Path) -> None:
    async def resume(run: str, place: str, cause: str) -> None:
        """The test goes on with the run itself."""

    person, data = stage.people[0], b"# Rota\n\nOn Friday Bob brings the cake."
    file = await stage.file("rota.md", data)
    async with open_app(Settings(home=tmp_path / "assistant", embedder="hashing"), resume) as app:
        app.chats[stage.chat.platform] = stage.chat
        await app.desk.mention(
            Mention("asked", stage.place, person, "keep the attached file", 1_000.0, (file,), "asked")
        )
        (waiting,) = await app.ledger.pending()
        await stage.lose(file)
        await app.desk.press(Press("pressed", stage.place, person, Action.APPROVE, waiting.id, 1_001.0))
        await app.desk.resume(waiting.run)
        assert [one.title for one in await app.knowledge.documents(Audience.everyone())] == ["Rota"]
    assert (tmp_path / "assistant" / "uploads" / "rota.md").read_bytes() == data


async def test_a_closed_adapter_is_quiet_and_closing_it_again_is_no_error(stage: Stage) -> None:
    await stage.chat.status(stage.place, "Reading")
    await stage.chat.close()
    assert await stage.is_quiet()
    await stage.chat.close()


@pytest.mark.parametrize("thread", ["", "t1", "a/b"])
def test_a_place_is_found_again_by_its_key(thread: str) -> None:
    place = Place("console", "local", "general", thread)
    assert Place.parse(place.key) == place


async def test_a_message_that_is_taken_back_while_it_streams_stands_nowhere(stage: Stage) -> None:
    await stage.say("answer", Reply("The garden", final=False))
    await stage.chat.retract(stage.place, "answer")
    await stage.chat.retract(stage.place, "answer")
    assert await stage.messages() == []
