"""A Discord channel as a source: opted in where everybody sees it, read back, followed, and forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.channels import source as reading
from bot.discord import history
from retrieval.documents import Audience, Document
from tests.end_to_end.followed import fresh, until
from tests.end_to_end.test_discord import Team, team
from tests.servers.discord import Discord, P
from tests.servers.discord.models import Channel

OFFSITE = "The offsite takes place in Ljubljana on the ninth of June."
ASKED = "where does the offsite take place?"


@pytest.fixture
async def discord() -> AsyncIterator[Discord]:
    async with Discord(rate_limits=False) as server:
        board = server.add_channel("board")
        await server.remove_permission(board, P.VIEW_CHANNEL, role=server.team.id)
        for user in (server.alice, server.bot):
            await server.give_permission(board, P.VIEW_CHANNEL, user=user)
        yield server


@pytest.fixture
async def here(discord: Discord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Team]:
    monkeypatch.setattr(reading, "AGAIN", 0.0)
    async with team(discord, tmp_path) as made:
        yield made


def source(here: Team, channel: Channel) -> str:
    return f"channel:discord/{here.discord.team.id}/{channel.id}"


async def told(here: Team, who: str, channel: Channel, text: str = "add here") -> str:
    """What `/knowledge` told whoever used it."""
    options = {"add-here-or-remove-here": text} if text else {}
    used = await here.discord.slash(who, channel, "/knowledge", options)
    answer = await here.discord.until(lambda: used.response is not None and not used.response.loading and used.response)
    return str(answer.text)


async def add(here: Team, channel: Channel, who: str = "alice") -> None:
    """Add the channel, and have it read."""
    assert await told(here, who, channel) == "Added. Everybody here was told."
    await again(here, channel)


async def again(here: Team, channel: Channel) -> None:
    """What a sync does."""
    await here.app.knowledge.refresh(source(here, channel))
    await here.app.knowledge.embed()


async def documents(here: Team, channel: Channel) -> list[Document]:
    """Everything from a channel, with its text."""
    name = source(here, channel)
    everybody = Audience.of(name)
    found = [await here.app.knowledge.document(one, everybody) for one in await here.app.store.hashes(name)]
    return sorted((one for one in found if one), key=lambda one: one.modified)


async def asks(here: Team, who: str, channel: Channel, question: str = ASKED) -> str:
    asked = await here.discord.mention(who, channel, question)
    return (await here.answered(asked.id)).text


async def test_what_was_said_in_a_public_channel_is_found_in_others_with_a_link_to_it(here: Team) -> None:
    general, random = here.discord.general, here.discord.random
    said = await here.discord.say("alice", general, OFFSITE)
    await here.discord.another_bot_says(general, "Build passed")
    await add(here, general)
    (notice,) = here.said(general)
    assert "From now on I can find what is said in this channel" in notice.text
    assert "every full member" in notice.text
    (document,) = await documents(here, general)
    assert document.uri == f"https://discord.com/channels/{here.discord.team.id}/{general.id}/{said.id}"
    assert (document.channel, document.authors, document.text) == ("general", ("Alice",), f"Alice: {OFFSITE}")
    assert "Ljubljana" in await asks(here, "bob", random)


async def test_what_was_said_in_a_private_channel_is_found_there_alone(here: Team) -> None:
    board = here.discord.channel("board")
    await here.discord.say("alice", board, OFFSITE)
    await add(here, board)
    assert "those who are in this channel, and nobody else" in here.said(board)[-1].text
    assert "Ljubljana" in await asks(here, "alice", board)
    assert "Ljubljana" not in await asks(here, "alice", here.discord.general)
    assert "#board" not in await told(here, "bob", here.discord.general, "")


async def test_a_thread_is_a_document_and_a_private_one_is_none(here: Team) -> None:
    general = here.discord.general
    asked = await here.discord.say("alice", general, "Which blue?")
    thread = await here.discord.create_thread("bob", general, "blue", message=asked)
    alone = await here.discord.create_thread("bob", general, "red")
    private = await here.discord.create_thread("bob", general, "secret", private=True)
    await here.discord.add_to_thread(private, here.discord.bot)
    for where, words in ((thread, "The dark one."), (alone, "The light one."), (private, "Nobody knows.")):
        await here.discord.say("bob", where, words)
    await add(here, general)

    async def read() -> dict[str, str]:
        return {one.title: one.text for one in await documents(here, general)}

    assert await read() == {
        "#general: Which blue?": "Alice: Which blue?\n\nBob: The dark one.",
        "#general: The light one.": "Bob: The light one.",
    }
    for where in (thread, private):
        await here.discord.say("bob", where, "Or is it?")
    await here.settled()
    await again(here, general)
    assert (await read())["#general: Which blue?"].endswith("Bob: Or is it?")
    assert len(await read()) == 2
    assert (await documents(here, general))[0].authors[-1] == "Bob"


async def test_an_edit_and_a_deletion_are_followed_in_moments(here: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    general = here.discord.general
    said = await here.discord.say("alice", general, OFFSITE)
    await add(here, general)
    monkeypatch.setattr(reading, "AGAIN", 1_000.0)  # what follows is heard and not read
    async with fresh(here, monkeypatch):

        async def says(words: str) -> bool:
            return words in " ".join(one.text for one in await documents(here, general))

        async def silent() -> bool:
            return await documents(here, general) == []

        await here.discord.say("bob", general, "Bring a coat.")
        await until(lambda: says("Bring a coat."))
        await here.discord.edit(said, OFFSITE.replace("Ljubljana", "Maribor"))
        await until(lambda: says("Maribor"))
        assert not await says("Ljubljana")
        for message in here.discord.messages(general):
            if message.author is not here.discord.bot:
                await here.discord.delete(message)
        await until(silent)


async def test_what_was_edited_and_deleted_while_nobody_heard_is_found_at_the_next_sync(here: Team) -> None:
    general = here.discord.general
    said = await here.discord.say("alice", general, "Which blue?")
    gone = await here.discord.say("bob", general, OFFSITE)
    await add(here, general)
    said.content = "Which red?"
    del general.messages[gone.id]
    await again(here, general)
    assert [one.text for one in await documents(here, general)] == ["Alice: Which red?"]


async def test_a_channel_that_became_private_is_found_by_its_members_alone(here: Team) -> None:
    general = here.discord.general
    await here.discord.say("alice", general, OFFSITE)
    await add(here, general)
    assert "Ljubljana" in await asks(here, "bob", here.discord.random)
    await here.discord.remove_permission(general, P.VIEW_CHANNEL, role=here.discord.team.id)
    await here.discord.give_permission(general, P.VIEW_CHANNEL, user=here.discord.bot)
    await asyncio.sleep(0.2)  # the gateway tells it
    await again(here, general)
    (document,) = await documents(here, general)
    assert document.audience == Audience.of(source(here, general))
    assert "Ljubljana" not in await asks(here, "bob", here.discord.random)


async def test_anybody_there_ends_it_and_everything_leaves_at_once(here: Team) -> None:
    general = here.discord.general
    await here.discord.say("alice", general, OFFSITE)
    await add(here, general)
    assert "Forgotten: 1 document" in await told(here, "bob", general, "remove here")
    assert await documents(here, general) == []
    await here.discord.say("alice", general, OFFSITE)
    await here.settled()
    assert await here.app.talk.messages(source(here, general)) == []
    assert "forgotten" in here.said(general)[-1].text


@pytest.mark.parametrize("how", ["deleted", "closed", "kicked"])
async def test_a_channel_that_is_closed_to_it_is_forgotten_and_says_why(here: Team, how: str) -> None:
    general = here.discord.general
    await here.discord.say("alice", general, OFFSITE)
    await add(here, general)
    match how:
        case "deleted":
            await here.discord.delete_channel(general)
        case "closed":
            await here.discord.remove_permission(general, P.VIEW_CHANNEL)
        case _:
            await here.discord.kick_bot(here.discord.team)
    await asyncio.sleep(0.2)  # the gateway tells it
    await again(here, general)
    assert await documents(here, general) == []
    known = (await here.app.knowledge.state()).sources
    (why,) = next(one.unreadable for one in known if one.name == source(here, general))
    assert "in this channel no longer" in why[1]


async def test_a_long_channel_is_read_a_little_at_a_time_and_a_restart_goes_on(
    discord: Discord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "PAGE", 10)
    monkeypatch.setattr(reading, "REQUESTS", 1)
    for number in range(45):
        await discord.say("alice", "general", f"word {number}")
    async with team(discord, tmp_path) as here:
        assert await told(here, "alice", discord.general) == "Added. Everybody here was told."
        await again(here, discord.general)
        (day,) = await documents(here, discord.general)
        assert 10 <= day.text.count("word") < 45
    async with team(discord, tmp_path) as here:
        monkeypatch.setattr(reading, "REQUESTS", 5)
        await again(here, discord.general)
        (day,) = await documents(here, discord.general)
        assert day.text.count("word") == 45
