import asyncio
import io
import multiprocessing
import os
import time
import zipfile

import docx
import pytest

from retrieval.errors import Unreadable
from retrieval.parsing import parse, worker


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


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("The area is 3*4*5 cm, 2**3**4 and a*b*c.", "The area is 3*4*5 cm, 2**3**4 and a*b*c."),
        ("**Two** *words*, ***three***, ~~gone~~, ==lit== and *one **in** another*.", None),
        ("这是**重点**内容。", "这是重点内容。"),
        ("f(**kwargs) and g(**more)", "f(**kwargs) and g(**more)"),
        ("Use `vector<int>` and `std::map<K,V>`.", "Use vector<int> and std::map<K,V>."),
        ("Use List<String>, Dict<K, V> or Option<A>.", "Use List<String>, Dict<K, V> or Option<A>."),
        ("if a<b or c>d then", "if a<b or c>d then"),
        ("H<sub>2</sub>O, <kbd>Ctrl</kbd> and one<br/>two", "H2O, Ctrl and one two"),
        ('<a href="x.html">here</a> and <details open>more</details>', "here and  more"),
        ("Write to <mei@example.com> or <https://x.org/a_b_c>.", "Write to mei@example.com or https://x.org/a_b_c."),
        (
            "`__init__` and __init__.py and __name__ and _x_ and a_b_c",
            "__init__ and __init__.py and __name__ and x and a_b_c",
        ),
        ("__Important__: read this", "Important: read this"),
        ("Code `*a* [b](c) <b> <!-- d -->` stays, `` a`b `` too.", "Code *a* [b](c) <b> <!-- d --> stays, a`b too."),
        ("`[[not a link]]`", "[[not a link]]"),
        (r"\*a\* and \[b\]\(c\) and C:\dir", "*a* and [b](c) and C:\\dir"),
        ("3 &lt; 4 &amp;&nbsp;more &nosuch; AT&T", "3 < 4 &\xa0more &nosuch; AT&T"),
        ("See[^1].\n\n[^1]: The note says ten.", "See.\n\nThe note says ten."),
        ("[Note]: This is important to know", "[Note]: This is important to know"),
        ("a[i][j] is [text][ref] and [ref]\n\n[ref]: https://x.org 'X'\n", "a[i][j] is text and ref\n\n"),
        ("# C#\n## F# ##", "C#\nF#"),
        ("```npm install``` first\n\nthen **go**", "npm install first\n\nthen go"),
        (
            "1. step\n\n    ```sh\n    # rm *a* *b*\n    ```\n    after *it*",
            "1. step\n\n    # rm *a* *b*\n    after it",
        ),
        ("> ```\n> *a*\n> ```\n> *b*", "> *a*\nb"),
        ("Begin with <!-- in HTML.\n\nThe end.", "Begin with <!-- in HTML.\n\nThe end."),
        ("a <!-- hidden\n# no heading\nstill --> b", "a\n\n b"),
        ("x == y and a == b holds; *.py and *.md", "x == y and a == b holds; *.py and *.md"),
    ],
)
async def test_markdown_loses_its_marks_and_no_word_or_number(source: str, words: str | None) -> None:
    expected = "Two words, three, gone, lit and one in another." if words is None else words
    assert (await parse("a.md", source.encode())).text == expected


async def test_links_are_kept_with_where_they_stand() -> None:
    source = (
        "See [[Travel Policy#Hotels|the rules]], ![[pic.png]],\n[us](a%20b.md) and [ref].\n\n[ref]: <https://x.org>\n"
    )
    parsed = await parse("a.md", source.encode())
    assert parsed.text == "See the rules, pic.png,\nus and ref.\n\n"
    assert parsed.links == ("Travel Policy", "pic.png", "a%20b.md", "https://x.org")
    starts = {link.target: parsed.text[link.start :].split(maxsplit=1)[0] for link in parsed.anchors}
    assert starts == {"Travel Policy": "the", "pic.png": "pic.png,", "a%20b.md": "us", "https://x.org": "ref."}


@pytest.mark.parametrize(
    "front",
    [
        "a: &a [x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"{n}: &{n} [{','.join([f'*{p}'] * 9)}]\n" for p, n in zip("abcdefgh", "bcdefghi", strict=True)),
        "x: 0x" + "f" * 10_000,
        "x: " + "[" * 5_000,
        "x: " + "y" * 1_000_000,
        "".join(f"k{n}: {n}\n" for n in range(900)),
        'title: "\\ud800"',
    ],
    ids=["aliases", "number", "nested", "long", "many", "half"],
)
async def test_hostile_front_matter_is_read_at_once_and_stays_small(front: str) -> None:
    started = time.process_time()
    parsed = await parse("a.md", f"---\n{front}\n---\nHello there.".encode())
    assert time.process_time() - started < 5
    assert "Hello there." in parsed.text
    assert sum(len(key) + len(value) for key, value in parsed.metadata.items()) < 10_000
    assert parsed.title.encode() == parsed.title.encode("utf-8")


