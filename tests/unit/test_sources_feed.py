"""Feeds, from a real host on loopback."""

from __future__ import annotations

import pytest

from retrieval.errors import Unreadable
from retrieval.sources.feed import FeedSource
from retrieval.sources.fetcher import Fetcher
from retrieval.stores import Store
from tests.servers.web_sources import WebSources
from tests.unit.sources import counted, everything, sync


def rss(*items: str) -> str:
    start = f'<?xml version="1.0"?><rss version="2.0" {NAMESPACES}><channel><title>News</title>'
    return f"{start}{''.join(items)}</channel></rss>"


NAMESPACES = 'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
OPENING = (
    "<item><title>The garden opens</title><link>/garden</link><guid isPermaLink='false'>g-1</guid>"
    "<pubDate>Sun, 01 Mar 2026 10:00:00 GMT</pubDate><dc:creator>Mei Lin</dc:creator>"
    "<description>Short.</description>"
    "<content:encoded><![CDATA[<p>The garden opens at <b>nine</b>.</p><script>evil()</script>]]></content:encoded></item>"
)
CLOSING = (
    "<item><title>R&amp;D moves</title><link>HERE/rd</link><author>jo@x.example (Jo)</author>"
    "<description>To Bern & back.</description></item>"
)
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>Releases</title><entry><id>tag:x,1</id><title>1.0</title>
<link rel="self" href="/self"/><link href="/one"/><updated>2026-03-01T10:00:00Z</updated><author><name>Mei Lin</name></author>
<author><name>Jo</name></author><content type="xhtml">
<div xmlns="http://www.w3.org/1999/xhtml"><p>First <i>release</i>.</p></div></content>
</entry><entry><id>tag:x,2</id><title>1.1</title><summary>Plain &lt;b&gt; words.</summary></entry></feed>"""
RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"><channel><title>Old</title></channel>
<item rdf:about="http://x.example/1"><title>An old one</title><description>Still here.</description></item></rdf:RDF>"""


async def test_each_entry_is_a_document_with_its_date_and_author(
    store: Store, host: WebSources, fetcher: Fetcher
) -> None:
    host.put("/news.xml", rss(OPENING, CLOSING), "application/rss+xml")
    assert counted(await sync(store, FeedSource(f"{host.address}/news.xml", fetcher))) == (2, 0, 0, 0)
    found = await everything(store)
    garden = found["The garden opens"]
    assert garden.text.strip() == "The garden opens at nine."
    assert (garden.authors, garden.modified, garden.uri) == (("Mei Lin",), 1_772_359_200.0, f"{host.address}/garden")
    assert found["R&D moves"].authors == ("Jo",)
    assert "To Bern" in found["R&D moves"].text


async def test_an_atom_feed_is_read(store: Store, host: WebSources, fetcher: Fetcher) -> None:
    host.put("/atom", ATOM, "application/atom+xml")
    await sync(store, FeedSource(f"{host.address}/atom", fetcher))
    found = await everything(store)
    assert found["1.0"].text.strip() == "First release."
    assert found["1.0"].authors == ("Mei Lin", "Jo")
    assert found["1.0"].uri == f"{host.address}/one"
    assert found["1.1"].text == "Plain <b> words."


async def test_a_feed_of_the_first_kind_is_read(store: Store, host: WebSources, fetcher: Fetcher) -> None:
    host.put("/rdf", RDF, "application/rdf+xml")
    await sync(store, FeedSource(f"{host.address}/rdf", fetcher))
    assert (await everything(store))["An old one"].text.strip() == "Still here."


async def test_what_left_the_window_stays_and_what_is_unchanged_is_not_sent(
    store: Store, host: WebSources, fetcher: Fetcher
) -> None:
    source = f"{host.address}/news.xml"
    host.put("/news.xml", rss(OPENING), "application/rss+xml")
    await sync(store, FeedSource(source, fetcher))
    assert counted(await sync(store, FeedSource(source, fetcher))) == (0, 0, 0, 1)
    assert host.paths(304) == ["/news.xml"]
    host.put("/news.xml", rss(CLOSING), "application/rss+xml")
    assert counted(await sync(store, FeedSource(source, fetcher))) == (1, 0, 0, 0)
    assert set(await everything(store)) == {"The garden opens", "R&D moves"}
    host.put("/news.xml", rss(OPENING.replace("nine", "ten")), "application/rss+xml")
    assert counted(await sync(store, FeedSource(source, fetcher))) == (0, 1, 0, 0)


