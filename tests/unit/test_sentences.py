from hypothesis import given
from hypothesis import strategies as st

from retrieval.sentences import LONGEST, sentences


def said(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


def test_abbreviations_and_versions_do_not_end_a_sentence() -> None:
    assert said("Dr. Ito left in 2020. He used v1.2, e.g. here. Done!") == [
        "Dr. Ito left in 2020.",
        "He used v1.2, e.g. here.",
        "Done!",
    ]


def test_chinese_and_japanese_sentences_end_without_a_space() -> None:
    assert said("机票由行政部预订。住宿自理！本当ですか？") == ["机票由行政部预订。", "住宿自理！", "本当ですか？"]


def test_sentences_of_other_writing_end_where_it_ends_them() -> None:
    assert said("बगीचा नौ बजे खुलता है। टिकट मुफ़्त है।") == ["बगीचा नौ बजे खुलता है।", "टिकट मुफ़्त है।"]
    assert said("متى تفتح الحديقة؟ في التاسعة.") == ["متى تفتح الحديقة؟", "في التاسعة."]
    assert said("面積は３．５倍である．次の章で示す．") == ["面積は３．５倍である．", "次の章で示す．"]


def test_list_items_and_paragraphs_stand_alone() -> None:
    assert said("Bring:\n- a pen\n- a book\n\nThat is all") == ["Bring:", "- a pen", "- a book", "That is all"]


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=3_000))
def test_spans_are_in_order_trimmed_bounded_and_lose_nothing(text: str) -> None:
    spans = sentences(text)
    position = 0
    for start, end in spans:
        assert not text[position:start].strip()
        assert text[start:end] == text[start:end].strip() != ""
        assert end - start <= LONGEST
        position = end
    assert not text[position:].strip()


def test_a_megabyte_without_a_full_stop_is_cut() -> None:
    assert max(end - start for start, end in sentences("word " * 200_000)) <= LONGEST
