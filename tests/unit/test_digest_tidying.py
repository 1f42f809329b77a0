"""What was read long ago loses its words and vector; nothing is shown twice for that, or with nothing in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.chat import Action
from bot.digests import tidying
from bot.digests.service import KEPT
from bot.tables import digest_items
from retrieval.sources.fetcher import Fetcher
from retrieval.stores import Store
from tests.servers.web_sources import WebSources
from tests.unit.digest_rig import DAY, START, Rig, open_rig

LONG = " ".join(["Retrieval evaluation was measured once more on other sets."] * 20)
SHOWN = ("A reranker that halves retrieval errors", "https://example.org/reranker", LONG)
UNSHOWN = ("A salad with beans", "https://example.org/salad", "Beans are soaked for 8 hours. " * 20)
UNDATED = ("Soup of the day", "https://example.org/soup", "It is hot.")


@pytest.fixture
async def rig(tmp_path: Path, host: WebSources, store: Store, fetcher: Fetcher) -> AsyncIterator[Rig]:
    async with open_rig(tmp_path, host, store, fetcher) as opened:
        yield opened


async def kept(rig: Rig) -> dict[str, Any]:
    """The rows by title; of what has none any more, by its id."""
    async with rig.digests._engine.connect() as connection:
        rows = (await connection.execute(select(digest_items))).mappings().all()
    return {row["title"] or row["id"]: row for row in rows}


async def test_what_was_never_shown_keeps_its_id_alone_and_of_what_was_shown_the_beginning_stays(rig: Rig) -> None:
    address = rig.feed("/a", (*SHOWN, START - 60), (*UNSHOWN, START - 60))
    await rig.subscribe(f"every day at 8 retrieval evaluation from {address}")
    before = await kept(rig)
    rig.clock[0] += KEPT - 60
    assert await rig.digests.tidy() == 0
    rig.clock[0] += 120
    assert await rig.digests.tidy() == 2
    assert await rig.digests.tidy() == 0
    after = await kept(rig)
    shown, unshown = after[SHOWN[0]], after[before[UNSHOWN[0]]["id"]]
    assert (shown["link"], shown["text"], shown["vector"]) == (SHOWN[1], LONG[:500], b"")
    assert (unshown["link"], unshown["title"], unshown["text"], unshown["vector"]) == ("", "", "", b"")


async def test_what_a_source_still_tells_of_after_that_is_not_news(rig: Rig) -> None:
    address = rig.feed("/a", (*SHOWN, START - 60), (*UNDATED, None))
    await rig.subscribe(f"every day at 8 retrieval evaluation from {address}")
    await rig.press(Action.PAUSE, "digest-s1")
    rig.clock[0] += KEPT + DAY
    assert await rig.digests.tidy() == 2
    retold = ("Elsewhere: " + SHOWN[0], "https://other.example/again", LONG, rig.clock[0])
    rig.feed("/a", (*SHOWN, START - 60), (*UNDATED, None), retold)
    await rig.press(Action.CHANGE, "digest-s1", topics="")
    await rig.press(Action.RESUME, "digest-s1")
    await rig.pass_time(DAY)
    (newest,) = await rig.digests.editions.newest("s1", 1)
    assert newest.content["quiet"]


async def test_a_clock_that_was_ahead_when_it_tidied_shows_nothing_empty(rig: Rig) -> None:
    address = rig.feed("/a", (*SHOWN, START - 60), (*UNSHOWN, START - 60))
    await rig.subscribe(f"every day at 8 retrieval evaluation from {address}")
    rig.clock[0] += 365 * DAY
    await rig.digests.tidy()
    rig.clock[0] -= 365 * DAY
    await rig.press(Action.CHANGE, "digest-s1", topics="")
    await rig.pass_time(DAY)
    (newest,) = await rig.digests.editions.newest("s1", 1)
    assert newest.content["quiet"]


async def test_no_more_is_tidied_at_once_than_was_said(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    address = rig.feed("/a", (*SHOWN, START - 60), (*UNSHOWN, START - 60), (*UNDATED, None))
    await rig.subscribe(f"every day at 8 retrieval evaluation from {address}")
    monkeypatch.setattr(tidying, "MOST", 2)
    rig.clock[0] += KEPT + DAY
    assert [await rig.digests.tidy() for _ in range(3)] == [2, 1, 0]


async def test_after_a_pause_of_months_a_digest_looks_a_month_back(rig: Rig) -> None:
    address = rig.feed("/a", (*UNSHOWN, START - 60))
    await rig.subscribe(f"every day at 8 retrieval evaluation from {address}")
    rig.feed("/a", (*SHOWN, START + 60))
    await rig.subscribe(f"every day at 9 beans from {address}", "s2")
    await rig.press(Action.PAUSE, "digest-s1")
    rig.clock[0] += 3_600
    await rig.digests._gatherer.refresh([f"feed:{address}"])  # as another subscription does meanwhile
    rig.clock[0] += 60 * DAY
    await rig.press(Action.RESUME, "digest-s1")
    await rig.pass_time(DAY)
    (newest,) = await rig.digests.editions.newest("s1", 1)
    assert newest.content["quiet"]
