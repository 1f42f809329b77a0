"""Another embedder, such as after an upgrade: no item is lost, nothing is told twice, and marks count on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from bot.chat import Action
from bot.digests import anew
from retrieval.embedders import Embedder
from retrieval.embedders.hashing import Hashing
from retrieval.sources.fetcher import Fetcher
from retrieval.stores import Store
from tests.servers.web_sources import WebSources
from tests.unit.digest_rig import ANN, DAY, START, Rig, open_rig

HALVES = "Errors of retrieval fell by half on 12 public sets of retrieval evaluation, the team of the reranker writes."
OLD = ("Retrieval evaluation: a reranker halves errors", "https://example.org/old", HALVES)
NEW = ("Retrieval evaluation gets a test set", "https://example.org/new", "The set has 40 questions.")
WHALES = ("Retrieval evaluation: whales leave the ocean harbour early", "https://example.org/w", "")
PARSERS = ("Retrieval evaluation: compilers check types before parsers run", "https://example.org/p", "")
MORE_WHALES = ("Retrieval evaluation: ships meet whales at sea near ice", "https://example.org/w2", "")
MORE_PARSERS = ("Retrieval evaluation: grammar makes compilers and linkers fast", "https://example.org/p2", "")
Opened = Callable[[Embedder], AbstractAsyncContextManager[Rig]]


class Wide(Hashing):
    """The same with vectors of another size."""

    name = "hashing-wide"
    dimensions = 512


@pytest.fixture
def opened(tmp_path: Path, host: WebSources, store: Store, fetcher: Fetcher) -> Opened:
    """The same assistant, started with some embedder."""
    return lambda embedder: open_rig(tmp_path, host, store, fetcher, embedder=embedder)


async def test_what_was_read_with_another_embedder_is_shown_all_the_same_and_once(opened: Opened) -> None:
    async with opened(Hashing()) as rig:
        address = rig.feed("/a", (*OLD, START - 60))
        await rig.subscribe(f"every day at 8 retrieval evaluation from {address}")
        assert "halves errors" in rig.chat.texts()
        rig.clock[0] += 2_000
        rig.feed("/a", (*OLD, START - 60), (*NEW, START + 1_000))
        await rig.subscribe(f"every day at 9 salads from {address}", "s2")  # reads the new one and doesn't show it
    async with opened(Wide()) as rig:
        again = (OLD[0], "https://other.example/again", f"{HALVES} It is told by others.", START + 1_500)
        rig.feed("/a", (*OLD, START - 60), (*NEW, START + 1_000), again)
        rig.clock[0] = START + 3_000
        await rig.pass_time(3_000)
        shown = rig.chat.texts("digest:s1:2026-03-02")
        assert "gets a test set" in shown
        assert "halves errors" not in shown
        await rig.pass_time(DAY)
        assert "gets a test set" not in rig.chat.texts("digest:s1:2026-03-03")


async def test_what_was_marked_with_another_embedder_decides_what_comes_first(opened: Opened) -> None:
    async with opened(Hashing()) as rig:
        address = rig.feed("/a", (*WHALES, START - 60), (*PARSERS, START - 60))
        await rig.subscribe(f"every day at 8 retrieval evaluation from {address}")
        (edition,) = await rig.digests.editions.newest("s1")
        whales = next(number for number, entry in enumerate(edition.entries) if "whales" in entry["title"])
        await rig.press(Action.MORE, f"{edition.id}:{whales}", ANN)
        await rig.press(Action.LESS, f"{edition.id}:{1 - whales}", ANN)
    async with opened(Wide()) as rig:
        rig.clock[0] = START + DAY
        rig.feed("/a", (*MORE_PARSERS, START + DAY - 60), (*MORE_WHALES, START + DAY - 120))
        await rig.pass_time(2_000)
        newest, first = await rig.digests.editions.newest("s1")
        assert ["whales" in entry["title"] for entry in newest.entries] == [True, False]
        assert [mark.vector.shape for mark in await rig.digests.editions.marks(first.place)] == [(512,), (512,)]
        await rig.press(Action.LESS, f"{first.id}:{whales}", ANN)
        assert rig.chat.whispers == [("here/ann", "Noted: less of this.")]


async def test_of_a_long_past_the_newest_is_embedded_first_and_the_rest_is_known_by_link(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(Hashing()) as rig:
        address = rig.feed("/a", (*OLD, START - 60))
        await rig.subscribe(f"every day at 8 retrieval evaluation from {address}")
        rig.feed("/a", (*NEW, START + 60))
        await rig.pass_time(DAY / 2)
    monkeypatch.setattr(anew, "AT_ONCE", 1)
    async with opened(Wide()) as rig:
        rig.clock[0] = START + DAY
        rig.feed("/a", (*OLD, START + DAY), (*NEW, START + DAY))
        await rig.pass_time(2 * 3_600)
        preview, first, second = sorted(await rig.digests.editions.newest("s1"), key=lambda one: one.number)
        assert [len(one.vectors) for one in (preview, first, second)] == [0, 1, 0]
        assert "Nothing new" in second.title
        await rig.pass_time(DAY)
        assert len((await rig.digests.editions.newest("s1"))[-1].vectors) == 1
