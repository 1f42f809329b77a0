import time
from datetime import UTC, datetime

import pytest

from retrieval.filters import Understood, understood, without_place
from retrieval.narrowing import in_words

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def at(*date: int) -> float:
    return datetime(*date, tzinfo=UTC).timestamp()  # type: ignore[misc]  # year, month, day, hour


@pytest.mark.parametrize(
    ("question", "since", "until"),
    [
        ("what was decided since March?", at(2026, 3, 1), None),
        ("what changed since 2024-03-05 in the policy?", at(2024, 3, 5), None),
        ("what happened after 5 May 2025?", at(2025, 5, 5), None),
        ("what did we say since last week about hotels?", at(2026, 11, 16), None),
        ("what is new in the last two weeks?", at(2026, 11, 11, 12), None),
        ("what is new in the past month?", at(2026, 10, 26, 12), None),
        ("what was said before June 2024?", None, at(2024, 6, 1)),
        ("what was said since March and before October?", at(2026, 3, 1), at(2026, 10, 1)),
        ("what was said since October and before March?", at(2026, 10, 1), None),
        ("三月以来有什么变化", at(2026, 3, 1), None),
        ("自2024年3月起有什么变化？", at(2024, 3, 1), None),
        ("3月5日以降に何が決まった？", at(2026, 3, 5), None),
        ("先週から何が変わった？", at(2026, 11, 16), None),
        ("去年以来有什么变化", at(2025, 1, 1), None),
        ("昨年より前の規則は？", None, at(2025, 1, 1)),
        ("what changed since the 5th of March?", at(2026, 3, 5), None),
        ("what changed since last March?", at(2026, 3, 1), None),
        ("what changed since last month?", at(2026, 10, 1), None),
        ("3月以来有什么变化", at(2026, 3, 1), None),
        ("2024年以前的规定", None, at(2024, 1, 1)),
        ("what happens in March?", None, None),
        ("what must I do before I leave?", None, None),
        ("since when do we have a garden?", None, None),
    ],
)
def test_a_span_of_time_is_understood(question: str, since: float | None, until: float | None) -> None:
    found = understood(question, NOW.timestamp())
    assert (found.since, found.until) == (since, until)


@pytest.mark.parametrize(
    ("question", "channels"),
    [
        ("what was decided in #design-team?", {"design team"}),
        ("#general 里说了什么", {"general"}),
        ("who closed issue #42?", set()),
        ("what is C# for?", set()),
    ],
)
def test_a_channel_is_understood(question: str, channels: set[str]) -> None:
    assert understood(question, NOW.timestamp()).channels == channels


@pytest.mark.parametrize(
    ("question", "authors"),
    [
        ("anything from Mei about hotels?", {"mei"}),
        ("what did Mei Lin say about hotels?", {"mei lin"}),
        ("which rule was written by @Tom?", {"tom"}),
        ("is it true that Ann O'Neil wrote the policy?", {"ann o neil"}),
        ("how far is it from here?", set()),
        ("who said that?", set()),
        ("Meiさんはホテルについて何と言った？", {"mei"}),
        ("ホテルについて佐藤さんは何と言った？", {"佐 藤"}),
        ("小明说了什么？", {"小 明"}),
    ],
)
def test_whose_words_are_meant_is_understood(question: str, authors: set[str]) -> None:
    assert understood(question, NOW.timestamp()).authors == authors


@pytest.mark.parametrize(
    ("question", "files"),
    [
        ("what does plans/road_map-2.md say?", {"plans road map 2"}),
        ("what is in 'Q3 plan.pdf' and in “the old one.md”?", {"q3 plan", "the old one"}),
        ("路线图.md里写了什么？", {"路 线 图"}),
        ("「計画.md」には何がある？", {"計 画"}),
        ("what is a.mdb or b.md_c?", set()),
    ],
)
def test_a_file_is_understood_by_its_name(question: str, files: set[str]) -> None:
    assert understood(question, NOW.timestamp()).files == files


def test_what_is_held_to_is_written_as_people_write_it() -> None:
    told = understood("「計画.md」の佐藤さん in #設計-team since 5 March 2026?", NOW.timestamp())
    assert in_words(told) == "in #設計-team, in 計画, from 佐藤, since 05 Mar 2026"


def test_a_plain_question_holds_to_nothing() -> None:
    assert understood("how much may hotels cost a night?", NOW.timestamp()) == Understood()
    assert not understood("how much may hotels cost a night?", NOW.timestamp())


@pytest.mark.parametrize(
    ("question", "rest"),
    [
        ("what do hotels cost in #design since March?", "what do hotels cost?"),
        ("what does the policy say in plans/road-map.md, in the last two weeks?", "what does the policy say,?"),
        ("3月以来有什么变化", "有什么变化"),
        ("what did Mei say about hotels?", "what did Mei say about hotels?"),
        ("#design?", "#design?"),
        ("「計画.md」には何がある？", "には何がある？"),
    ],
)
def test_the_words_that_say_where_are_no_part_of_what_is_asked(question: str, rest: str) -> None:
    assert without_place(question) == rest


def test_a_long_question_without_an_end_is_soon_understood() -> None:
    started = time.monotonic()
    assert without_place("a." * 4_000) == "a." * 4_000
    understood("a." * 4_000, NOW.timestamp())
    assert time.monotonic() - started < 1