async def test_front_matter_keeps_scalars_and_lists_as_they_are_written() -> None:
    front = 'title: "Trip: Bern"\nalias: Journey\ndate: 2026-01-02\nversion: 1.10\ntags: [a, b]\nnone: ~\ndeep: {a: 1}\nyes: on'
    parsed = await parse("a.md", f"---\n{front}\n---\nHello.".encode())
    assert (parsed.title, parsed.aliases) == ("Trip: Bern", ("Journey",))
    assert parsed.metadata == {"date": "2026-01-02", "version": "1.10", "tags": "a, b", "yes": "on"}


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
    assert "| City | Rate |\n| Bern | 180 |" in parsed.text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<p>hello <!-- c --> world <?pi?>again</p>", "hello world again"),
        ("<p>Use <code>&lt;br&gt;</code>, *x*, 3*4*5 and [c](d).</p>", "Use <br>, *x*, 3*4*5 and [c](d)."),
        ("<pre><b>def</b> f():\n    return <i>1</i>\n\n# end</pre>", "def f():\n    return 1\n\n# end"),
        ("<table><tr><td><p>a</p></td><td><p>b<br>c</p></td></tr></table>", "a | b c"),
        ("<table><tr><td><h2>One</h2><p>Two.</p></td></tr></table>", "One\n\nTwo."),
        ("<ul><li><p>one</p></li><li>two<ul><li>three</li></ul></li></ul>", "- one\n\n- two\n\n- three"),
        ("<h2>A<br>B</h2>text<h3><div>C</div></h3>more <b>bold</b>ly<br>next", "A B\n\ntext\n\nC\n\nmore boldly\nnext"),
        ("<form><p>The whole page is a form.</p></form>", "The whole page is a form."),
        ("<article><header><h1>Title</h1></header><p>Text.</p></article>", "Title\n\nText."),
        ('<p>Text.</p><div class="sidebar"><p>TIP: mind the gap.</p></div>', "Text.\n\nTIP: mind the gap."),
        ('<p>Text.</p><div class="sidebar"><a href="/">Home</a> <a href="/b">Next</a></div>', "Text."),
        ("<dl><dt>Term</dt><dd>Meaning</dd></dl>", "Term\nMeaning"),
        ("<div>One</div><div>Two</div>", "One\n\nTwo"),
    ],
)
async def test_html_says_what_is_seen_of_it(body: str, text: str) -> None:
    parsed = await parse("a.html", f"<html><body>{body}</body></html>".encode())
    assert parsed.text.strip() == text
    assert all(parsed.text[one.start :].startswith(one.text) for one in parsed.headings)


async def test_html_gives_its_title_and_text_without_scripts() -> None:
    page = "<html><title>Rooms</title><body><script>evil()</script><h1>Rooms</h1><p>The blue room seats ten.</p></body></html>"
    parsed = await parse("a.html", page.encode())
    assert parsed.title == "Rooms"
    assert "The blue room seats ten." in parsed.text
    assert "evil" not in parsed.text


CITY = "| City | Rate | Nights |\n| Bern | 180 | 3 |\n| Rome | 140 | 2 |"
HEADED = [["City", "Rate", "Nights"], ["Bern", "180", "3"], ["Rome", "140", "2"]]