async def test_an_entry_twice_is_one_and_one_that_says_nothing_is_named(
    store: Store, host: WebSources, fetcher: Fetcher
) -> None:
    host.put("/news.xml", rss(OPENING, OPENING, "<item><guid>empty</guid></item>", "<item/>"), "text/xml")
    summary = await sync(store, FeedSource(f"{host.address}/news.xml", fetcher))
    assert summary.new == 1
    assert [reason for _, reason in summary.unreadable] == ["this entry says nothing"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("just words", "this is no feed (RSS, Atom), and no XML at all"),
        ("", "this is no feed (RSS, Atom), and no XML at all"),
        ("{}", "this is no feed (RSS, Atom), and no XML at all"),
        ("<html><body>Hi</body></html>", "this is no feed (RSS, Atom) but html"),
    ],
)
async def test_what_is_no_feed_is_one_line_and_nothing_is_lost(
    store: Store, host: WebSources, fetcher: Fetcher, body: str, reason: str
) -> None:
    source = f"{host.address}/news.xml"
    host.put("/news.xml", rss(OPENING), "application/rss+xml")
    await sync(store, FeedSource(source, fetcher))
    host.put("/news.xml", body, "text/xml")
    with pytest.raises(Unreadable) as failed:
        await sync(store, FeedSource(source, fetcher))
    assert str(failed.value) == f"{source}: {reason}"
    assert set(await everything(store)) == {"The garden opens"}


async def test_what_follows_the_question_mark_of_an_address_is_not_shown(
    store: Store, host: WebSources, fetcher: Fetcher
) -> None:
    host.fail("/news.xml", 500)
    with pytest.raises(Unreadable) as failed:
        await sync(store, FeedSource(f"{host.address}/news.xml?token=hush", fetcher))
    assert str(failed.value) == f"{host.address}/news.xml?…: it answered 500 Internal Server Error"
    assert host.paths() == ["/news.xml?token=hush"]


async def test_entities_of_a_feed_are_not_written_out(store: Store, host: WebSources, fetcher: Fetcher) -> None:
    lol = '<!ENTITY a "aaaaaaaaaa">' + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    host.put(
        "/bomb", f"<!DOCTYPE rss [{lol}]><rss><channel><item><guid>1</guid><title>&j;</title></item></channel></rss>"
    )
    summary = await sync(store, FeedSource(f"{host.address}/bomb", fetcher))
    assert [reason for _, reason in summary.unreadable] == ["this entry says nothing"]


@pytest.mark.parametrize("odd", ["<media:thumbnail/>", "<a::b/>", "<a:/>", "<media:x><y:z/></media:x>"])
async def test_a_prefix_that_was_never_declared_stops_nothing(
    store: Store, host: WebSources, fetcher: Fetcher, odd: str
) -> None:
    host.put("/news.xml", rss(OPENING.replace("<title>", f"{odd}<title>")), "application/rss+xml")
    await sync(store, FeedSource(f"{host.address}/news.xml", fetcher))
    assert "The garden opens" in await everything(store)


async def test_what_a_prefix_without_its_declaration_names_is_found(
    store: Store, host: WebSources, fetcher: Fetcher
) -> None:
    host.put("/news.xml", rss(OPENING).replace(NAMESPACES, ""), "application/rss+xml")
    await sync(store, FeedSource(f"{host.address}/news.xml", fetcher))
    assert (await everything(store))["The garden opens"].authors == ("Mei Lin",)


@pytest.mark.parametrize(("link", "leads_to"), [("", ""), ("<link>#now</link>", "/news.xml#now")])
async def test_no_entry_shows_what_follows_the_question_mark_of_its_feed(
    store: Store, host: WebSources, fetcher: Fetcher, link: str, leads_to: str
) -> None:
    entries = (f"<item><guid>1</guid>{link}<description>Words.</description></item>", "<item><guid>2</guid></item>")
    bare = f'<rss version="2.0"><channel>{"".join(entries)}</channel></rss>'
    host.put("/news.xml", bare, "application/rss+xml")
    summary = await sync(store, FeedSource(f"{host.address}/news.xml?token=hush", fetcher))
    (entry,) = (await everything(store)).values()
    assert entry.uri == (leads_to and host.address + leads_to)
    assert entry.title == f"{host.address}/news.xml?…"
    assert "hush" not in str(summary.unreadable)
