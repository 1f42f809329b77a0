"""Cases grow from what people marked and from new documents; nothing of a person, nothing that only some may see."""

from __future__ import annotations

import json
from collections import Counter

from sqlalchemy.ext.asyncio import AsyncEngine

from agent.decision_log import Decided, DecisionLog
from agent.models.scripted import ScriptedModel
from bot.chat import ASSISTANT, Footnote, Person, Place, Reply
from bot.growing import MOST, grow
from bot.records import Records
from evals.casebook import CaseBook
from evals.cases import Case, Expected, Standing
from evals.growing import asked_across, asked_of_model, from_documents, impersonal
from retrieval.chunking import chunk
from retrieval.documents import Audience, Document
from retrieval.embedders.hashing import Hashing
from retrieval.stores.memory import InMemoryStore

MEI = Person("console/mei", "Mei")
PLACE = Place("console", "local", "general", "t1")


def document(name: str, text: str, audience: Audience | None = None) -> Document:
    return Document(name, "s", "", name.title(), text, audience or Audience.everyone(), f"{name}-1")


async def answered(engine: AsyncEngine, run: str, question: str, cited: str, mark: str, reason: str = "") -> None:
    """An answer as the desk leaves it behind, and its mark."""
    records = Records(engine)
    note = Footnote(1, cited, cited, "", 0, 10, "Hotels may cost 150 euros")
    await records.say(PLACE, run, ASSISTANT, "It is 150. [1]", 1.0, Reply("It is 150. [1]", (note,)))
    decided = Decided(run, "standalone", {"question": question}, {"question": question}, 1.0, "rule")
    await DecisionLog(engine, lambda: 1.0).write([decided])
    await records.mark(run, MEI, mark, reason, 2.0)


async def store_of(*documents: Document) -> InMemoryStore:
    store = InMemoryStore()
    await store.bind(Hashing.name, Hashing.dimensions)
    await store.put([(one, chunk(one)) for one in documents])
    return store


async def test_what_was_marked_becomes_a_case_that_waits_for_a_person(engine: AsyncEngine) -> None:
    store = await store_of(document("rules", "- Hotels may cost 150 euros a night."))
    await answered(engine, "aaaa", "What did mei@example.org pay? Call +49 30 1234567", "rules", "helpful")
    await answered(engine, "bbbb", "Who pays?", "rules", "unhelpful", "It is Ann, ann@example.org")
    assert await grow(engine, store, lambda: 3.0) == 2
    book = CaseBook(engine, lambda: 4.0)
    made = {case.id: case for case in await book.cases(Standing.PROPOSED)}
    assert made["marked-aaaa"].question == "What did [address] pay? Call [number]"
    assert made["marked-aaaa"].evidence[0].quote == "Hotels may cost 150 euros"
    assert made["marked-bbbb"].good == "Not what was answered. It is Ann, [address]"
    assert await book.cases(Standing.ACCEPTED) == []
    assert await grow(engine, store, lambda: 5.0) == 0, "what was proposed once is not proposed again"


async def test_what_rests_on_what_only_some_may_see_becomes_none(engine: AsyncEngine) -> None:
    board = Audience.of("channel:slack/T/board")
    store = await store_of(document("salaries", "Salary is a secret that the board keeps well.", board))
    await answered(engine, "aaaa", "What does Mei earn?", "salaries", "helpful")
    assert await grow(engine, store, lambda: 3.0) == 0


async def test_a_person_accepts_edits_and_retires(engine: AsyncEngine) -> None:
    book = CaseBook(engine, lambda: 1.0)
    case = Case.model_validate({"id": "c1", "question": "Who?", "good": "Ann", "state": "proposed"})
    assert await book.propose(case, "run:1")
    assert not await book.propose(case, "run:1")
    assert await book.edit(case.model_copy(update={"good": "Ann does"}), "console/mei")
    assert [one.good for one in await book.cases(Standing.ACCEPTED)] == ["Ann does"]
    assert await book.decide("c1", Standing.RETIRED, "console/mei")
    assert not await book.decide("c1", Standing.RETIRED, "console/ann")
    assert await book.cases(Standing.ACCEPTED) == []


