import time
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from retrieval.chunking import TARGET, chunk
from retrieval.documents import Audience, Document, Link
from retrieval.parsing.markdown import strip, words_of


def document(source: str) -> Document:
    text, headings, links = strip(source)
    return Document("d", "s", "u", "Title", text, Audience.everyone(), "h", headings, links)


def test_a_short_document_is_one_passage() -> None:
    assert len(chunk(document("Lunch is at noon. Bring your own cup."))) == 1


def test_passages_carry_the_path_of_headings() -> None:
    body = "Hotels may cost 150 euros a night. " * 20
    passages = chunk(document(f"# Policy\n\n{body}\n\n## Hotels\n\n{body}\n\n# Other\n\n{body}"))
    assert [passage.headings for passage in passages] == [("Policy",), ("Policy", "Hotels"), ("Other",)]


def test_a_long_section_is_cut_at_sentences_into_even_passages() -> None:
    passages = chunk(document("This is a sentence of a certain length. " * 100))
    assert len(passages) > 1
    assert all(passage.text.endswith(".") and len(passage.text) < 1.5 * TARGET for passage in passages)


def test_a_passage_has_the_links_that_stand_in_it() -> None:
    body = "Hotels may cost 150 euros a night. " * 40
    parsed = words_of(f"See [[Bern|there]] and [[Bern]]. {body}\n\n# Other\n\n{body} See [us](us.md).")
    whole = Document("d", "s", "u", "T", parsed.text, Audience.everyone(), "h", parsed.headings, anchors=parsed.anchors)
    passages = chunk(whole)
    assert [passage.links for passage in passages] == [("Bern",), *[()] * (len(passages) - 2), ("us.md",)]


def test_a_million_links_are_soon_given_to_the_passages_they_stand_in() -> None:
    whole = document("Hotels may cost 150 euros a night. " * 10_000)
    links = tuple(Link("Bern", number % len(whole.text)) for number in range(1_000_000))
    started = time.monotonic()
    passages = chunk(replace(whole, anchors=links))
    assert time.monotonic() - started < 12
    assert {passage.links for passage in passages} == {("Bern",)}


@given(st.text(alphabet="ab.# \n中。-1", max_size=4_000))
def test_spans_are_exact_and_nothing_is_lost(source: str) -> None:
    whole = document(source)
    position = 0
    for passage in chunk(whole):
        assert whole.text[passage.start : passage.end] == passage.text
        assert not whole.text[position : passage.start].strip()
        position = passage.end
    assert not whole.text[position:].strip()
