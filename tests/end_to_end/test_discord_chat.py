"""The port `Chat` on Discord while the world is as it is: answers lost, messages deleted, limits, crashes between two lines."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import discord
import pytest
from sqlalchemy import event

from bot.chat import Action, Button, Card, ChatAway, ChatGone, Field, Footnote, Form, Reply
from bot.discord import forms
from bot.discord.posting import LOOK_BACK
from bot.discord.streaming import draft_key
from bot.posts import Posts
from tests.contract.stages import ANSWER, DECIDED, NOTE, WAITING
from tests.contract.stages.discord import OnDiscord, on_discord
from tests.servers.discord import Message, P

POST = "POST /channels/{channel_id}/messages"
DELETE = "DELETE /channels/{channel_id}/messages/{message_id}"
MANY = tuple(Button(Action.APPROVE, "s" * 70 + str(number), "Approve " * 20) for number in range(5))
CARD = Card("Remember “doors”", (), "f00d", "proposed", "Waits for a decision.")
DOCS = Path(__file__).parent.parent.parent / "docs/discord.md"


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[OnDiscord]:
    async with on_discord(tmp_path) as made:
        yield made


def ours(stage: OnDiscord) -> list[Message]:
    return stage._shown()


async def shown(stage: OnDiscord, text: str) -> None:
    await stage.server.until(lambda: any(text in one.text for one in ours(stage)))


async def noted(stage: OnDiscord) -> None:
    """The draft stands, and the records say where."""
    posts = Posts(stage.records.engine)
    while not any(post.address for post in await posts.of(stage.place, draft_key(stage.place))):
        await asyncio.sleep(0.01)


class Killed(Exception):
    """The process died here."""


@contextlib.contextmanager
def dying(stage: OnDiscord, statement: int) -> Iterator[None]:
    """The process dies before it writes this statement, counted from now on, about where messages stand."""
    left = iter(range(statement))

    def die(_connection: object, _cursor: object, sql: str, *_more: object) -> None:
        if "posts" in sql and not sql.startswith("SELECT") and next(left, None) is None:
            raise Killed

    engine = stage.records.engine.sync_engine
    event.listen(engine, "before_cursor_execute", die)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", die)


@pytest.mark.parametrize("how", [500, 503, "drop", 429])
@pytest.mark.parametrize("after", [False, True])
async def test_a_message_whose_answer_is_lost_is_posted_once(stage: OnDiscord, how: int | str, after: bool) -> None:
    stage.server.fail(POST, how, 2, after=after and how != 429)  # type: ignore[arg-type]
    await stage.say("answer", ANSWER)
    assert len(ours(stage)) == 1


async def test_what_is_shown_again_as_it_is_sends_nothing(stage: OnDiscord) -> None:
    await stage.say("card", WAITING)
    before = len(stage.server.requests)
    await stage.say("card", WAITING)
    await stage.restart()
    await stage.say("card", WAITING)
    assert len(stage.server.requests) == before


async def test_a_message_that_was_sent_and_not_noted_is_found_after_a_crash(stage: OnDiscord) -> None:
    await stage.say("card", WAITING)
    posts = Posts(stage.records.engine)
    await posts.remove(stage.place, "card")
    await posts.begin(stage.place, "card", 0)
    stage.server.clock.move(3_600)
    await stage.restart()
    await stage.say("card", DECIDED)
    assert ["Approved by Ann" in one.text for one in ours(stage)] == [True]


async def test_a_draft_whose_answer_was_lost_becomes_the_answer(stage: OnDiscord) -> None:
    stage.server.fail(POST, "drop", 1, after=True)
    await stage.chat.status(stage.place, "Reading")
    await stage.server.until(lambda: ours(stage))
    await stage.say("answer", ANSWER)
    assert ["opens at nine" in one.text for one in ours(stage)] == [True]


@pytest.mark.parametrize("statement", range(5))
async def test_a_crash_while_a_draft_becomes_the_answer_leaves_one_message(stage: OnDiscord, statement: int) -> None:
    await stage.chat.status(stage.place, "Reading")
    await noted(stage)
    with dying(stage, statement), contextlib.suppress(Killed):
        await stage.say("answer", ANSWER)
    thread = stage.server.channel(int(stage.place.thread))
    for number in range(LOOK_BACK + 1):
        await stage.server.say("bob", thread, f"meanwhile {number}")
    await stage.restart()
    await stage.say("answer", ANSWER)
    assert ["opens at nine" in one.text for one in ours(stage)] == [True]


async def test_a_draft_that_could_not_be_taken_away_is_taken_away_the_next_time(stage: OnDiscord) -> None:
    await stage.chat.status(stage.place, "Reading")
    await noted(stage)
    stage.server.fail(DELETE, 403)
    await stage.chat.status(stage.place, "")
    assert len(ours(stage)) == 1
    await stage.restart()
    await stage.chat.status(stage.place, "")
    assert ours(stage) == []


async def test_an_answer_that_was_sent_and_not_noted_is_found_beside_a_new_draft(stage: OnDiscord) -> None:
    await stage.say("answer", ANSWER)
    posts = Posts(stage.records.engine)
    await posts.remove(stage.place, "answer")
    await posts.begin(stage.place, "answer", 0)
    await stage.restart()
    await stage.chat.status(stage.place, "Reading")
    await noted(stage)
    await stage.say("answer", ANSWER)
    await stage.chat.status(stage.place, "")
    assert ["opens at nine" in one.text for one in ours(stage)] == [True]


async def test_a_long_answer_is_split_at_paragraphs_and_made_short_again(stage: OnDiscord) -> None:
    paragraphs = [f"{number} " + "word " * 300 for number in range(8)]
    await stage.say("answer", replace(ANSWER, text="\n\n".join(paragraphs)))
    messages = ours(stage)
    assert len(messages) > 2
    assert all(len(one.text) <= 4_000 for one in messages)
    assert [bool(one.buttons) for one in messages] == [False] * (len(messages) - 1) + [True]
    assert all(re.match(r"\d word", one.text) for one in messages)
    await stage.say("answer", ANSWER)
    assert len(ours(stage)) == 1


@pytest.mark.parametrize(
    "reply",
    [
        replace(
            ANSWER,
            footnotes=tuple(replace(NOTE, number=n, title="*" * 300) for n in range(90)),
            notes=("_" * 900,) * 60,
        ),
        replace(
            ANSWER, text="\n\n".join(f"- `{number}` *of* [many](https://a.example)\n\n---" for number in range(900))
        ),
        replace(WAITING, card=replace(CARD, fields=tuple((f"Field {n}", "words * " * n) for n in range(90)))),
        replace(
            WAITING,
            card=replace(CARD, title="#" * 900, outcome="|" * 3_000),
            buttons=MANY,
        ),
    ],
)
async def test_however_much_there_is_discord_takes_it(stage: OnDiscord, reply: Reply) -> None:
    await stage.say("answer", reply)
    assert len(ours(stage)) > 0
    assert len(ours(stage)[-1].buttons) == len(reply.buttons)
    assert {request.status for request in stage.server.asked(POST)} == {200}


async def test_however_long_a_status_and_what_is_written_are_they_are_shown(stage: OnDiscord) -> None:
    await stage.chat.status(stage.place, "*" * 200)
    await stage.chat.show(stage.place, "answer", Reply("word " * 779 + "end", final=False))
    await shown(stage, "end")
    assert stage.server.asked(POST)[-1].status == 200


async def test_a_reply_to_a_question_that_is_gone_by_now_stands_by_itself(stage: OnDiscord) -> None:
    await stage.server.remove_permission(stage.server.general, P.CREATE_PUBLIC_THREADS)
    await stage.server.delete(int(stage.place.thread))
    await stage.say("answer", ANSWER)
    (answer,) = [one for one in stage.server.messages("general") if one.author is stage.server.bot]
    assert answer.reference is None
    await stage.say("answer", replace(ANSWER, text="It opens at ten."))
    assert "opens at ten" in answer.text


async def test_one_message_streams_and_is_replaced_and_never_shows_half_a_link(stage: OnDiscord) -> None:
    link = "The [garden](https://docs.example/garden) opens."
    note = Footnote(1, "https://docs.example/garden", "Garden", "https://docs.example/garden", 0, 5, "opens")
    await stage.chat.status(stage.place, "Writing")
    for end in range(1, len(link), 4):
        await stage.chat.show(stage.place, "answer", Reply(link[:end], (note,), final=False))
        await asyncio.sleep(0.12)
    await stage.say("answer", Reply(link, (note,)))
    versions = [version for one in ours(stage) for version in [*one.versions, one.text]]
    assert len(ours(stage)) == 1
    assert 2 <= len(versions) <= 4
    assert not [one for one in versions if re.search(r"\[gar(?!den\]\(<https://docs.example/garden>\))", one)]
    assert "[garden](<https://docs.example/garden>)" in versions[-1]


async def test_a_message_that_somebody_deleted_is_not_written_again(stage: OnDiscord) -> None:
    await stage.say("card", WAITING)
    await stage.server.delete(ours(stage)[0])
    await stage.say("card", DECIDED)
    assert ours(stage) == []


async def test_an_answer_whose_draft_somebody_deleted_is_written(stage: OnDiscord) -> None:
    await stage.chat.status(stage.place, "Reading")
    await shown(stage, "Reading")
    await stage.server.delete(ours(stage)[0])
    await stage.say("answer", ANSWER)
    assert ["opens at nine" in one.text for one in ours(stage)] == [True]


async def test_where_it_may_not_speak_any_more_the_place_is_gone(stage: OnDiscord) -> None:
    await stage.say("one", ANSWER)
    await stage.server.remove_permission(stage.server.general, P.SEND_MESSAGES_IN_THREADS, P.SEND_MESSAGES)
    with pytest.raises(ChatGone):
        await stage.say("two", ANSWER)


async def test_nobody_is_called_and_nothing_unfolds_whatever_the_words_are(stage: OnDiscord) -> None:
    words = f"{stage.server.bob.mention} @everyone https://evil.example/p.png [x](https://evil.example)"
    await stage.say("answer", replace(ANSWER, text=words, notes=(words,)))
    message = ours(stage)[0]
    assert (message.mentions, message.mention_everyone, stage.server.pings(stage.server.bob)) == ([], False, [])
    assert "](<" not in message.text
    assert stage.server.ignored == []


async def test_a_form_with_more_fields_than_discord_shows_says_what_stays() -> None:
    fields = tuple(Field(f"f{number}", f"Field {number}", value=f"v{number}") for number in range(7))
    made = forms.modal(Button(Action.EDIT, "approval", "Edit"), Form("Edit, then approve", fields))
    assert len(made.children) == 5
    assert isinstance(made.children[0], discord.ui.TextDisplay)
    assert "Field 4, Field 5, Field 6" in made.children[0].content


def test_the_invitation_asks_for_the_permissions_that_are_used() -> None:
    link = re.search(r"permissions=(\d+)", DOCS.read_text())
    assert link is not None
    asked = discord.Permissions(int(link[1]))
    assert asked == discord.Permissions(
        view_channel=True,
        send_messages=True,
        read_message_history=True,
        create_public_threads=True,
        send_messages_in_threads=True,
        attach_files=True,
    )


async def test_where_discord_stays_away_it_is_said_so_and_shown_later(
    stage: OnDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.discord import posting

    monkeypatch.setattr(posting.Poster.post, "__kwdefaults__", {**posting.Poster.post.__kwdefaults__, "waits": (0.01,)})
    failing = stage.server.fail(POST, 503, 1_000)
    with pytest.raises(ChatAway):
        await stage.say("answer", ANSWER)
    failing.times = 0
    await stage.say("answer", ANSWER)
    assert len(ours(stage)) == 1
