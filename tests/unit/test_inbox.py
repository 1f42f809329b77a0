"""What the inbox holds back, what it tells of, and how it starts."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot.chat import Action, ChatAway, Mention, Person, Place, Press, Withdrawal
from bot.inbox import AT_ONCE, Inbox
from bot.records import open_engine
from tests.servers.postgres import binaries, postgres

MEI = Person("here/mei", "Mei")


def mention(platform: str, number: int) -> Mention:
    return Mention(f"{platform}:{number}", Place(platform, "w", "c", str(number)), MEI, "hello", 1_000.0)


async def test_the_mentions_of_a_platform_that_is_held_wait_and_are_told_of(tmp_path: Path) -> None:
    handled: asyncio.Queue[str] = asyncio.Queue()

    async def on_mention(mention: Mention) -> None:
        handled.put_nowait(mention.event_id)

    async def nothing(_: Any) -> None:
        """Nothing else comes."""

    inbox = Inbox(f"sqlite:///{tmp_path / 'inbox.sqlite'}", "one", on_mention, nothing, nothing, nothing)
    release = inbox.hold("discord")
    await inbox.start()
    for number in range(2):
        await inbox.accept(mention("discord", number))
    await inbox.accept(mention("slack", 2))
    assert await asyncio.wait_for(handled.get(), 10) == "slack:2"
    assert sorted(one.event_id for one in await inbox.unhandled("discord")) == ["discord:0", "discord:1"]
    assert handled.empty()
    release()
    assert sorted([await asyncio.wait_for(handled.get(), 10) for _ in range(2)]) == ["discord:0", "discord:1"]
    while await inbox.unhandled("discord"):
        await asyncio.sleep(0.05)
    await inbox.stop()


@pytest.mark.parametrize(
    ("event", "of", "message", "stands"),
    [
        ("slack:T1:C1:17.1:18.2:edited", "slack:T1:C1:17.1", "17.1", "slack:T1:C1:17.1:18.2"),
        ("slack:T1:C1:17.1:19.3:edited", "slack:T1:C1:17.1:18.2", "17.1", "slack:T1:C1:17.1:19.3"),
        ("slack:T1:C1:17.1:stopped", "slack:T1:C1:17.1", "17.1", ""),
        ("discord:5:18.2:withdrawn:discord:5", "discord:5", "5", "discord:5:18.2"),
        ("discord:5:18.2:deleted", "discord:5:18.2", "5", ""),
    ],
)
async def test_a_withdrawal_that_was_kept_before_messages_had_versions_is_read(
    tmp_path: Path, event: str, of: str, message: str, stands: str
) -> None:
    handled: asyncio.Queue[Withdrawal] = asyncio.Queue()

    async def nothing(_: Any) -> None:
        """Nothing else comes."""

    inbox = Inbox(f"sqlite:///{tmp_path / 'inbox.sqlite'}", "one", nothing, nothing, nothing, handled.put)
    await inbox.start()
    where = {"platform": event.partition(":")[0], "workspace": "T1", "channel": "C1", "thread": ""}
    await inbox._enqueue(event, "lane", "withdrawal", {"event_id": event, "place": where, "of": of})
    read = await asyncio.wait_for(handled.get(), 10)
    await inbox.stop()
    assert (read.message, read.stands) == (message, stands)


@pytest.mark.timeout(100)
async def test_it_starts_on_a_new_postgresql_while_a_transaction_is_under_way() -> None:
    if binaries() is None:
        pytest.skip("PostgreSQL is not installed: install the package postgresql")

    async def nothing(_: Any) -> None:
        """Nothing comes."""

    with postgres() as address:
        url = address.replace("postgresql://", "postgresql+psycopg://")
        engine = open_engine(url)

        async def reads() -> None:
            async with engine.begin() as connection:
                await connection.execute(text("select pg_sleep(5)"))

        reading = asyncio.create_task(reads())
        await asyncio.sleep(0.5)
        inbox = Inbox(url, "one", nothing, nothing, nothing, nothing)
        await inbox.start()
        await reading
        await inbox.stop()
        await engine.dispose()


@pytest.mark.parametrize("busy", ["away", "slow"])
async def test_forty_mentions_that_wait_or_are_answered_keep_no_press_waiting(tmp_path: Path, busy: str) -> None:
    begun, handled = set[str](), asyncio.Queue[str]()
    release = asyncio.Event()

    async def on_mention(mention: Mention) -> None:
        begun.add(mention.event_id)
        if mention.place.platform == "away":
            raise ChatAway("away")
        if mention.place.platform == "slow":
            await release.wait()
        handled.put_nowait(mention.event_id)

    async def on_event(event: Press | Withdrawal) -> None:
        handled.put_nowait(event.event_id)

    async def nothing(_: Any) -> None:
        """Nothing is resumed."""

    inbox = Inbox(f"sqlite:///{tmp_path / 'inbox.sqlite'}", "one", on_mention, on_event, nothing, on_event)
    await inbox.start()
    for number in range(40):
        await inbox.accept(mention(busy, number))
    async with asyncio.timeout(15):
        while len(begun) < AT_ONCE:
            await asyncio.sleep(0.05)
    place = Place("slack", "w", "c", "1")
    await inbox.accept(Press("press", place, MEI, Action.APPROVE, "s", 1_000.0))
    await inbox.accept(Withdrawal("withdrawal", Place(busy, "w", "c", "1"), "1"))
    wanted = {"press", "withdrawal"}
    if busy == "away":
        await inbox.accept(mention("slack", 41))
        wanted.add("slack:41")
    async with asyncio.timeout(10):
        assert {await handled.get() for _ in wanted} == wanted
    release.set()
    await inbox.stop()
