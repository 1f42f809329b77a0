"""What every adapter of the port `Store` promises."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from retrieval.chunking import chunk
from retrieval.documents import ANYTHING, Audience, Document, Filter, Link, Passage
from retrieval.embedders.hashing import Hashing
from retrieval.errors import EmbedderMismatch
from retrieval.links import fold
from retrieval.stores import Store
from retrieval.stores.lance import LanceStore
from retrieval.stores.memory import InMemoryStore
from retrieval.stores.place import Weaviate

ALL = Audience.everyone()
NORTH = [1.0, *[0.0] * (Hashing.dimensions - 1)]


@pytest.fixture(params=["lance", "memory", "weaviate"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    opened = await opened_store(request, tmp_path / "knowledge")
    await opened.bind(Hashing.name, Hashing.dimensions)
    yield opened
    await opened.close()


async def opened_store(request: pytest.FixtureRequest, folder: Path) -> Store:
    match request.param:
        case "memory":
            return InMemoryStore()
        case "lance":
            return await LanceStore.open(folder)
        case _:
            from retrieval.stores.weaviate import WeaviateStore

            server = request.getfixturevalue("weaviate_server")
            return await WeaviateStore.open(Weaviate(server.url, grpc_port=server.grpc_port, tenant=uuid4().hex))


def written(name: str, text: str, audience: Audience = ALL, source: str = "s") -> tuple[Document, list[Passage]]:
    document = Document(
        name, source, f"file:///{name}", name.title(), text, audience, f"hash of {text}", aliases=("Al",)
    )
    return document, chunk(document)


def filed(name: str, **about: Any) -> tuple[Document, list[Passage]]:
    """A document of the rules, with who wrote it, where and when."""
    document = replace(written(name, "The rules.")[0], **about)
    return document, chunk(document)


async def test_what_was_put_is_found_by_words_at_once(store: Store) -> None:
    await store.put([written("garden", "The garden opens at nine."), written("bills", "Invoices are paid monthly.")])
    hits = await store.full_text("when is the garden opened", ALL, 5)
    assert hits[0].passage.document == "garden"


async def test_a_rare_word_counts_among_common_ones_at_once(store: Store) -> None:
    common = [written(f"room {number}", "The room is booked by the week.") for number in range(300)]
    await store.put([*common, written("garden", "The room behind the greenhouse is locked.")])
    hits = await store.full_text("which room has a greenhouse", ALL, 5)
    assert hits[0].passage.document == "garden"


async def test_chinese_words_are_found(store: Store) -> None:
    await store.put([written("travel", "出差必须提前三天申请。机票由行政部统一预订。"), written("x", "食堂在一楼。")])
    assert [hit.passage.document for hit in await store.full_text("机票", ALL, 5)] == ["travel"]


async def test_a_passage_is_near_once_it_has_its_vector(store: Store) -> None:
    await store.put([written("garden", "The garden opens at nine.")])
    asked = (await Hashing().query("garden opens")).tolist()
    assert await store.nearest(asked, ALL, 5) == []
    waiting = await store.unembedded(10)
    vectors = await Hashing().passages([passage.embeddable for passage in waiting])
    await store.embed(dict(zip(waiting, vectors.tolist(), strict=True)))
    hit = (await store.nearest(asked, ALL, 5))[0]
    assert hit.similarity is not None
    assert 0.1 < hit.similarity <= 1.0001
    assert await store.unembedded(10) == []
    counts = await store.counts()
    assert (counts.documents, counts.passages, counts.embedded) == (1, 1, 1)


async def test_a_document_put_again_replaces_all_of_the_old_one(store: Store) -> None:
    await store.put([written("garden", "The garden opens at nine. " * 100)])
    await store.put([written("garden", "The garden is closed.")])
    assert await store.full_text("opens nine", ALL, 5) == []
    found = await store.document("garden", ALL)
    assert found is not None
    assert found.text == "The garden is closed."
    assert len(await store.passages(["garden"], ALL)) == 1


async def test_a_reader_never_sees_two_versions_of_a_document(store: Store) -> None:
    def version(number: int) -> tuple[Document, list[Passage]]:
        return written(
            "garden", "\n\n".join(f"Part {part} in version{number}. " + "Words. " * 150 for part in range(9))
        )

    async def write() -> None:
        for number in range(1, 12):
            await store.put([version(number)])

    def versions(passages: list[Passage]) -> set[str]:
        return {word for one in passages for word in one.text.split() if word.startswith("version")}

    await store.put([version(0)])
    writing = asyncio.create_task(write())
    while not writing.done():
        kept = await store.passages(["garden"], ALL)
        assert len(kept) == len(version(0)[1])
        assert len(versions(kept)) == 1
        hits = await store.full_text("part words", ALL, 30)
        assert len(versions([hit.passage for hit in hits])) == 1
        await asyncio.sleep(0)
    await writing
    assert versions(await store.passages(["garden"], ALL)) == {"version11."}


async def test_links_come_back_with_their_passages_and_documents(store: Store) -> None:
    document, _ = written("garden", "See the rules of the garden.")
    document = replace(document, links=("Rules",), anchors=(Link("Rules", 4),))
    await store.put([(document, chunk(document))])
    assert await store.document("garden", ALL) == document
    assert [hit.passage.links for hit in await store.full_text("rules", ALL, 5)] == [("Rules",)]


async def test_a_vector_that_comes_late_is_not_given_to_changed_words(store: Store) -> None:
    await store.put([written("garden", "The garden opens at nine.")])
    late = await store.unembedded(10)
    await store.put([written("garden", "The garden is closed.")])
    await store.embed({late[0]: NORTH})
    assert len(await store.unembedded(10)) == 1


async def test_unchanged_passages_keep_their_vectors(store: Store) -> None:
    document, passages = written("garden", "The garden opens at nine.")
    await store.put([(document, passages)])
    await store.embed({passages[0]: NORTH})
    await store.put([(replace(document, content_hash="other"), passages)])
    assert await store.unembedded(10) == []


async def test_nobody_sees_what_is_not_for_them(store: Store) -> None:
    secret = Audience.of("channel:console/local/board")
    await store.put([written("plan", "The secret merger plan.", secret), written("menu", "The secret of good soup.")])
    waiting = await store.unembedded(10)
    await store.embed(dict.fromkeys(waiting, NORTH))
    for audience, seen in (
        (ALL, {"menu"}),
        (secret, {"plan"}),
        (ALL | secret, {"menu", "plan"}),
        (Audience.of(), set()),
    ):
        assert {hit.passage.document for hit in await store.full_text("secret", audience, 5)} == seen
        assert {hit.passage.document for hit in await store.nearest(NORTH, audience, 5)} == seen
        assert {one.id for one in await store.documents(audience)} == seen
        assert {one.document for one in await store.passages(["menu", "plan"], audience)} == seen
        assert (await store.document("plan", audience) is not None) == ("plan" in seen)
        assert ("plan" in (await store.named(["plan"], audience))) == ("plan" in seen)


async def test_documents_are_listed_by_title_a_page_at_a_time_and_found_by_a_part_of_it(store: Store) -> None:
    secret = Audience.of("channel:console/local/board")
    plans = [written(f"plan {number}", "Words.") for number in (3, 1, 2)]
    await store.put(
        [*plans, written("ärger", "Words."), written("plan 0", "Words.", secret), written("50%_'x", "Words.")]
    )
    assert [one.title for one in await store.documents(ALL)] == ["50%_'X", "Plan 1", "Plan 2", "Plan 3", "Ärger"]
    assert [one.title for one in await store.documents(ALL, limit=2, offset=1)] == ["Plan 1", "Plan 2"]
    assert [one.title for one in await store.documents(ALL, query="PLAN")] == ["Plan 1", "Plan 2", "Plan 3"]
    assert [one.title for one in await store.documents(ALL, query="plan", limit=1, offset=1)] == ["Plan 2"]
    assert [one.title for one in await store.documents(ALL | secret, query="plan", limit=2)] == ["Plan 0", "Plan 1"]
    assert [one.title for one in await store.documents(ALL, query="äRG")] == ["Ärger"]
    assert [one.title for one in await store.documents(ALL, query="%_'")] == ["50%_'X"]
    assert await store.documents(Audience.of(), query="plan") == []
    assert await store.documents(ALL, query="%") == [replace(await stored(store, "50%_'x"), text="")]
    await store.remove(["plan 1"])
    await store.put([replaced("plan 2", "Chart")])
    assert [one.title for one in await store.documents(ALL, query="plan")] == ["Plan 3"]
    assert [one.title for one in await store.documents(ALL, query="chart")] == ["Chart"]


async def stored(store: Store, document: str) -> Document:
    found = await store.document(document, ALL)
    assert found is not None
    return found


def replaced(name: str, title: str) -> tuple[Document, list[Passage]]:
    """The document of this name under another title."""
    document = replace(written(name, "Words.")[0], title=title)
    return document, chunk(document)


async def test_it_is_told_how_much_there_is_for_whom(store: Store) -> None:
    secret = Audience.of("channel:console/local/board", "person:console/mei")
    assert dict(await store.holdings()) == {}
    await store.put([written("plan", "Merge.", secret), written("menu", "Soup."), written("tea", "Tea.", source="t")])
    assert dict(await store.holdings()) == {("s", secret): 1, ("s", ALL): 1, ("t", ALL): 1}
    await store.put([written("plan", "Merge.", ALL)])
    await store.remove(["tea"])
    assert dict(await store.holdings()) == {("s", ALL): 2}


async def test_a_search_is_held_to_what_its_filter_says(store: Store) -> None:
    await store.put(
        [
            filed("old", authors=("Mei Lin",), channel="design", modified=100.0),
            filed("new", authors=("Tom O'Neil", "Mei Lin"), channel="ops", modified=300.0),
            filed("undated", authors=("Tom O'Neil",)),
        ]
    )
    await store.embed(dict.fromkeys(await store.unembedded(10), NORTH))
    for where, seen in (
        (ANYTHING, {"old", "new", "undated"}),
        (Filter(authors=frozenset({"mei lin"})), {"old", "new"}),
        (Filter(authors=frozenset({"tom o neil"})), {"new", "undated"}),
        (Filter(authors=frozenset({"mei"})), {"old", "new"}),
        (Filter(authors=frozenset({"neil"})), {"new", "undated"}),
        (Filter(authors=frozenset({"o"})), set()),
        (Filter(channels=frozenset({"design"})), {"old"}),
        (Filter(since=100.0), {"old", "new"}),
        (Filter(since=101.0), {"new"}),
        (Filter(until=300.0), {"old"}),
        (Filter(since=50.0, until=301.0, authors=frozenset({"tom o neil"})), {"new"}),
        (Filter(documents=frozenset({"old", "undated"})), {"old", "undated"}),
        (Filter(documents=frozenset()), set()),
        (Filter(mentions=frozenset({"old", "nobody"})), {"old"}),
        (Filter(channels=frozenset({"it's"})), set()),
    ):
        assert {hit.passage.document for hit in await store.full_text("rules", ALL, 5, where)} == seen
        assert {hit.passage.document for hit in await store.nearest(NORTH, ALL, 5, where)} == seen


async def test_what_a_passage_mentions_leads_to_it_and_comes_back(store: Store) -> None:
    document = written("play", "It was written by Henrik Ibsen.")[0]
    await store.put([(document, chunk(document)), written("wife", "She married Henrik Ibsen in 1858.")])
    hits = await store.full_text("married written", ALL, 5, Filter(mentions=frozenset({"henrik ibsen"})))
    assert {hit.passage.document: hit.passage.mentions for hit in hits} == {
        "play": ("henrik ibsen", "play"),
        "wife": ("henrik ibsen", "wife"),
    }


async def test_who_wrote_it_where_and_when_comes_back(store: Store) -> None:
    whole = filed("old", authors=("Mei Lin",), channel="design", modified=100.0)
    await store.put([whole])
    assert await store.document("old", ALL) == whole[0]


async def test_what_is_removed_is_gone_and_unknown_ids_are_no_error(store: Store) -> None:
    await store.put([written("garden", "The garden opens at nine."), written("o'brien", "It's about O'Brien.")])
    await store.remove(["garden", "never was"])
    assert await store.hashes("s") == {"o'brien": "hash of It's about O'Brien."}
    assert await store.full_text("garden", ALL, 5) == []
    await store.remove(["o'brien"])
    assert (await store.counts()).passages == 0


async def test_a_source_is_told_what_the_others_have(store: Store) -> None:
    await store.put([written("garden", "Nine.", source="it's"), written("bills", "Paid."), written("menu", "Soup.")])
    assert await store.others("s") == {"garden"}
    assert await store.others("it's") == {"bills", "menu"}
    assert await store.others("never was") == {"garden", "bills", "menu"}


async def test_documents_go_by_their_titles_and_aliases(store: Store) -> None:
    await store.put([written("café rules", "No dogs.")])
    assert await store.named([fold("Cafe Rules!"), "al", "unknown"], ALL) == {
        "cafe rules": ["café rules"],
        "al": ["café rules"],
    }


async def test_a_question_of_strange_signs_is_only_a_question(store: Store) -> None:
    await store.put([written("garden", "The garden opens at nine.")])
    for question in ('say "garden" AND (x OR', "garden:*~^", "'; DROP TABLE", "", "   ", "\0"):
        await store.full_text(question, ALL, 5)


async def test_another_embedder_is_refused_or_waits_until_its_vectors_are_complete(store: Store) -> None:
    await store.bind("other", 8)
    await store.bind(Hashing.name, Hashing.dimensions)
    await store.put([written("garden", "The garden opens at nine.")])
    waiting = await store.unembedded(10)
    await store.embed({waiting[0]: NORTH})
    refused = ""
    try:
        await store.bind("other", 8)
    except EmbedderMismatch as error:
        refused = str(error)
    assert not refused or "FOOTNOTE_EMBEDDER" in refused
    assert await store.answering() == Hashing.name
