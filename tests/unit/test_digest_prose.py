"""What a model writes of a story: once for all who follow the same topics, and what only some may see for each place alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.errors import ModelUnavailable
from agent.models import ChatModel, Completion, Request
from agent.models.scripted import ScriptedModel
from agent.state import State
from agent.writing import ProseWriter
from bot.app import _prose_of
from bot.chat import Place
from bot.digests import written
from bot.digests.editions import Edition
from bot.digests.subscriptions import Subscription
from bot.digests.writing import Prose
from retrieval.chunking import chunk
from retrieval.documents import Audience, Document
from retrieval.sources.fetcher import Fetcher
from retrieval.stores import Store
from tests.servers.web_sources import WebSources
from tests.unit.digest_rig import DAY, MEI, START, Rig, open_rig

TOLD = (
    "A reranker for retrieval",
    "https://example.org/reranker",
    "Errors of retrieval fell by half. Lunch was served to the whole team.",
)
SAID = "Errors of retrieval fell by half [1]."


class Played:
    """What the model says next, and the model itself."""

    def __init__(self) -> None:
        self.says: str | ModelUnavailable = SAID
        self.model = ScriptedModel(self._play)

    def _play(self, request: Request) -> str | Completion:
        if isinstance(self.says, ModelUnavailable):
            raise self.says
        return self.says

    def prose(self, subscription: Subscription) -> Prose:
        return Prose(ProseWriter(self.model), subscription.language)

    @property
    def asked(self) -> int:
        return len(self.model.requests)


@pytest.fixture
def played() -> Played:
    return Played()


@pytest.fixture
async def rig(tmp_path: Path, host: WebSources, store: Store, fetcher: Fetcher, played: Played) -> AsyncIterator[Rig]:
    async with open_rig(tmp_path, host, store, fetcher, played.prose) as opened:
        yield opened


@pytest.fixture
def first(rig: Rig) -> Subscription:
    address = rig.feed("/a", (*TOLD, START - 3_600))
    place = Place("here", "local", "one")
    return Subscription("s1", place, MEI, "retrieval", (f"feed:{address}",), "0 8 * * *", "UTC", START)


def elsewhere(subscription: Subscription, **fields: object) -> Subscription:
    return replace(subscription, id="s2", place=Place("here", "local", "two"), **fields)  # type: ignore[arg-type]


async def composed(rig: Rig, subscription: Subscription) -> Edition:
    return await rig.digests.compose(subscription, subscription.id, START, START - DAY)


def sentences(edition: Edition) -> list[str]:
    return [one["text"] for entry in edition.content["items"] for one in entry.get("sentences", [])]


async def test_what_many_follow_is_written_once(rig: Rig, played: Played, first: Subscription) -> None:
    editions = [await composed(rig, first), await composed(rig, elsewhere(first))]
    assert [sentences(one) for one in editions] == [["Errors of retrieval fell by half."]] * 2
    assert played.asked == 1


async def test_what_is_written_at_the_same_moment_is_written_once(
    rig: Rig, played: Played, first: Subscription
) -> None:
    many = [replace(first, id=f"s{n}", place=Place("here", "local", f"{n}")) for n in range(10)]
    editions = await asyncio.gather(*(composed(rig, one) for one in many))
    assert {tuple(sentences(one)) for one in editions} == {("Errors of retrieval fell by half.",)}
    assert played.asked == 1


@pytest.mark.parametrize("other", [{"topics": "retrieval errors"}, {"language": "Deutsch"}])
async def test_other_topics_and_another_language_have_texts_of_their_own(
    rig: Rig, played: Played, first: Subscription, other: dict[str, str]
) -> None:
    await composed(rig, first)
    await composed(rig, elsewhere(first, **other))
    assert played.asked == 2


async def test_what_the_knowledge_base_told_one_place_is_written_for_that_place_alone(
    rig: Rig, played: Played, first: Subscription
) -> None:
    text = "Retrieval plan. Errors of retrieval fell by half. We grade every answer of retrieval by hand."
    document = Document("plan", "folder:x", "", "Plan", text, Audience.everyone(), "1", modified=START - 60)
    await rig.store.put([(document, chunk(document))])
    for one in (first, elsewhere(first)):
        assert sentences(await composed(rig, replace(one, sources=("knowledge",))))
    assert played.asked == 2


async def test_a_model_that_was_away_for_one_writes_for_the_next(rig: Rig, played: Played, first: Subscription) -> None:
    played.says = ModelUnavailable("scripted is away.")
    assert sentences(await composed(rig, first)) == [
        "Errors of retrieval fell by half.",
        "Lunch was served to the whole team.",
    ]
    played.says = SAID
    assert sentences(await composed(rig, elsewhere(first))) == ["Errors of retrieval fell by half."]


async def test_what_no_source_supports_is_quoted_everywhere_and_not_asked_for_again(
    rig: Rig, played: Played, first: Subscription
) -> None:
    played.says = "Whales sing in the harbour at night [1]."
    for one in (first, elsewhere(first)):
        assert "Whales" not in " ".join(sentences(await composed(rig, one)))
    assert played.asked == 1


async def test_no_more_texts_are_kept_than_was_said(
    rig: Rig, played: Played, first: Subscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(written, "MOST", 1)
    for topics in ("retrieval", "retrieval errors", "retrieval errors", "retrieval"):
        await composed(rig, replace(first, topics=topics))
    assert played.asked == 3


def test_each_morning_of_a_subscription_has_a_bill_of_its_own() -> None:
    """A ceiling on a run is for one morning, and not for all mornings there will ever be."""
    bills: list[str] = []
    now = START

    def pay(state: State) -> ChatModel:
        bills.append(state["run"])
        return ScriptedModel(lambda _: SAID)

    prose_of = _prose_of(pay, lambda: now)
    subscribed = Subscription("s", Place("console", "local", "general"), MEI, "", (), "0 8 * * *", "UTC", START)
    prose_of(subscribed)
    prose_of(subscribed)
    now += DAY
    prose_of(subscribed)
    assert bills[0] == bills[1] != bills[2]
