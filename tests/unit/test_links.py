import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.links import LONGEST, called, fold, linked, longest, mentions, names_in, names_of


def known_in(text: str, *known: str) -> list[str]:
    return [mention.name for mention in longest(mentions(text, set(known)))]


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Travel Policy", "travel policy"),
        ("TRAVEL-POLICY!", "travel policy"),
        ("travel_policy", "travel policy"),
        ("Café Ünïcode", "cafe unicode"),
        ("Ｗｉｄｅ　Ｎａｍｅ", "wide name"),
        ("straße", "strasse"),
        ("C++ 20", "c 20"),
        ("出差制度", "出 差 制 度"),
        ("서울", "서 울"),
        ("ガイド", "ガ イ ド"),
        ("ｶﾞｲﾄﾞ", "ガ イ ド"),
        ("!?", ""),
        ("", ""),
    ],
)
def test_a_name_is_folded_to_what_spelling_does_not_vary(written: str, folded: str) -> None:
    assert fold(written) == folded


def test_kana_that_differ_in_their_voice_are_different_names() -> None:
    assert len({fold(name) for name in ("ハハ", "パパ", "ババ")}) == 3


@given(st.text())
def test_folding_again_changes_nothing(name: str) -> None:
    assert fold(fold(name)) == fold(name)


@pytest.mark.parametrize(
    ("title", "names"),
    [
        ("Travel Policy", {"travel policy"}),
        ("The Garden", {"the garden", "garden"}),
        ("A Guide", {"a guide", "guide"}),
        ("Mercury (planet)", {"mercury planet", "mercury"}),
        ("水星（行星）", {"水 星 行 星", "水 星"}),
        ("langgraph 1.2.3", {"langgraph 1 2 3", "langgraph"}),
        ("Theory", {"theory"}),
        ("The", {"the"}),
        ("!?", set()),
    ],
)
def test_a_document_goes_by_its_title_with_and_without_what_is_said_in_passing(title: str, names: set[str]) -> None:
    assert names_of(title) == names


def test_a_document_goes_by_its_aliases_too() -> None:
    assert names_of("Travel Policy", ("Trips", "", "出差")) == {"travel policy", "trips", "出 差"}


def test_every_run_of_words_could_be_a_name() -> None:
    assert names_in("see Travel Policy") == {
        "see",
        "see travel",
        "see travel policy",
        "travel",
        "travel policy",
        "policy",
    }


def test_names_are_looked_for_up_to_a_longest_one() -> None:
    text = "one two three four five six seven eight nine ten"
    assert max(name.count(" ") + 1 for name in names_in(text)) == LONGEST


def test_a_text_without_words_names_nothing() -> None:
    assert names_in(" … !? ") == set()


def test_a_mention_says_where_the_name_stands() -> None:
    found = mentions("see Travel Policy, see", {"see", "travel policy", "elsewhere"})
    assert [(one.name, one.start, one.length) for one in found] == [
        ("see", 0, 1),
        ("see", 3, 1),
        ("travel policy", 1, 2),
    ]


def test_a_name_is_written_like_one_with_capitals_or_without_case() -> None:
    known = {"the", "garden", "the garden", "of", "水 星"}
    assert {one.name: one.proper for one in mentions("the Garden of 水星", known)} == {
        "the": False,
        "garden": True,
        "the garden": False,
        "of": False,
        "水 星": True,
    }


def test_a_longer_name_hides_those_within_it() -> None:
    assert known_in("New York City is big", "new york", "new york city", "york", "city") == ["new york city"]


def test_a_name_that_also_stands_alone_is_found_there() -> None:
    assert known_in("New York is not York", "new york", "york") == ["new york", "york"]


def test_each_name_is_kept_once_in_the_order_of_the_text() -> None:
    assert known_in("Mars, Venus, Mars and Venus", "venus", "mars") == ["mars", "venus"]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("出差需要参考出差制度。", "出差制度"),
        ("서울은 한국의 수도이다.", "서울"),
        ("東京ガイドを見て", "東京ガイド"),
        ("Where is the cafe?", "Café"),
    ],
)
def test_a_title_is_found_in_a_text_of_its_language(text: str, title: str) -> None:
    assert known_in(text, *names_of(title)) == [fold(title)]


def test_names_that_nobody_knows_are_no_names() -> None:
    assert known_in("Mars and Venus") == []


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("Travel Policy", "travel policy"),
        ("people/Mei Lin", "mei lin"),
        ("../Travel%20Policy.md#hotels", "travel policy"),
        ("Release 1.2", "release 1 2"),
        ("出差制度", "出 差 制 度"),
    ],
)
def test_a_link_leads_to_a_note_by_its_title_or_its_file(target: str, name: str) -> None:
    assert [one.name for one in linked([target])] == [name]
    assert name in [one.name for one in longest([*mentions("see this one", {"this"}), *linked([target])])]


@pytest.mark.parametrize("target", ["https://x.org/a.md", "mailto:mei@x.org", "#hotels", ""])
def test_a_link_out_of_the_knowledge_is_no_name(target: str) -> None:
    assert linked([target]) == []


def test_links_overlap_neither_each_other_nor_the_text() -> None:
    found = [*mentions("Mars and Venus", {"mars", "mars base", "base"}), *linked(["Mars Base", "Base"])]
    assert [one.name for one in longest(found)] == ["base", "mars base", "mars"]


@pytest.mark.parametrize(
    ("person", "names"),
    [
        ("Mei Lin", {"mei lin", "mei", "lin"}),
        ("Ann O'Neil", {"ann o neil", "ann", "neil"}),
        ("佐藤 花子", {"佐 藤 花 子", "佐 藤", "花 子"}),
        ("小明", {"小 明"}),
    ],
)
def test_somebody_is_called_by_the_first_and_the_last_name(person: str, names: set[str]) -> None:
    assert called(person) == names