def test_by_template_one_hop_two_hops_and_what_nobody_named() -> None:
    documents = [
        document("a", "Welcome. Harbour is a tool that builds every release of the team. It is a joy."),
        document("b", "Lantern is the page that says what is down at the moment, and why."),
    ]
    made = from_documents(documents)
    questions = {case.question: case for case in made}
    assert {"What is Harbour?", "What is Lantern?", "What is Harbour, and what is Lantern?"} <= questions.keys()
    assert len(questions["What is Harbour, and what is Lantern?"].evidence) == 2
    refused = [case for case in made if case.expects is Expected.REFUSAL]
    assert [case.question for case in refused] == ["What is Harbour Lantern?"]
    assert all(case.state is Standing.PROPOSED for case in made)
    assert [case.id for case in made] == [case.id for case in from_documents(documents)], "the same each night"


async def test_of_many_new_documents_there_are_cases_of_every_kind_each_night(engine: AsyncEngine) -> None:
    names = [
        f"{one}{two}" for one in ("Har", "Lan", "Mar", "Tor", "Vel") for two in ("bour", "tern", "ket", "rin", "dal")
    ]
    plain = [document(f"plain-{n}", "Nothing is defined here. There is only talk of the day.") for n in range(60)]
    store = await store_of(
        *plain, *[document(name.lower(), f"{name} is a tool that does what nobody else does.") for name in names]
    )
    assert await grow(engine, store, lambda: 1.0) == MOST
    made = await CaseBook(engine, lambda: 1.0).cases(Standing.PROPOSED)
    kinds = Counter(case.tags[1] for case in made)
    assert kinds.keys() == {"one-hop", "multi-hop", "unanswerable"}
    assert min(kinds.values()) >= 6
    assert await grow(engine, store, lambda: 2.0) > 0, "the next night goes on with the others"


async def test_a_model_s_question_whose_quote_is_made_up_is_dropped() -> None:
    asked = [("Who builds it?", "Harbour builds\neverything"), ("Who pays?", "The king pays")]
    said = json.dumps({"cases": [{"question": question, "quote": quote} for question, quote in asked]})
    made = await asked_of_model(ScriptedModel(lambda request: said), document("a", "Harbour builds everything."))
    assert [case.question for case in made] == ["Who builds it?"]
    assert await asked_of_model(ScriptedModel(lambda request: "no"), document("a", "Harbour.")) == []


async def test_a_model_asks_what_needs_two_documents_and_what_neither_answers() -> None:
    one, two = document("a", "Harbour builds everything."), document("b", "Ann looks after Harbour.")
    asked = {"question": "Who looks after what builds?", "first": "Harbour builds everything."}
    asked |= {"second": "Ann looks after\nHarbour.", "unanswered": "What does Harbour cost a month?"}
    across, nobody = await asked_across(ScriptedModel(lambda request: json.dumps(asked)), one, two)
    assert [one.document for one in across.evidence] == ["a", "b"]
    assert (across.tags, across.state) == (("grown", "multi-hop"), Standing.PROPOSED)
    assert (nobody.question, nobody.expects) == ("What does Harbour cost a month?", Expected.REFUSAL)
    made_up = json.dumps({**asked, "second": "Bob looks after it."})
    assert await asked_across(ScriptedModel(lambda request: made_up), one, two) == []
    assert await asked_across(ScriptedModel(lambda request: "no"), one, two) == []


def test_what_tells_of_a_person_is_taken_out() -> None:
    told = impersonal(
        "Ask <@U123> or @mei, see https://x.org/a?b=c, IBAN DE89 3704 0044 0532 0130 00, in 2026, 150 euros"
    )
    assert told == "Ask [somebody] or [somebody], see [link] IBAN [number], in 2026, 150 euros"