@pytest.mark.parametrize(
    ("rows", "bold", "text"),
    [
        (HEADED, (), CITY),  # words above columns of figures
        (
            [["Plan", "Owner"], ["Orchard", "Mei"]],
            (0,),
            "| Plan | Owner |\n| Orchard | Mei |",
        ),  # the first row alone is bold
        ([["Owner", "Mei"], ["Price", "79 EUR"], ["Seats", "10"]], (), "Owner | Mei\nPrice | 79 EUR\nSeats | 10"),
        ([["Plan", "Owner"], ["Orchard", "Mei"]], (0, 1), "Plan | Owner\nOrchard | Mei"),
        (
            [["Sunday", "Closed", "Closed"], ["Monday", "9:00", "17:00"], ["Friday", "9:00", "16:00"]],
            (),
            "Sunday | Closed | Closed\nMonday | 9:00 | 17:00\nFriday | 9:00 | 16:00",
        ),
        (
            [["Trial", "Free", "Five seats"], ["Team", "10 EUR", "50 seats"], ["Firm", "90 EUR", "500 seats"]],
            (),
            "Trial | Free | Five seats\nTeam | 10 EUR | 50 seats\nFirm | 90 EUR | 500 seats",
        ),
        ([["Total", "900"], ["Hotel", "600"]], (0,), "Total | 900\nHotel | 600"),
        ([["1", "2", "3"], ["4", "5", "6"], ["7", "8", "9"]], (), "1 | 2 | 3\n4 | 5 | 6\n7 | 8 | 9"),
    ],
)
async def test_a_table_names_its_columns_by_how_it_looks(
    rows: list[list[str]], bold: tuple[int, ...], text: str
) -> None:
    """In HTML and DOCX alike, where nothing says which cells are the header."""
    lines = [
        "<tr>" + "".join(f"<td>{f'<b>{cell}</b>' if at in bold else cell}</td>" for cell in row) + "</tr>"
        for at, row in enumerate(rows)
    ]
    page = await parse("a.html", f"<html><body><table>{''.join(lines)}</table></body></html>".encode())
    assert page.text.strip() == text
    file = docx.Document()
    table = file.add_table(len(rows), len(rows[0]))
    for at, row in enumerate(rows):
        for cell, words in zip(table.rows[at].cells, row, strict=True):
            cell.paragraphs[0].add_run(words).bold = at in bold
    stream = io.BytesIO()
    file.save(stream)
    assert (await parse("a.docx", stream.getvalue())).text.strip() == text


async def test_a_row_in_the_head_of_a_table_names_its_columns() -> None:
    page = "<table><thead><tr><td>City</td><td>Mayor</td></tr></thead><tbody><tr><td>Bern</td><td>Ann</td></tr></tbody></table>"
    assert (
        "| City | Mayor |\n| Bern | Ann |" in (await parse("a.html", f"<html><body>{page}</body></html>".encode())).text
    )


async def test_an_empty_corner_above_the_names_of_rows_is_no_value() -> None:
    page = "<table><tr><td></td><th>Bern</th></tr><tr><th>Rate</th><td>180</td></tr></table>"
    assert "| | Bern |\n| Rate | 180 |" in (await parse("a.html", f"<html><body>{page}</body></html>".encode())).text


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
        ("a.html", b"<div>" * 100_000 + b"hello", "its elements are nested too deeply to be read"),
    ],
)
async def test_what_can_not_be_read_says_why_in_a_line(name: str, data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason) as caught:
        await parse(name, data)
    assert "\n" not in str(caught.value)


PAGE = b"<html><body><p>The garden opens at nine.</p></body></html>"


async def test_reads_that_were_cancelled_leave_room_for_the_next() -> None:
    for _ in range(3):
        reads = [asyncio.create_task(parse("a.html", PAGE)) for _ in range(8)]
        await asyncio.sleep(0.02)
        for one in reads:
            one.cancel()
        await asyncio.gather(*reads, return_exceptions=True)
    assert "nine" in (await asyncio.wait_for(parse("a.html", PAGE), 60)).text


async def test_a_cancelled_read_leaves_no_process_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_idle", [])
    before = set(multiprocessing.active_children())
    read = asyncio.create_task(parse("a.html", PAGE * 50_000))
    while not (started := set(multiprocessing.active_children()) - before):
        await asyncio.sleep(0.01)
    read.cancel()
    await asyncio.gather(read, return_exceptions=True)
    for process in started:
        await asyncio.to_thread(process.join, 30)
        assert not process.is_alive()


async def test_a_reader_that_was_killed_while_idle_costs_no_document() -> None:
    await parse("a.html", PAGE)
    for process in multiprocessing.active_children():
        process.kill()
        await asyncio.to_thread(process.join, 30)
    await asyncio.sleep(0.2)
    assert "nine" in (await parse("a.html", PAGE)).text


async def test_a_slow_file_is_given_up_and_the_one_beside_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    await parse("a.html", PAGE)
    monkeypatch.setattr(worker, "SECONDS", 0.0)
    with pytest.raises(Unreadable, match="seconds"):
        await parse("slow.html", PAGE)
    monkeypatch.undo()
    results = await asyncio.gather(*(parse("a.html", PAGE) for _ in range(5)))
    assert all("nine" in one.text for one in results)
