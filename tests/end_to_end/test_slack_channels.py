"""A Slack channel as a source: opted in where everybody sees it, read back, followed, and forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.channels import source as reading
from bot.channels import talk
from bot.chat import Person, Place
from bot.knowledge import SourceState
from bot.slack import history
from bot.sources import IN_CHAT
from retrieval.documents import Audience, Document
from tests.end_to_end.followed import fresh, until
from tests.end_to_end.on_slack import Team, team, workspace
from tests.servers.slack import Message, RateLimits, Slack
from tests.servers.slack.limits import Meter

OFFSITE = "The offsite takes place in Ljubljana on the ninth of June."
ASKED = "where does the offsite take place?"


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with workspace() as opened:
        opened.add_channel("random", members=("ada", "ben"))
        opened.add_channel("board", kind="private", members=("ada",))
        yield opened


@pytest.fixture
async def here(slack: Slack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Team]:
    monkeypatch.setattr(reading, "AGAIN", 0.0)
    async with team(slack, tmp_path) as made:
        yield made


def source(here: Team, channel: str) -> str:
    return f"channel:slack/{here.slack.team.id}/{here.slack.channel(channel).id}"


async def told(here: Team, who: str, channel: str, text: str = "add here") -> str:
    """What `/knowledge` told whoever used it."""
    return await here.used(who, channel, "/knowledge", text)


async def add(here: Team, channel: str, who: str = "ada") -> None:
    """Add the channel, and have it read."""
    assert (await told(here, who, channel)) == "Added. Everybody here was told."
    await here.app.knowledge.refresh(source(here, channel))


async def again(here: Team, channel: str) -> None:
    """What a sync does."""
    await here.app.knowledge.refresh(source(here, channel))
    await here.app.knowledge.embed()


async def documents(here: Team, channel: str) -> list[Document]:
    """Everything from a channel that anybody at all may find, with its text."""
    name = source(here, channel)
    place = name.removeprefix("channel:")
    all_of_it = Audience.of(f"channel:{place}")
    found = [await here.app.knowledge.document(one, all_of_it) for one in await here.app.store.hashes(name)]
    return sorted((one for one in found if one), key=lambda one: one.modified)


async def state(here: Team, channel: str) -> SourceState:
    known = (await here.app.knowledge.state()).sources
    return next(one for one in known if one.name == source(here, channel))


async def asks(here: Team, who: str, channel: str, question: str = ASKED) -> str:
    asked = await here.slack.mention(who, channel, question)
    return here.text(await here.answered(channel, asked.ts))


async def test_what_was_said_in_a_public_channel_is_found_in_others_with_a_link_to_it(here: Team) -> None:
    said = await here.slack.say("ada", "general", OFFSITE)
    await add(here, "general")
    (notice,) = [one for one in here.said("general", reader="ben") if one.ephemeral_to is None]
    assert "From now on I can find what is said in this channel" in here.text(notice)
    assert "every full member of this workspace" in here.text(notice)
    assert "Anybody here can end it with knowledge remove here" in here.text(notice)
    (document,) = await documents(here, "general")
    team_, channel = here.slack.team, here.slack.channel("general")
    assert document.uri == f"https://{team_.domain}.slack.com/archives/{channel.id}/p{said.ts.replace('.', '')}"
    assert (document.channel, document.authors) == ("general", ("ada",))
    assert document.modified == pytest.approx(float(said.ts))
    for channel_name in ("random", "general"):
        assert "Ljubljana" in await asks(here, "ben", channel_name)


async def test_a_command_that_takes_longer_than_slack_waits_is_answered_all_the_same(here: Team) -> None:
    here.slack.fail("conversations.history", hang=4.0)
    delivery = await here.slack.slash("ada", "general", "/knowledge", "add here")
    assert (await delivery.done()).outcome == "acknowledged"
    assert here.slack.courier.acks[-1].latency < 1
    assert not delivery.response
    assert await here.slack.until(lambda: here.whispered("general", "ada"), 20) == ["One moment: this takes longer."]
    await here.slack.until(lambda: "Added. Everybody here was told." in here.whispered("general", "ada"), 20)
    (notice,) = [one for one in here.said("general", reader="ben") if one.ephemeral_to is None]
    assert "From now on I can find" in here.text(notice)


async def test_what_was_said_in_a_private_channel_is_found_there_alone(here: Team) -> None:
    await here.slack.say("ada", "board", OFFSITE)
    await add(here, "board")
    (notice,) = [one for one in here.said("board", reader="ada") if one.ephemeral_to is None]
    assert "those who are in this channel and nobody else" in here.text(notice)
    assert "Ljubljana" in await asks(here, "ada", "board")
    assert "Ljubljana" not in await asks(here, "ada", "general")
    assert "#board" not in await told(here, "ben", "general", "")
    assert "#board" in await told(here, "ada", "general", "")


async def test_a_thread_is_a_document_and_so_is_the_rest_of_a_day(here: Team) -> None:
    asked = await here.slack.say("ada", "general", "Which blue?")
    await here.slack.say("ben", "general", f"The dark one, <@{here.slack.user('ada').id}>.", asked.ts)
    await here.slack.upload("ben", "general", "menu.pdf", b"%PDF", "Lunch is here.")
    robot = here.slack.add_user("robot", is_bot=True, bot_id="B0ROBOT")
    here.slack.channel("general").members.append(robot.id)
    await here.slack.say("robot", "general", "Build passed")
    await asks(here, "ben", "general")
    await add(here, "general")
    thread, day = sorted(await documents(here, "general"), key=lambda one: len(one.authors), reverse=True)
    ada, ben = "ada", "ben"
    assert (thread.title, thread.text) == (
        "#general: Which blue?",
        f"{ada}: Which blue?\n\n{ben}: The dark one, @{ada}.",
    )
    assert day.text == f"{ben}: Lunch is here.\n[menu.pdf]"


async def test_only_somebody_in_the_channel_adds_it_and_no_direct_conversation_is_added(here: Team) -> None:
    here.slack.add_channel("elsewhere", members=("ada",), bot=False)
    assert "invite me first" in await told(here, "ada", "elsewhere")
    direct = here.slack.direct("ada").id
    assert "never added" in await told(here, "ada", direct)
    outside = here.slack.add_user("olga")
    general = Place("slack", here.slack.team.id, here.slack.channel("general").id)
    refused = await here.app.following.add(general, Person(f"slack/{here.slack.team.id}/{outside.id}", "Olga"))
    assert "Only somebody who is in a channel" in refused
    here.slack.fail("conversations.info", times=20, status=503)
    random = Place("slack", here.slack.team.id, here.slack.channel("random").id)
    ada = Person(f"slack/{here.slack.team.id}/{here.slack.user('ada').id}", "Ada")
    assert "Nothing was added; try again later" in await here.app.following.add(random, ada)
    assert [one for one in await here.app.knowledge.names() if one.startswith("channel:")] == []


async def test_an_edit_and_a_deletion_are_followed_in_moments(here: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    said = await here.slack.say("ada", "general", OFFSITE)
    await add(here, "general")
    monkeypatch.setattr(reading, "AGAIN", 1_000.0)  # what follows is heard and not read
    calls = len(here.slack.called("conversations.history"))
    async with fresh(here, monkeypatch):

        async def says(words: str) -> bool:
            return words in " ".join(one.text for one in await documents(here, "general"))

        async def silent(words: str) -> bool:
            return not await says(words)

        async def nothing() -> bool:
            return not await documents(here, "general")

        answer = await here.slack.say("ben", "general", "Bring a coat.", said.ts)
        await until(lambda: says("Bring a coat."))
        await here.slack.edit(said, OFFSITE.replace("Ljubljana", "Maribor"))
        await until(lambda: says("Maribor"))
        assert not await says("Ljubljana")
        await here.slack.delete(answer)
        await until(lambda: silent("Bring a coat."))
        await here.slack.delete(said)
        await until(nothing)
    assert len(here.slack.called("conversations.history")) == calls


async def test_what_was_edited_and_deleted_while_nobody_heard_is_found_at_the_next_sync(here: Team) -> None:
    root = await here.slack.say("ada", "general", "Which blue?")
    reply = await here.slack.say("ben", "general", "The dark one.", root.ts)
    gone = await here.slack.say("ben", "general", OFFSITE)
    await add(here, "general")
    assert len(await documents(here, "general")) == 2
    gone.deleted, reply.text = True, "The light one."
    await again(here, "general")
    (left,) = await documents(here, "general")
    assert "The light one." in left.text


async def test_a_channel_that_became_private_is_found_by_its_members_alone(here: Team) -> None:
    await here.slack.say("ada", "general", OFFSITE)
    await add(here, "general")
    assert "Ljubljana" in await asks(here, "ben", "random")
    here.slack.channel("general").kind = "private"
    await asyncio.sleep(0)
    here.app.chats["slack"]._people._kept.clear()  # type: ignore[attr-defined]  # the minute for which an answer counts
    await again(here, "general")
    assert "Ljubljana" not in await asks(here, "ben", "random")
    assert "Ljubljana" in await asks(here, "ben", "general")


async def test_anybody_there_ends_it_and_everything_leaves_at_once(here: Team) -> None:
    await here.slack.say("ada", "general", OFFSITE)
    await add(here, "general")
    assert "Forgotten: 1 document" in await told(here, "ben", "general", "remove here")
    assert await documents(here, "general") == []
    assert await here.app.talk.messages(source(here, "general")) == []
    assert "forgotten" in here.text(here.said("general", reader="ada")[-1])
    await here.slack.say("ada", "general", OFFSITE)
    await here.settled()
    assert await here.app.talk.messages(source(here, "general")) == []
    assert "no source of mine" in await told(here, "ben", "general", "remove here")


async def test_forgetting_the_source_forgets_what_was_said_too(here: Team) -> None:
    await here.slack.say("ada", "general", OFFSITE)
    await add(here, "general")
    await here.app.knowledge.remove(source(here, "general"))
    assert await here.app.talk.messages(source(here, "general")) == []
    assert not await here.app.talk.follows(source(here, "general"))


async def test_a_channel_that_it_was_removed_from_is_forgotten_and_says_why(here: Team) -> None:
    await here.slack.say("ada", "general", OFFSITE)
    await add(here, "general")
    await here.slack.kick("general")
    await again(here, "general")
    assert await documents(here, "general") == []
    assert await here.app.talk.messages(source(here, "general")) == []
    (why,) = (await state(here, "general")).unreadable
    assert why[0] == "#general"
    assert "in this channel no longer" in why[1]
    assert "not_in_channel" in why[1]


async def test_a_long_channel_is_read_a_little_at_a_time_and_a_restart_goes_on(
    slack: Slack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[Message] = []
    for number in range(61):
        text, root = (f"reply {number}", said[0].ts) if 0 < number < 21 else (f"word {number}", None)
        said.append(Message(slack.clock.ts(), slack.channel("general").id, slack.user("ada").id, text, thread_ts=root))
    slack.posted += said  # before it was there to hear it
    slack.meter.rates = RateLimits.outside_marketplace()
    async with team(slack, tmp_path) as here:
        await add(here, "general")
        (day,) = await documents(here, "general")
        assert day.text.count("word") == 15
        (why,) = (await state(here, "general")).unreadable
        assert "so far it is read back to" in why[1]
        assert "#general: 1 document, read" in (listed := await told(here, "ben", "general", ""))
        assert "so far it is read back to" in listed
        assert await here.app.knowledge.due(IN_CHAT) == []
        now = here.app.knowledge._clock() + talk.SOON
        monkeypatch.setattr(here.app.knowledge, "_clock", lambda: now)
        assert await here.app.knowledge.due(IN_CHAT) == [source(here, "general")]
    slack.meter = Meter(RateLimits.off())  # a minute has passed
    monkeypatch.setattr(history, "PAGE", 15)
    before = len(slack.called("conversations.history"))
    async with team(slack, tmp_path) as here:
        await again(here, "general")
        thread, day = sorted(await documents(here, "general"), key=lambda one: one.modified)
        assert (thread.text.count("reply"), day.text.count("word")) == (20, 40)
        assert (await state(here, "general")).unreadable == []
    assert len(slack.called("conversations.history")) - before == 2
