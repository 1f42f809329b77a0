"""What is known of a channel's talk, whatever order pages and events come in; and when its source is due."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.talk import SOON, Position, Talk
from bot.chat import Page, Person, Said
from bot.knowledge import Knowledge
from bot.sources import IN_CHAT
from retrieval.sources import Source
from retrieval.stores import Store

ADA = Person("here/ada", "Ada")
SOURCE = "channel:slack/T1/C1"
NEXT, END = Position(cursor="more"), Position(last=True)


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def talk(engine: AsyncEngine, clock: Clock) -> Talk:
    made = Talk(engine, clock)
    await made.open(SOURCE, "general", None)
    return made


def said(key: str, text: str) -> Said:
    return Said(key, ADA, text, float(key))


def page(*messages: Said) -> Page:
    return Page(messages)


async def texts(talk: Talk) -> list[str]:
    return sorted(one.text for one in await talk.messages(SOURCE))


async def test_a_page_that_was_asked_for_before_an_edit_does_not_undo_it(talk: Talk, clock: Clock) -> None:
    await talk.begin(SOURCE)
    asked_at = clock.now
    clock.now += 1
    await talk.hear(SOURCE, said("1", "edited"))
    await talk.lose(SOURCE, "2")
    await talk.take(SOURCE, page(said("1", "as it was"), said("2", "deleted"), said("3", "old")), NEXT, asked_at)
    assert await texts(talk) == ["edited", "old"]


async def test_what_a_whole_reading_did_not_come_across_is_gone_and_what_was_heard_meanwhile_is_not(
    talk: Talk, clock: Clock
) -> None:
    for text in ("first", "second"):
        await talk.begin(SOURCE)
        await talk.take(SOURCE, page(said("1", text), said("2", text)), END, clock.now)
        clock.now += 1
    await talk.begin(SOURCE)
    await talk.take(SOURCE, page(said("1", "third")), NEXT, clock.now)
    assert await texts(talk) == ["second", "third"]
    await talk.hear(SOURCE, said("4", "heard"))
    await talk.take(SOURCE, page(), END, clock.now)
    assert await texts(talk) == ["heard", "third"]
    known = await talk.reading(SOURCE)
    assert known is not None
    assert (known.whole, known.position) == (True, None)


async def test_how_far_a_reading_came_is_known_with_what_it_came_to(talk: Talk, clock: Clock) -> None:
    await talk.begin(SOURCE)
    position = Position().after(Page((), ("7", "5"), "5"))
    for found in (Page(cursor="7.1"), Page(), Page(), Page()):
        await talk.take(SOURCE, found, position, clock.now)
        known = await talk.reading(SOURCE)
        assert known is not None
        assert known.position == position
        position = position.after(found)
    assert position.is_end


async def test_nothing_is_kept_of_a_channel_that_nobody_added(talk: Talk, clock: Clock) -> None:
    other = "channel:slack/T1/C2"
    await talk.hear(other, said("1", "hello"))
    assert not await talk.take(other, page(said("1", "hello")), END, clock.now)
    assert await talk.messages(other) == []
    assert not await talk.follows(other)


async def test_a_source_is_due_soon_once_for_all_that_happens_and_again_for_what_comes_while_it_is_read(
    talk: Talk, clock: Clock, engine: AsyncEngine, store: Store, tmp_path: Path
) -> None:
    class Empty:
        keeps, name = False, SOURCE

        async def list(self) -> AsyncIterator[object]:
            for one in heard:
                await talk.hear(SOURCE, one)
            return
            yield

    heard: list[Said] = []

    def opened(kind: str, location: str) -> Source:
        return Empty()  # type: ignore[return-value]

    knowledge = Knowledge(store, None, engine, opened, "here", clock)
    await knowledge.add("channel", "slack/T1/C1")
    await knowledge.refresh(SOURCE)
    for _ in range(3):
        assert await knowledge.due(IN_CHAT) == []
        await talk.hear(SOURCE, said("1", "hello"))
        clock.now += SOON / 3
    assert await knowledge.due(IN_CHAT) == [SOURCE]
    heard.append(said("2", "meanwhile"))
    await knowledge.refresh(SOURCE)
    assert await knowledge.due(IN_CHAT) == []
    clock.now += SOON
    assert await knowledge.due(IN_CHAT) == [SOURCE]
    heard.clear()
    await knowledge.refresh(SOURCE)
    clock.now += SOON
    assert await knowledge.due(IN_CHAT) == []
