"""A document in the console: it reads well, and is the text character for character."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.console.readable import readable
from retrieval.documents import Heading

PROSE = "The graph stops there, its state is kept by the checkpointer,\nand nothing runs until somebody decides."


def text_of(shown: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", shown))


def marked(shown: str) -> str:
    return "".join(html.unescape(part) for part in re.findall(r"<mark[^>]*>(.*?)</mark>", shown, re.DOTALL))


@given(st.text(alphabet="ab.<&>|-1# \n\t出", max_size=80), st.integers(0, 80), st.integers(0, 80))
def test_every_character_stands_in_its_place(text: str, one: int, other: int) -> None:
    start, end = sorted((min(one, len(text)), min(other, len(text))))
    shown = readable(text, (), start, end)
    assert text_of(shown) == text
    assert "".join(marked(shown).split()) == "".join(text[start:end].split())


def test_a_citation_over_several_paragraphs_has_one_beginning() -> None:
    shown = readable("One.\n\nTwo.\n\nThree.", (), 1, 10)
    assert marked(shown) == "ne.Two."
    assert shown.count('id="cited"') == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PROSE, f'<p class="prose">{PROSE}</p>'),
        ("Ann Lee\nMain Street 1", '<p class="lines">Ann Lee\nMain Street 1</p>'),
        ("- one\n  more\n- two", '<p class="item" style="--depth: 0">- one\n  more</p>\n'),
        ("def f():\n    return 1\n\nx = f()", "<pre>def f():\n    return 1\n\nx = f()</pre>"),
        ("| a | b |\n| 1 | 2 |", "<pre>| a | b |\n| 1 | 2 |</pre>"),
        ("pip install footnote", "<pre>pip install footnote</pre>"),
        ("<b>bold</b> & more words", '<p class="prose">&lt;b&gt;bold&lt;/b&gt; &amp; more words</p>'),
    ],
)
def test_prose_flows_and_code_stays(text: str, expected: str) -> None:
    assert expected in readable(text, ())


def test_headings_are_headings_where_the_document_has_them() -> None:
    text = "Title\nFirst words.\n\n# not one"
    assert readable(text, (Heading(1, "Title", 0),)).startswith("<h3>Title</h3>\n<p")
    assert readable(text, ()).count("<h") == 0
