from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.chunking import chunk
from retrieval.documents import EVERYONE, Audience, Document
from retrieval.embedders.hashing import Hashing
from retrieval.errors import EmbedderAway, RerankerAway
from retrieval.parsing.markdown import words_of
from retrieval.search import COMMON, PER_NAME, WAITING, Found, Searcher
from retrieval.stores import Store
from retrieval.stores.lance import LanceStore
from retrieval.sync import embed_pending

ALL = Audience.everyone()
BOARD = Audience.of("channel:console/local/board")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await LanceStore.open(tmp_path / "knowledge")
    await opened.bind(Hashing.name, Hashing.dimensions)
    yield opened
    await opened.close()


def written(title: str, text: str, audience: Audience = ALL, aliases: tuple[str, ...] = ()) -> Document:
    return Document(title, "s", f"file:///{title}", title, text, audience, f"hash of {text}", aliases=aliases)


async def put(store: Store, title: str, text: str, audience: Audience = ALL, aliases: tuple[str, ...] = ()) -> None:
    document = written(title, text, audience, aliases)
    await store.put([(document, chunk(document))])


async def embed(store: Store) -> None:
    await embed_pending(store, Hashing(), lambda progress: None)


async def search(store: Store, question: str, audience: Audience = ALL, limit: int = 10) -> Found:
    return await Searcher(store, Hashing()).search(question, audience, limit)


async def found(store: Store, question: str, audience: Audience = ALL, limit: int = 10) -> list[str]:
    return [hit.passage.document for hit in (await search(store, question, audience, limit)).hits]


async def fill(store: Store, count: int = 80) -> None:
    """Notes that share the words of a question about invoices, and answer nothing."""
    documents = [written(f"Filler {n}", f"Who pays the invoices is note number {n}.") for n in range(count)]
    await store.put([(document, chunk(document)) for document in documents])


async def test_the_passage_that_answers_comes_first(store: Store) -> None:
    await put(store, "Garden", "The garden opens at nine.")
    await put(store, "Invoices", "Invoices are paid monthly by the office.")
    await embed(store)
    hit = (await search(store, "when are invoices paid?")).hits[0]
    assert hit.passage.document == "Invoices"
    assert hit.similarity is not None
    assert {"meaning", "text"} <= set(hit.via.split("+"))


async def test_a_chinese_question_finds_a_chinese_passage(store: Store) -> None:
    await put(store, "食堂", "食堂在一楼，中午开放。")
    await put(store, "出差制度", "出差必须提前三天申请。机票由行政部统一预订。")
    await put(store, "Garden", "The garden opens at nine.")
    await embed(store)
    assert (await found(store, "出差要提前几天申请？"))[0] == "出差制度"


async def test_no_more_hits_than_asked_for_and_each_passage_once(store: Store) -> None:
    await fill(store, 20)
    await embed(store)
    documents = await found(store, "who pays the invoices?", limit=5)
    assert len(documents) == len(set(documents)) == 5


async def test_the_same_question_is_answered_the_same_way(store: Store) -> None:
    await fill(store, 20)
    await embed(store)
    assert await found(store, "who pays the invoices?") == await found(store, "who pays the invoices?")


@pytest.mark.parametrize("embedded", [True, False])
async def test_nobody_finds_what_is_not_for_them(store: Store, embedded: bool) -> None:
    await put(store, "Menu", "The secret of good soup is time.")
    await put(store, "Merger", "The secret plan is a merger.", BOARD)
    if embedded:
        await embed(store)
    question = "what is the secret merger?"
    assert set(await found(store, question)) == {"Menu"}
    assert set(await found(store, question, BOARD)) == {"Merger"}
    assert set(await found(store, question, BOARD | Audience.of(EVERYONE))) == {"Menu", "Merger"}
    assert await found(store, question, Audience.of()) == []


@pytest.mark.parametrize(("name", "first"), [("Blue Book", "Expenses"), ("Red Book", "Costs"), ("Costs", "Costs")])
async def test_a_document_that_the_question_names_comes_first(store: Store, name: str, first: str) -> None:
    await fill(store)
    await put(store, "Costs", "The office pays the invoices.", aliases=("Red Book",))
    await put(store, "Expenses", "The office pays the invoices.", aliases=("Blue Book",))
    await embed(store)
    hit = (await search(store, f"who pays the invoices according to the {name}?")).hits[0]
    assert hit.passage.document == first
    assert "title" in hit.via.split("+")


@pytest.mark.parametrize(
    ("leader", "other"), [("Maria Lindqvist", "Karin Andersson"), ("Karin Andersson", "Maria Lindqvist")]
)
async def test_one_hop_leads_to_what_a_good_passage_mentions(store: Store, leader: str, other: str) -> None:
    await put(store, "Project Falcon", f"Project Falcon is led by {leader}.")
    await put(store, leader, "The desk is on the third floor.")
    await put(store, other, "The desk is on the third floor.")
    await embed(store)
    hits = (await search(store, "on which floor is the desk of who leads Project Falcon?")).hits
    ways = {hit.passage.document: hit.via.split("+") for hit in hits}
    assert ["link" in ways[leader], "link" in ways[other]] == [True, False]
    documents = [hit.passage.document for hit in hits]
    assert documents.index(leader) < documents.index(other)


