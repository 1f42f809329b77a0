import io
import os
import zipfile

import docx
import pytest

from retrieval.errors import Unreadable
from retrieval.parsing import parse


async def test_markdown_of_a_vault_keeps_words_and_drops_marks() -> None:
    source = "---\ntitle: Trip\naliases: [Journey, 旅行]\n---\n# Trip\n\nSee [[Hotels|the *hotels*]] and [us](https://x.org/a_(b)).\n"
    parsed = await parse("a.md", source.encode())
    assert parsed.title == "Trip"
    assert parsed.aliases == ("Journey", "旅行")
    assert parsed.links == ("Hotels", "https://x.org/a_(b)")
    assert "See the hotels and us." in parsed.text
    heading = parsed.headings[0]
    assert parsed.text[heading.start :].startswith("Trip")


async def test_broken_front_matter_stays_in_the_text() -> None:
    parsed = await parse("a.md", b"---\ntitle: [oops\n---\nHello there.")
    assert "Hello there." in parsed.text


async def test_code_and_snake_case_survive() -> None:
    parsed = await parse("a.md", b"Call `my_func_name` with **care**.\n\n```python\nx = a * b * c\n```\n")
    assert "Call my_func_name with care." in parsed.text
    assert "x = a * b * c" in parsed.text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
async def test_text_in_any_encoding(encoding: str) -> None:
    text = "出差必须提前三天申请。机票由行政部统一预订。" * 20
    assert (await parse("a.txt", text.encode(encoding))).text == text


FAQ = """<html><body><div class="navheader">Prev Home Next</div><div class="with-sidebar">
<div class="titlepage"><div><h2>9.2. Must I stop a program to upgrade it?<a class="headerlink" href="#x">¶</a></h2></div></div>
<p>No. Packages can be upgraded in place.</p><ul><li>One</li><li>Two</li></ul>
<table><tr><th>City</th><th>Rate</th></tr><tr><td>Bern</td><td>180</td></tr></table></div></body></html>"""


async def test_html_keeps_the_headings_wherever_they_stand_and_leaves_the_way_through_the_site() -> None:
    parsed = await parse("faq.html", FAQ.encode())
    assert [one.text for one in parsed.headings] == ["9.2. Must I stop a program to upgrade it?"]
    assert "Prev" not in parsed.text
    assert "¶" not in parsed.text
    assert "Packages can be upgraded in place." in parsed.text
    assert "- One" in parsed.text
    assert "Bern | 180" in parsed.text


async def test_html_gives_its_title_and_text_without_scripts() -> None:
    page = "<html><title>Rooms</title><body><script>evil()</script><h1>Rooms</h1><p>The blue room seats ten.</p></body></html>"
    parsed = await parse("a.html", page.encode())
    assert parsed.title == "Rooms"
    assert "The blue room seats ten." in parsed.text
    assert "evil" not in parsed.text


async def test_docx_keeps_its_headings() -> None:
    file = docx.Document()
    file.add_heading("Leave", 1)
    file.add_paragraph("Everyone has 30 days of leave. 每人三十天。")
    stream = io.BytesIO()
    file.save(stream)
    parsed = await parse("a.docx", stream.getvalue())
    assert "Everyone has 30 days of leave. 每人三十天。" in parsed.text
    assert [heading.text for heading in parsed.headings] == ["Leave"]


async def test_pdf_gives_its_text() -> None:
    content = b"BT /F1 12 Tf 72 720 Td (The garden opens at nine.) Tj ET"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    body, offsets = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj%s endobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % len(body)
    pdf = body + b"xref\n0 6\n0000000000 65535 f \n" + table + trailer
    assert "The garden opens at nine." in (await parse("a.pdf", pdf)).text


def bomb() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"\0" * 60_000_000)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.md", os.urandom(2_000), "binary"),
        ("a.txt", b"  \n ", "empty"),
        ("a.pdf", b"%PDF-1.4 broken", "PDF is broken"),
        ("a.pdf", b"not a pdf", "PDF"),
        ("a.docx", b"PK nonsense", "DOCX"),
        ("a.docx", bomb(), "bomb"),
        ("a.html", b"<html><body></body></html>", "no text"),
    ],
)
async def test_what_can_not_be_read_says_why_in_a_line(name: str, data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason) as caught:
        await parse(name, data)
    assert "\n" not in str(caught.value)
