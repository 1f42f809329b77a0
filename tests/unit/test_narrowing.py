from dataclasses import replace
from datetime import UTC, datetime

import pytest

from retrieval.chunking import chunk
from retrieval.documents import Audience, Document
from retrieval.embedders.hashing import Hashing
from retrieval.filters import understood
from retrieval.narrowing import search_where
from retrieval.search import Found, Searcher
from retrieval.stores.memory import InMemoryStore
from retrieval.sync import embed_pending

ALL = Audience.everyone()
NOW = datetime(2026, 11, 25, tzinfo=UTC).timestamp()
SPRING = datetime(2026, 4, 1, tzinfo=UTC).timestamp()


@pytest.fixture
async def searcher() -> Searcher:
    store, embedder = InMemoryStore(), Hashing()
    await store.bind(embedder.name, embedder.dimensions)
    rules = Document("rules", "s", "", "Rules", "Hotels cost 100 a night.", ALL, "1", modified=1.0)
    for document in (
        rules,
        replace(rules, id="talk", title="Talk", channel="design", authors=("Mei Lin",), modified=SPRING),
        replace(rules, id="plan", title="Road map", aliases=("road_map-2",)),
        replace(rules, id="secret", audience=Audience.of("person:x"), channel="board", authors=("Tom Board",)),
    ):
        await store.put([(document, chunk(document))])
    await embed_pending(store, embedder, lambda progress: None)
    return Searcher(store, embedder)


async def ask(searcher: Searcher, question: str) -> Found:
    return await search_where(searcher, question, ALL, 10, understood(question, NOW))


@pytest.mark.parametrize(
    ("question", "documents", "held"),
    [
        ("what do hotels cost?", {"rules", "talk", "plan"}, ""),
        ("what do hotels cost since March?", {"talk"}, "since 01 Mar 2026"),
        ("what was said in #design about hotels?", {"talk"}, "in #design"),
        ("what did Mei say about hotels?", {"talk"}, "from Mei"),
        ("what does plans/road_map-2.md say of hotels?", {"plan"}, "in plans road map 2"),
        ("what did Mei say of hotels before 2020?", {"rules", "plan"}, "before 01 Jan 2020"),
    ],
)
async def test_a_search_is_held_to_what_the_question_says(
    searcher: Searcher, question: str, documents: set[str], held: str
) -> None:
    found = await ask(searcher, question)
    assert {hit.passage.document for hit in found.hits} == documents
    assert found.held == held


async def test_where_nothing_is_there_everything_is_looked_at_and_that_is_said(searcher: Searcher) -> None:
    found = await ask(searcher, "what was said about hotels in #lunch since October?")
    assert len(found.hits) == 3
    assert found.notes == ("I found nothing in #lunch, since 01 Oct 2026, so I looked everywhere.",)


async def test_a_name_that_is_no_authors_holds_to_nothing(searcher: Searcher) -> None:
    found = await ask(searcher, "what do hotels cost a night from Berlin?")
    assert len(found.hits) == 3
    assert (found.held, found.notes) == ("", ())


@pytest.mark.parametrize("question", ["what did Tom Board say of hotels?", "hotels in #board?"])
async def test_what_is_hidden_does_not_even_show_that_it_is_there(searcher: Searcher, question: str) -> None:
    assert "secret" not in {hit.passage.document for hit in (await ask(searcher, question)).hits}
    elsewhere = await ask(searcher, question.replace("Tom Board", "Ann Nobody").replace("#board", "#nowhere"))
    assert len((await ask(searcher, question)).hits) == len(elsewhere.hits)