@pytest.mark.parametrize(("author", "other"), [("Henrik Ibsen", "Karl Blom"), ("Karl Blom", "Henrik Ibsen")])
async def test_a_rare_name_leads_on_where_no_document_goes_by_it(store: Store, author: str, other: str) -> None:
    await fill(store)
    await put(store, "Brand", f"Brand is a play by {author}.")
    await put(store, "Wedding in May", f"She married {author}, a citizen of the north.")
    await put(store, "Wedding in June", f"She married {other}, a citizen of the north.")
    await embed(store)
    hits = (await search(store, "of which country was the author of Brand a citizen?", limit=90)).hits
    ways = {hit.passage.document: hit.via.split("+") for hit in hits}
    right, wrong = ("Wedding in May", "Wedding in June")
    assert "link" in ways[right]
    assert "link" not in ways.get(wrong, [])


async def test_a_name_that_all_mention_leads_nowhere(store: Store) -> None:
    await put(store, "Brand", "Brand is a play for Acme Corp.")
    documents = [written(f"Note {n}", f"Note number {n} is about Acme Corp.") for n in range(COMMON + 1)]
    await store.put([(document, chunk(document)) for document in documents])
    await embed(store)
    hits = (await search(store, "who plays in Brand?", limit=90)).hits
    assert not any("link" in hit.via.split("+") for hit in hits)


@pytest.mark.parametrize(
    "link", ["[[Maria Lindqvist|her]]", "[[people/Maria Lindqvist#Desk|her]]", "[her](Maria%20Lindqvist.md)"]
)
async def test_a_link_leads_to_its_note_whatever_its_words_are(store: Store, link: str) -> None:
    await fill(store)
    parsed = words_of(f"Project Falcon was given to {link} in May.")
    falcon = replace(written("Project Falcon", parsed.text), links=parsed.links, anchors=parsed.anchors)
    await store.put([(falcon, chunk(falcon))])
    await put(store, "Maria Lindqvist", "The desk is on the third floor.")
    await put(store, "Karin Andersson", "The desk is on the third floor.")
    await embed(store)
    hits = (await search(store, "who was given Project Falcon?", limit=90)).hits
    ways = {hit.passage.document: hit.via.split("+") for hit in hits}
    assert "link" in ways["Maria Lindqvist"]
    assert "link" not in ways.get("Karin Andersson", [])


async def test_a_hop_in_chinese_leads_to_the_next_document(store: Store) -> None:
    await fill(store)
    await put(store, "猎鹰项目", "猎鹰项目由林美芳负责。")
    await put(store, "林美芳", "工位在三楼。")
    await embed(store)
    hits = (await search(store, "猎鹰项目由谁负责？")).hits
    assert "link" in {hit.passage.document: hit.via for hit in hits}["林美芳"]


async def test_a_hop_does_not_lead_to_what_is_not_for_them(store: Store) -> None:
    await put(store, "Project Falcon", "Project Falcon is led by Maria Lindqvist.")
    await put(store, "Maria Lindqvist", "Her salary is secret.", BOARD)
    await embed(store)
    assert await found(store, "who leads Project Falcon?") == ["Project Falcon"]


async def test_two_documents_that_mention_each_other_are_each_found_once(store: Store) -> None:
    await put(store, "Project Falcon", "Project Falcon is led by Maria Lindqvist.")
    await put(store, "Maria Lindqvist", "Maria Lindqvist leads Project Falcon.")
    await embed(store)
    assert sorted(await found(store, "who leads Project Falcon?")) == ["Maria Lindqvist", "Project Falcon"]


async def test_a_plain_word_that_is_a_title_too_is_no_name(store: Store) -> None:
    await put(store, "Notes", "Nothing of interest.")
    await put(store, "Garden", "The garden opens at nine.")
    await embed(store)
    hits = (await search(store, "what do the notes say about gardens?")).hits
    assert all("title" not in hit.via for hit in hits)


async def test_a_name_that_many_documents_share_leads_to_a_few(store: Store) -> None:
    for number in range(PER_NAME * 3):
        await put(store, f"Minutes {number}", f"On day {number} we met.", aliases=("Weekly Meeting",))
    await embed(store)
    hits = (await search(store, "what was said in the Weekly Meeting?", limit=20)).hits
    assert sum("title" in hit.via for hit in hits) == PER_NAME


async def test_what_has_no_vector_yet_is_found_by_its_words_with_a_note(store: Store) -> None:
    await put(store, "Garden", "The garden opens at nine.")
    result = await search(store, "when does the garden open?")
    assert [(hit.passage.document, hit.similarity) for hit in result.hits] == [("Garden", None)]
    assert result.notes == (WAITING,)


async def test_what_has_no_vector_yet_is_not_buried_under_what_has(store: Store) -> None:
    await fill(store)
    await embed(store)
    await put(store, "Zanzibar", "In Zanzibar, Ann pays the invoices.")
    result = await search(store, "who pays the invoices in Zanzibar?")
    assert result.hits[0].passage.document == "Zanzibar"
    assert result.notes == (WAITING,)


