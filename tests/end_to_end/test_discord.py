"""Footnote on Discord as a person there sees it: the real discord.py against the strict double, the whole assistant behind."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from agent.models.scripted import ScriptedModel
from bot.app import App, open_app
from bot.chat import ChatAway
from bot.discord import events
from bot.discord.connect import connect
from bot.errors import APOLOGY
from bot.inbox import Inbox
from bot.settings import Settings, SettingsInvalid
from retrieval.errors import RetrievalError
from retrieval.stores import Holdings
from tests.contract.stages.discord import finished
from tests.end_to_end.conftest import heard_until, inbox_of, write_handbook
from tests.end_to_end.held import Held
from tests.servers.discord import Discord, Message, P
from tests.servers.discord.models import Channel, Role

HOTELS = "how much may hotels cost a night?"
PIRATES = "who flies the pirate flag?"


class Team:
    """A server with the assistant in it."""

    def __init__(self, discord: Discord, app: App, inbox: Inbox) -> None:
        self.discord = discord
        self.app = app
        self.inbox = inbox

    def said(self, channel: Channel | int) -> list[Message]:
        """What the assistant has said there and is final."""
        place = (
            self.discord.channel(channel) if isinstance(channel, Channel) else self.discord.world.channels.get(channel)
        )
        return finished(self.discord, place) if place is not None else []

    async def answered(self, channel: Channel | int, times: int = 1) -> Message:
        """The last of so many messages of the assistant."""
        found: list[Message] = await self.discord.until(
            lambda: len(self.said(channel)) >= times and self.said(channel), within=15
        )
        return found[-1]

    async def settled(self) -> None:
        """Whatever would still come has its chance."""
        await asyncio.sleep(0.7)


@asynccontextmanager
async def team(
    discord: Discord,
    folder: Path,
    model: ScriptedModel | None = None,
    away_since: float = 0.0,
    clock: Callable[[], float] = time.time,
    **more: Any,
) -> AsyncIterator[Team]:
    """The assistant, which knows the handbook, connected to this Discord; for the first time since ``away_since``."""
    if not (folder / "handbook").exists():
        write_handbook(folder / "handbook")
    settings = Settings(
        home=folder / "home",
        embedder="hashing",
        discord_token=discord.token,
        discord_api_url=discord.api_url,
        discord_gateway_url=discord.gateway_url,
        **more,
    )
    inbox: Inbox

    async def resume(run: str, place: str, cause: str) -> None:
        await inbox.resume(run, place, cause)

    async with open_app(settings, resume, model=model, clock=clock) as app, AsyncExitStack() as stack:
        inbox = inbox_of(app)
        await app.knowledge.sync(await app.knowledge.add("folder", str(folder / "handbook")))
        await app.knowledge.embed()
        if away_since:
            await heard_until(app, "discord", away_since)
        app.chats["discord"] = await stack.enter_async_context(connect(app, inbox))
        await inbox.start()
        stack.push_async_callback(inbox.stop)
        yield Team(discord, app, inbox)


@pytest.fixture
async def discord() -> AsyncIterator[Discord]:
    async with Discord(rate_limits=False) as server:
        yield server


@pytest.fixture
async def here(discord: Discord, tmp_path: Path) -> AsyncIterator[Team]:
    async with team(discord, tmp_path) as made:
        yield made


# being addressed


async def test_a_mention_opens_a_thread_and_is_answered_there_with_footnotes(here: Team) -> None:
    asked = await here.discord.mention("alice", "general", HOTELS)
    answer = await here.answered(asked.id)
    assert "150 euros" in answer.text
    assert "Expense policy" in answer.text
    assert answer.buttons == ["👍", "👎", "How I found this"]
    assert asked.thread is not None
    assert asked.thread.name == HOTELS
    assert here.said(here.discord.general) == []
    assert here.discord.pings(here.discord.alice) == []


async def test_what_was_said_in_a_thread_before_it_came_there_is_no_question_when_it_is_edited(here: Team) -> None:
    discord = here.discord
    thread = await discord.create_thread("alice", "general", "questions")
    old = await discord.say("bob", thread, "are drinks refunded?")
    await discord.mention("alice", thread, HOTELS)
    await here.answered(thread)
    await discord.edit(old, "are meals while travelling refunded?")
    await here.settled()
    assert len(here.said(thread)) == 1
    await discord.say("bob", thread, "are meals while travelling refunded?")
    assert "40 euros" in (await here.answered(thread, 2)).text
    await discord.edit(old, f"{discord.bot.mention} {HOTELS}")
    await here.answered(thread, 3)


async def test_nothing_is_answered_that_is_not_said_to_it(here: Team) -> None:
    discord = here.discord
    await discord.say("bob", "general", "@everyone hello")
    await discord.say("bob", "general", "how much may hotels cost?")
    await discord.another_bot_says("general", f"{discord.bot.mention} {HOTELS}")
    await discord.webhook_says("general", f"{discord.bot.mention} {HOTELS}")
    await here.settled()
    assert [one for one in discord.messages("general") if one.author is discord.bot] == []
    assert discord.asked("POST /channels/{channel_id}/messages") == []


async def test_its_own_role_is_its_name_and_no_other_role_is(discord: Discord, tmp_path: Path) -> None:
    """Discord offers both under one name, and many choose the role."""
    own = next(role for role in discord.team.roles.values() if role.bot_id == discord.bot.id)
    shared = Role(discord.world.ids.next(), "helpers", P.NONE, mentionable=True)
    others = Role(discord.world.ids.next(), "other bot", P.NONE, mentionable=True, bot_id=discord.world.ids.next())
    discord.team.roles |= {role.id: role for role in (shared, others)}
    discord.team.members[discord.bot.id].roles.append(shared.id)
    async with team(discord, tmp_path) as here:
        for role in (shared, others):
            await discord.say("alice", "general", f"<@&{role.id}> {HOTELS}")
        asked = await discord.say("alice", "general", f"<@&{own.id}> {HOTELS}")
        assert "150 euros" in (await here.answered(asked.id)).text
        assert asked.thread is not None
        assert asked.thread.name == HOTELS
        await here.settled()
        assert [one.thread for one in discord.messages("general")] == [None, None, asked.thread]


async def test_where_no_thread_may_be_opened_the_answer_is_a_reply(here: Team) -> None:
    discord = here.discord
    await discord.remove_permission(discord.general, P.CREATE_PUBLIC_THREADS)
    asked = await discord.mention("alice", "general", HOTELS)
    answer = await here.answered(discord.general)
    assert answer.reference == (discord.general.id, asked.id)
    await discord.say("alice", "general", "are meals while travelling refunded?", reference=answer)
    assert (await here.answered(discord.general, 2)).reference == (discord.general.id, asked.id)


async def test_a_forum_post_is_answered_in_it(here: Team) -> None:
    post = await here.discord.forum_post("bob", "ideas", "Hotels", f"{here.discord.bot.mention} {HOTELS}")
    assert "150 euros" in (await here.answered(post)).text


async def test_events_that_come_twice_and_out_of_order_are_answered_once(here: Team) -> None:
    here.discord.deliver(duplicate=1.0, swap=0.5, seed=3)
    asked = [await here.discord.mention("alice", "general", HOTELS) for _ in range(4)]
    for one in asked:
        await here.answered(one.id)
    await here.settled()
    assert [len(here.said(one.id)) for one in asked] == [1, 1, 1, 1]


# pressing


async def proposed(here: Team, text: str = "remember that doors close at six") -> tuple[Message, Channel]:
    asked = await here.discord.mention("alice", "general", text)
    card = await here.answered(asked.id)
    assert asked.thread is not None
    return card, asked.thread


async def test_an_approval_card_is_decided_by_its_button(here: Team) -> None:
    card, thread = await proposed(here)
    assert card.buttons == ["Approve", "Edit", "Reject"]
    pressed = await (await here.discord.press("bob", card, "Approve")).answered()
    assert pressed.acked_at is not None
    assert pressed.acked_at - pressed.at < 1
    await here.answered(thread, 2)
    await here.discord.until(lambda: "Done" in card.text)
    assert "Approved by Bob" in card.text
    assert card.buttons == []


async def test_a_card_is_edited_in_a_form_after_a_restart(discord: Discord, tmp_path: Path) -> None:
    async with team(discord, tmp_path) as here:
        card, thread = await proposed(here)
    discord.clock.move(7 * 86_400)
    await discord.archive(thread)
    async with team(discord, tmp_path) as here:
        await (await discord.press("alice", card, "Edit")).answered()
        form = discord.modals[0]
        assert form.title == "Edit, then approve"
        assert "doors close at six" in str(form.inputs)
        name = next(name for name, field in form.inputs.items() if "doors close" in str(field.get("value")))
        await (await discord.submit("alice", form, {name: "doors close at seven"})).answered()
        await discord.until(lambda: "Done" in card.text, within=15)
        assert "with changes" in card.text
        assert "seven" in card.text


async def test_what_is_told_before_discord_took_the_acknowledgement_waits_for_it(
    here: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    discord, acknowledged = here.discord, events.acknowledged

    async def slowly(answer: Callable[[], Awaitable[Any]]) -> Any:
        await asyncio.sleep(1.5)
        return await acknowledged(answer)

    asked = await discord.mention("alice", "general", HOTELS)
    answer = await here.answered(asked.id)
    monkeypatch.setattr(events, "acknowledged", slowly)
    await discord.press("bob", answer, "How I found this")
    await discord.until(lambda: discord.ephemerals(discord.bob), within=15)


async def test_an_answer_is_marked_with_a_reason(here: Team) -> None:
    discord = here.discord
    asked = await discord.mention("alice", "general", HOTELS)
    answer = await here.answered(asked.id)
    await (await discord.press("alice", answer, "👍")).answered()
    await (await discord.press("bob", answer, "👎")).answered()
    await (await discord.submit("bob", discord.modals[0], {"reason": "too short"})).answered()
    from bot.desk import run_id

    run = run_id(f"discord:{asked.id}")

    async def marked() -> dict[str, str]:
        return await here.app.records.marks(run)

    for _ in range(100):
        if len(marks := await marked()) == 2:
            break
        await asyncio.sleep(0.05)
    assert marks == {f"discord/{discord.alice.id}": "helpful", f"discord/{discord.bob.id}": "unhelpful"}
    assert [one.text for one in discord.ephemerals(discord.bob)] == ["Thanks, noted."]


# changing one's mind, and being shown out


@pytest.mark.parametrize("is_cached", [True, False])
async def test_a_question_edited_twice_quickly_is_answered_once_as_it_says_last(
    discord: Discord, tmp_path: Path, is_cached: bool
) -> None:
    model = Held()
    async with team(discord, tmp_path, model) as here:
        asked = await discord.mention("alice", "general", PIRATES)
        await discord.until(lambda: discord.typing)
        for words in ("who waters the garden?", HOTELS):
            if not is_cached:
                here.app.chats["discord"]._client._connection._messages.clear()  # type: ignore[attr-defined]  # as old ones are
            await discord.edit(asked, f"{discord.bot.mention} {words}")
        await here.settled()
        model.may.set()
        answer = await here.answered(asked.id)
        await here.settled()
        assert "150 euros" in answer.text
        assert len(here.said(asked.id)) == 1


async def test_an_edit_after_the_answer_and_a_link_that_unfolds_change_nothing(here: Team) -> None:
    asked = await here.discord.mention("alice", "general", HOTELS)
    await here.answered(asked.id)
    await here.discord.edit(asked, f"{here.discord.bot.mention} {PIRATES}")
    await here.settled()
    assert len(here.said(asked.id)) == 1


@pytest.mark.parametrize("how", ["kicked", "deleted", "silenced"])
async def test_whoever_asked_where_it_was_shown_out_is_told_so_directly(
    discord: Discord, tmp_path: Path, how: str
) -> None:
    model = Held()
    async with team(discord, tmp_path, model):
        other = discord.add_guild("Other", discord.bob)
        discord.world.join(other, discord.alice)
        await discord.mention("alice", "general", HOTELS)
        await discord.until(lambda: discord.typing)
        ways: dict[str, Callable[[], Any]] = {
            "kicked": lambda: discord.kick_bot(discord.team),
            "deleted": lambda: discord.delete_channel(discord.general),
            "silenced": lambda: discord.remove_permission(discord.general, P.SEND_MESSAGES_IN_THREADS, P.SEND_MESSAGES),
        }
        await ways[how]()
        model.may.set()
        await discord.until(lambda: discord.dms(discord.alice), within=15)
        assert "removed from that channel" in discord.dms(discord.alice)[0].text


# what comes with it


async def test_what_was_said_in_a_thread_before_is_part_of_the_question(discord: Discord, tmp_path: Path) -> None:
    asked: list[str] = []

    def play(request: Any) -> str:
        asked.extend(message.content for message in request.messages)
        return "not JSON"

    async with team(discord, tmp_path, ScriptedModel(play)) as here:
        said = await discord.say("bob", "general", "Hotels in Oslo are dear.")
        thread = await discord.create_thread("bob", "general", "Oslo", message=said)
        await discord.say("carol", thread, "And the food?")
        await asyncio.sleep(0.01)  # in a millisecond of its own
        await discord.mention("alice", thread, "so what may it cost a night?")
        await here.answered(thread)
    assert any("Bob: Hotels in Oslo are dear." in words and "Carol: And the food?" in words for words in asked)


# commands


async def test_ask_names_the_question_and_answers_in_a_thread_on_it(here: Team) -> None:
    used = await (await here.discord.slash("alice", "general", "ask", {"question": HOTELS})).answered()
    assert used.response is not None
    assert HOTELS in used.response.text.replace("\\", "")
    assert "150 euros" in (await here.answered(used.response.id)).text
    assert here.discord.world.channels[used.response.id].name == HOTELS


async def test_a_question_by_command_that_waits_for_its_name_holds_up_nobody(here: Team) -> None:
    here.discord.fail("POST /interactions/{interaction_id}/{token}/callback", "hang")
    await here.discord.slash("alice", "general", "ask", {"question": HOTELS})
    asked = await here.discord.mention("bob", "general", PIRATES)
    assert "pirate flag" in (await here.answered(asked.id)).text
    here.discord.release()
    await here.answered(here.discord.messages("general")[-1].id)


async def test_knowledge_and_help_are_told_to_one_person(here: Team) -> None:
    await (await here.discord.slash("alice", "general", "knowledge")).answered()
    await here.discord.until(
        lambda: "documents" in "".join(one.text for one in here.discord.ephemerals(here.discord.alice))
    )
    await (await here.discord.slash("bob", "general", "footnote help")).answered()
    await here.discord.until(
        lambda: here.discord.ephemerals(here.discord.bob) and here.discord.ephemerals(here.discord.bob)[0].text
    )
    told = here.discord.ephemerals(here.discord.bob)[0].text
    assert [
        name
        for name in ("`/ask question`", "`/knowledge add here, or remove here`", "`/footnote help`")
        if name not in told
    ] == []
    assert here.discord.messages("general") == []


async def test_with_the_store_away_the_command_says_so(here: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away() -> Holdings:
        raise RetrievalError("The store is away.")

    monkeypatch.setattr(here.app.audiences, "holdings", away)
    await (await here.discord.slash("alice", "general", "knowledge")).answered()
    await here.discord.until(
        lambda: [one.text for one in here.discord.ephemerals(here.discord.alice)] == ["The store is away."]
    )


async def whispered(here: Team, who: str) -> str:
    """What this person alone is told first."""
    user = here.discord.user(who)
    await here.discord.until(lambda: any(one.text for one in here.discord.ephemerals(user)))
    return here.discord.ephemerals(user)[0].text


def lose_arrivals(here: Team) -> None:
    with sqlite3.connect(here.app.settings.home / "records.sqlite") as records:
        records.execute("ALTER TABLE arrivals RENAME TO away")


@pytest.mark.parametrize("in_thread", [False, True])
async def test_a_question_by_command_that_can_not_be_kept_says_so(here: Team, in_thread: bool) -> None:
    where = await here.discord.create_thread("bob", "general", "Talk") if in_thread else here.discord.general
    lose_arrivals(here)
    used = await (await here.discord.slash("alice", where, "ask", {"question": HOTELS})).answered()
    assert "The records can't be read or written" in await whispered(here, "alice")
    assert used.response is not None
    assert used.response.ephemeral
    assert here.said(where) == [] or all(one.ephemeral for one in here.said(where))


async def test_remember_this_that_can_not_be_kept_says_so(here: Team) -> None:
    said = await here.discord.say("bob", "general", "Doors close at six.")
    lose_arrivals(here)
    await (await here.discord.context_menu("alice", said, "Remember this")).answered()
    assert "The records can't be read or written" in await whispered(here, "alice")


async def test_a_fault_after_a_command_was_answered_is_told_beside_the_answer(
    here: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object) -> None:
        raise ValueError("hush")

    said = await here.discord.say("bob", "general", "Doors close at six.")
    monkeypatch.setattr(here.app.chats["discord"].whispers, "remember", broken)
    used = await (await here.discord.context_menu("alice", said, "Remember this")).answered()
    (told,) = await here.discord.until(lambda: used.followups)
    assert told.ephemeral
    assert APOLOGY in told.text
    assert "hush" not in told.text


async def test_a_command_that_thinks_while_discord_goes_away_says_so(
    here: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away() -> Holdings:
        raise ChatAway("Discord does not answer.")

    monkeypatch.setattr(here.app.audiences, "holdings", away)
    used = await (await here.discord.slash("alice", "general", "knowledge")).answered()
    assert await whispered(here, "alice") == "Discord does not answer."
    assert used.response is not None
    assert not used.response.loading


async def test_remember_this_proposes_it_in_the_thread_on_the_message(here: Team) -> None:
    said = await here.discord.say("bob", "general", "Doors close at six.")
    await (await here.discord.context_menu("alice", said, "Remember this")).answered()
    card = await here.answered(said.id)
    assert "Doors close at six." in card.text
    assert card.buttons == ["Approve", "Edit", "Reject"]


async def test_commands_are_told_to_discord_only_when_they_changed(discord: Discord, tmp_path: Path) -> None:
    for _ in range(2):
        async with team(discord, tmp_path):
            shapes = {
                one.name: [(o["name"], o["type"]) for o in one.data.get("options") or ()] for one in discord.commands
            }
            subcommand, words = 1, 3
            assert shapes == {
                "ask": [("question", words)],
                "digest": [("when-and-on-what", words)],
                "footnote": [("help", subcommand)],
                "knowledge": [("add-here-or-remove-here", 3)],
                "Remember this": [],
            }
    assert len(discord.asked("PUT /applications/{application_id}/commands")) == 1


# the connection


async def test_without_the_content_intent_mentions_are_answered_and_help_says_what_is_missing(tmp_path: Path) -> None:
    async with Discord(content_intent=False, rate_limits=False) as discord, team(discord, tmp_path) as here:
        asked = await discord.mention("alice", "general", HOTELS)
        assert "150 euros" in (await here.answered(asked.id)).text
        await (await discord.slash("bob", "general", "footnote help")).answered()
        await discord.until(
            lambda: "Message Content Intent" in "".join(one.text for one in discord.ephemerals(discord.bob))
        )


async def test_a_dropped_connection_and_a_new_session_lose_and_double_nothing(here: Team) -> None:
    discord = here.discord
    discord.gateway.drop()
    first = await discord.mention("alice", "general", HOTELS)
    await here.answered(first.id)
    await discord.until(lambda: discord.connected)
    discord.gateway.drop(forget=True)
    second = await discord.mention("alice", "general", HOTELS)
    await here.answered(second.id)
    await here.settled()
    assert [len(here.said(one.id)) for one in (first, second)] == [1, 1]


async def test_a_wrong_token_is_said_in_one_line(discord: Discord, tmp_path: Path) -> None:
    discord.settings.token, right = "another.token", discord.settings.token
    broken = Discord()
    broken.world.base = discord.world.base
    broken.settings.token = right
    with pytest.raises(SettingsInvalid, match="FOOTNOTE_DISCORD_TOKEN: Discord refuses it") as refused:
        async with team(broken, tmp_path):
            pass
    assert "\n" not in str(refused.value)
