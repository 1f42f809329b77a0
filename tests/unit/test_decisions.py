"""The routine decisions without a model, and what becomes of a teacher's odd answers."""

from __future__ import annotations

import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from agent import decisions
from agent.decision_log import DecisionLog
from agent.decisions import Decider
from agent.evidence import Sentence, cite
from agent.models.scripted import ScriptedModel
from agent.state import Turn
from tests.unit.test_writing import evidence


def decider(answer: str | None = None) -> Decider:
    log = DecisionLog(create_async_engine("sqlite+aiosqlite://"), lambda: 0.0)
    return Decider("r", log, None if answer is None else ScriptedModel(lambda request: answer))


def talk(*said: str) -> list[Turn]:
    turns: list[Turn] = []
    for text in said:
        turns += [Turn(who="Mei", text=text, assistant=False), Turn(who="Footnote", text="It does.", assistant=True)]
    return turns


async def searched(question: str, *before: str) -> str:
    return (await decisions.standalone(decider(), question, talk(*before))).value.question


@pytest.mark.parametrize(
    "question",
    [
        "Where is the office?",
        "Is there a parking garage?",
        "Who approves travel above 150 euros?",
        "Why does the wiki say 30 days?",
        "How long does it take to get a refund?",
        "If the garden is closed, when does it open?",
        "Can employees take their laptops home?",
        "How do I contact IT support?",
        "When is the deadline for one of the teams?",
        "Does this company pay meals?",
        "Where does it say that travel is approved by finance?",
        "In which city is the office?",
        "garden opening hours",
        "办公室在哪里？",
        "其他部门的假期是多少天？",
        "花园几点开门，它几点关门？",
    ],
)
async def test_a_question_that_stands_alone_is_looked_for_alone(question: str) -> None:
    assert await searched(question, "When do the trams run?") == question


@pytest.mark.parametrize(
    ("question", "before", "whole"),
    [
        ("and in winter?", "When does the garden open?", "and in winter? (about: garden open)"),
        ("when does it close?", "When does the garden open?", "when does it close? (about: garden open)"),
        (
            "and meals while travelling?",
            "How much may a hotel cost?",
            "and meals while travelling? (about: hotel cost)",
        ),
        ("what about Japan?", "How many vacation days are there?", "what about Japan? (about: vacation days)"),
        ("why?", "Is smoking banned?", "why? (about: smoking banned)"),
        ("who approves that?", "How is travel booked?", "who approves that? (about: travel booked)"),
        ("tell me more", "Who was Edith Moore?", "tell me more (about: Edith Moore)"),
        ("how do I get there?", "Where is the office?", "how do I get there? (about: office)"),
        ("它什么时候关门？", "公司的花园几点开门？", "它什么时候关门？（公司、花园、开门）"),
        ("那日本呢？", "德国的年假有多少天？", "那日本呢？（德国、年假）"),
    ],
)
async def test_a_follow_up_says_what_it_is_about(question: str, before: str, whole: str) -> None:
    assert await searched(question, before) == whole


async def test_a_follow_up_to_a_follow_up_still_knows_what_the_talk_is_about() -> None:
    whole = await searched("why?", "Who won the cup?", "When does the garden open?", "and in winter?", "thanks!")
    assert whole == "why? (about: garden open, winter)"


@pytest.mark.parametrize(
    ("message", "queries"),
    [
        ("When does the garden open? Where is the office?", ["When does the garden open?", "Where is the office?"]),
        ("When does the garden open and who has the key?", ["When does the garden open", "who has the key?"]),
        ("1. When does it rain?\n2. Who pays the rent?", ["When does it rain?", "Who pays the rent?"]),
        ("Tell me about:\n- opening hours\n- dog rules", ["opening hours", "dog rules"]),
        ("花园几点开门？办公室在哪里？", ["花园几点开门？", "办公室在哪里？"]),
        ("Does Dr. Smith work here? Who is Mr. Jones?", ["Does Dr. Smith work here?", "Who is Mr. Jones?"]),
        ("When does the garden open and when does it close?", []),
        ("What does “Who? Me? And who are you?” mean?", []),
        ("I am going to Japan. Who approves the trip?", []),
        ("who approves that? (about: travel, trains)", []),
        ("Who runs research and development?", []),
    ],
)
async def test_each_question_of_a_message_is_looked_for_and_the_whole_too(message: str, queries: list[str]) -> None:
    assert (await decisions.split(decider(), message)).value.queries == [message, *queries]


async def test_the_next_search_is_in_the_person_s_own_words_and_never_the_same_again() -> None:
    found = evidence("Trams run on rails.")
    decision = await decisions.enough(decider(), "When does the Hartwell Garden open?", found, ["x"])
    assert (decision.value.enough, decision.value.next_query) == (False, "Hartwell Garden open")
    again = await decisions.enough(decider(), "Hartwell garden, open?", found, ["Hartwell garden, open?"])
    assert again.value.next_query == ""


@pytest.mark.parametrize(
    "answer",
    [
        '{"enough": true, "next_query": null, "confidence": 95}',
        'Sure!\n```json\n{"enough": true, "confidence": "high"}\n```\nDone.',
    ],
)
async def test_a_teacher_s_answer_is_understood_however_it_is_wrapped(answer: str) -> None:
    decision = await decisions.enough(decider(answer), "When?", evidence("At nine."), ["When?"])
    assert (decision.by, decision.value.enough, decision.value.next_query) == ("scripted", True, "")
    assert 0 <= decision.confidence <= 1


@pytest.mark.parametrize("answer", ["Sure! yes", '{"queries": [{"q": 1}]}', '{"queries": []}', "{"])
async def test_nonsense_of_a_teacher_is_replaced_by_the_rule_and_said(answer: str) -> None:
    who = decider(answer)
    decision = await decisions.split(who, "When does the garden open?")
    assert (decision.by, decision.value.queries) == ("rule", ["When does the garden open?"])
    assert "not of the form asked for" in who.notes[0]


async def test_more_searches_than_are_made_are_cut_and_none_is_made_twice() -> None:
    decision = await decisions.split(decider('{"queries": ["a", "a", "b", "c", "d", "e"]}'), "When?")
    assert (decision.by, decision.value.queries) == ("scripted", ["a", "b", "c", "d"])


@pytest.mark.parametrize(
    ("sentence", "quote", "by"),
    [
        ("It opens at nine.", "Welcome. It opens at nine.", "rule"),
        ("允许员工使用个人设备。", "公司规定：不允许员工使用个人设备。", "rule"),
        ("It opens at nine", "If it rains, it opens at nine.", "scripted"),
        ("It is possible to cancel.", "It is impossible to cancel.", "scripted"),
    ],
)
async def test_a_judge_is_asked_unless_words_alone_decide(sentence: str, quote: str, by: str) -> None:
    [item] = evidence(quote)
    written = Sentence(text=sentence, citations=[cite(item, 0, len(quote))])
    assert (await decisions.supported(decider('{"supported": false}'), written)).by == by