async def test_a_document_that_the_question_names_comes_first_also_before_it_has_a_vector(store: Store) -> None:
    documents = [written(f"Filler {n}", f"What statement number {n} does, it says.") for n in range(80)]
    await store.put([(document, chunk(document)) for document in documents])
    await put(store, "The with statement", "It wraps the execution of a block with a context manager.")
    assert (await found(store, "What does the with statement do?"))[0] == "The with statement"


async def test_once_every_vector_is_there_nothing_is_noted(store: Store) -> None:
    await put(store, "Garden", "The garden opens at nine.")
    await embed(store)
    assert (await search(store, "when does the garden open?")).notes == ()


@pytest.mark.parametrize("question", ["anything?", ""])
async def test_an_empty_store_has_nothing_and_says_nothing(store: Store, question: str) -> None:
    assert await search(store, question) == Found([])


@pytest.mark.parametrize("question", ["", "   ", "\n\t"])
async def test_an_empty_question_finds_nothing(store: Store, question: str) -> None:
    await put(store, "Garden", "The garden opens at nine.")
    await embed(store)
    assert await search(store, question) == Found([])


@pytest.mark.parametrize(
    "question", ['say "garden" AND (x OR', "garden:*~^", "'; DROP TABLE", "\0", "?!", "x" * 20_000]
)
async def test_a_question_of_strange_signs_is_only_a_question(store: Store, question: str) -> None:
    await put(store, "Garden", "The garden opens at nine.")
    await embed(store)
    assert set(await found(store, question)) <= {"Garden"}


async def test_a_hit_can_be_cited_with_its_exact_words(store: Store) -> None:
    text = "# Garden\n\nThe garden opens at nine.\n\n" + "It is large and green. " * 100
    await put(store, "Garden", text)
    await embed(store)
    hits = (await search(store, "when does the garden open?")).hits
    assert hits
    assert all(hit.passage.text == text[hit.passage.start : hit.passage.end] for hit in hits)


class Away(Hashing):
    async def query(self, text: str) -> NDArray[np.float32]:
        raise EmbedderAway("cohere:embed-v4.0 did not answer")


class Judge:
    """A reranker that prefers what holds a word."""

    name = "judge"

    def __init__(self, word: str) -> None:
        self.word = word

    async def rerank(self, question: str, texts: Sequence[str]) -> list[float]:
        if not self.word:
            raise RerankerAway("the judge is out")
        return [float(self.word in text) for text in texts]

    async def close(self) -> None: ...


async def test_while_the_embedder_is_away_words_are_searched_and_that_is_said(store: Store) -> None:
    await put(store, "Garden", "The garden opens at nine.")
    found = await Searcher(store, Away()).search("when does the garden open?", ALL)
    assert [hit.passage.document for hit in found.hits] == ["Garden"]
    assert "words alone" in found.notes[0]


async def test_a_reranker_has_a_say_in_the_order(store: Store) -> None:
    await fill(store, 20)
    await put(store, "Costs", "Who pays the invoices is said by the harbour master.")
    await embed(store)
    plain = (await Searcher(store, Hashing()).search("who pays the invoices?", ALL, 40)).hits
    reread = (await Searcher(store, Hashing(), Judge("harbour")).search("who pays the invoices?", ALL, 40)).hits
    assert plain[0].passage.document != "Costs"
    assert reread[0].passage.document == "Costs"
    assert {hit.passage.id for hit in reread} == {hit.passage.id for hit in plain}


async def test_without_its_reranker_the_order_stands_and_that_is_said(store: Store) -> None:
    await fill(store, 20)
    await embed(store)
    plain = await Searcher(store, Hashing()).search("who pays the invoices?", ALL)
    found = await Searcher(store, Hashing(), Judge("")).search("who pays the invoices?", ALL)
    assert found.hits == plain.hits
    assert "the search goes on without it" in found.notes[0]


class FarFromOllama(Hashing):
    """Everything is near a question but what names Ollama."""

    async def passages(self, texts: Sequence[str], *, behind: bool = False) -> NDArray[np.float32]:
        return np.stack([await self.query(text) * (-1 if "Ollama" in text else 1) for text in texts])

    async def query(self, text: str) -> NDArray[np.float32]:
        return np.eye(self.dimensions, dtype=np.float32)[0]


async def test_the_only_passage_with_a_word_of_the_question_is_among_the_first(store: Store) -> None:
    for number in range(80):
        await put(store, f"Model {number}", f"How to use the model with number {number} is told here.")
    await put(store, "Servers", "Ollama listens on port 11434 of this machine.")
    await embed_pending(store, FarFromOllama(), lambda progress: None)
    hits = (await Searcher(store, FarFromOllama()).search("how do I use ollama with the model?", ALL, 10)).hits
    assert "Servers" in [hit.passage.document for hit in hits[:5]]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    hits = (await Searcher(store, FarFromOllama()).search("how do I use the model?", ALL, 10)).hits
    assert "Servers" not in [hit.passage.document for hit in hits]
