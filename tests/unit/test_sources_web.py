"""Pages and sites, from a real host on loopback."""

from __future__ import annotations

import threading
from itertools import pairwise
from pathlib import Path

import pytest

from retrieval.errors import Away, Unreadable
from retrieval.parsing import robots
from retrieval.sources import web
from retrieval.sources.copies import Copies
from retrieval.sources.fetcher import LONGEST_LEAVE, Fetcher
from retrieval.sources.web import WebSource
from retrieval.stores import Store
from tests.servers.web_sources import WebSources
from tests.unit.sources import counted, everything, sync

GARDEN = """<html><head><title>Garden</title><meta name="author" content="Mei Lin">
<meta property="article:modified_time" content="2026-03-01T10:00:00Z"></head>
<body><nav><a href="/">Home</a></nav><h1>Garden</h1><p>The garden opens at nine. See the <a href="hours">hours</a>.</p>
</body></html>"""


def page(words: str) -> str:
    return f"<html><head><title>{words}</title></head><body><p>{words} is a page of the site.</p></body></html>"


def sitemap(*urls: str, date: str = "") -> str:
    dated = f"<lastmod>{date}</lastmod>" if date else ""
    inner = "".join(f"<url><loc>{url}</loc>{dated}</url>" for url in urls)
    return f'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{inner}</urlset>'


async def test_a_page_says_what_it_says_by_whom_and_since_when(
    store: Store, host: WebSources, fetcher: Fetcher
) -> None:
    host.put("/garden", GARDEN)
    assert counted(await sync(store, WebSource(f"{host.address}/garden", fetcher))) == (1, 0, 0, 0)
    found = (await everything(store))["Garden"]
    assert "The garden opens at nine." in found.text
    assert "Home" not in found.text
    assert found.authors == ("Mei Lin",)
    assert found.modified == 1_772_359_200.0
    assert found.uri == f"{host.address}/garden"
    assert f"{host.address}/hours" in found.links


@pytest.mark.parametrize("charset", ["shift_jis", "gb18030", "iso-2022-jp", "utf-8", "none-such"])
async def test_a_page_is_in_the_encoding_that_its_host_names(
    store: Store, host: WebSources, fetcher: Fetcher, charset: str
) -> None:
    markup = "<div><p>Some plain words.</p></div>" * 60
    whole = f"<html><head><title>庭園計画</title></head><body>{markup}<p>庭園計画</p></body></html>"
    body = whole.encode(charset if charset != "none-such" else "utf-8")
    host.put("/garden", body, f"text/html; charset={charset}")
    await sync(store, WebSource(f"{host.address}/garden", fetcher))
    assert (await everything(store))["庭園計画"].text.strip().endswith("庭園計画")


async def test_what_did_not_change_is_not_sent_again_also_after_a_restart(
    store: Store, host: WebSources, fetcher: Fetcher, tmp_path: Path
) -> None:
    host.put("/garden", GARDEN)
    source = f"{host.address}/garden"
    await sync(store, WebSource(source, fetcher))
    assert host.paths(200).count("/garden") == 1
    again = Fetcher(Copies(tmp_path / "copies.sqlite"), ["127.0.0.1"], pause=0.0)
    assert counted(await sync(store, WebSource(source, again))) == (0, 0, 0, 1)
    assert host.paths(200).count("/garden") == 1
    assert host.paths(304) == ["/garden"]
    host.put("/garden", GARDEN.replace("nine", "ten"))
    assert counted(await sync(store, WebSource(source, again))) == (0, 1, 0, 0)
    assert "ten" in (await everything(store))["Garden"].text


async def test_a_site_is_what_its_sitemaps_name_on_its_own_host(
    store: Store, host: WebSources, fetcher: Fetcher
) -> None:
    host.put("/robots.txt", "User-agent: *\nDisallow: /private\nSitemap: HERE/maps.xml\n", "text/plain")
    index = "<sitemapindex><sitemap><loc>HERE/one.xml</loc></sitemap><sitemap><loc>HERE/maps.xml</loc></sitemap></sitemapindex>"
    host.put("/maps.xml", index, "application/xml")
    pages = ("HERE/a", "HERE/b", "HERE/private/c", "http://elsewhere.example/d", "HERE/a")
    host.put("/one.xml", sitemap(*pages), "application/xml")
    for name in ("a", "b", "private/c"):
        host.put(f"/{name}", page(f"Page {name}"))
    summary = await sync(store, WebSource(f"{host.address}/", fetcher))
    assert set(await everything(store)) == {"Page a", "Page b"}
    assert summary.unreadable == [(f"{host.address}/private/c", "its robots.txt asks not to read it")]
    assert "/private/c" not in host.paths()
    assert host.most_at_once == 1


async def test_pages_with_a_date_in_the_sitemap_are_asked_for_only_when_it_changes(
    store: Store, host: WebSources, fetcher: Fetcher
) -> None:
    host.put("/sitemap.xml", sitemap("HERE/a", date="2026-01-02"), "application/xml")
    host.put("/a", page("Page a"))
    site = f"{host.address}/sitemap.xml"
    await sync(store, WebSource(site, fetcher))
    assert (await everything(store))["Page a"].modified == 1_767_312_000.0
    await sync(store, WebSource(site, fetcher))
    assert host.paths().count("/a") == 1
    host.put("/sitemap.xml", sitemap("HERE/a", date="2026-02-02"), "application/xml")
    assert counted(await sync(store, WebSource(site, fetcher))) == (0, 1, 0, 0)


async def test_only_the_part_of_a_site_below_the_address_is_read(
    store: Store, host: WebSources, fetcher: Fetcher
) -> None:
    host.put("/sitemap.xml", sitemap("HERE/docs/a", "HERE/blog/b"), "application/xml")
    host.put("/docs/a", page("Page a"))
    host.put("/docs/", page("Docs"))
    await sync(store, WebSource(f"{host.address}/docs/", fetcher))
    assert set(await everything(store)) == {"Page a"}


async def test_a_site_without_a_sitemap_is_its_first_page(store: Store, host: WebSources, fetcher: Fetcher) -> None:
    host.put("/", page("Home"))
    await sync(store, WebSource(host.address, fetcher))
    assert set(await everything(store)) == {"Home"}


async def test_a_sitemap_that_is_missing_once_takes_no_page_away(
    store: Store, host: WebSources, fetcher: Fetcher
) -> None:
    host.put("/sitemap.xml", sitemap("HERE/a"), "application/xml")
    host.put("/a", page("Page a"))
    host.put("/", page("Home"))
    await sync(store, WebSource(host.address, fetcher))
    host.fail("/sitemap.xml", 404)
    await sync(store, WebSource(host.address, fetcher))
    assert set(await everything(store)) == {"Home", "Page a"}


async def test_more_pages_than_the_bound_are_said(
    store: Store, host: WebSources, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "MAX_PAGES", 2)
    host.put("/sitemap.xml", sitemap("HERE/a", "HERE/b", "HERE/c"), "application/xml")
    for name in "abc":
        host.put(f"/{name}", page(f"Page {name}"))
    summary = await sync(store, WebSource(f"{host.address}/", fetcher))
    assert summary.new == 2
    assert "the first 2 are read" in summary.unreadable[0][1]


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500])
async def test_a_page_that_answers_otherwise_is_named_and_what_was_known_stays(
    store: Store, host: WebSources, fetcher: Fetcher, status: int
) -> None:
    host.put("/sitemap.xml", sitemap("HERE/a", "HERE/b"), "application/xml")
    for name in "ab":
        host.put(f"/{name}", page(f"Page {name}"))
    await sync(store, WebSource(f"{host.address}/", fetcher))
    host.fail("/a", status)
    summary = await sync(store, WebSource(f"{host.address}/", fetcher))
    assert [what for what, _ in summary.unreadable] == [f"{host.address}/a"]
    assert f"it answered {status}" in summary.unreadable[0][1]
    assert set(await everything(store)) == {"Page a", "Page b"}
    host.fail("/sitemap.xml", 500)
    with pytest.raises(Away, match="500"):
        await sync(store, WebSource(f"{host.address}/", fetcher))
    assert set(await everything(store)) == {"Page a", "Page b"}


async def test_a_page_that_is_gone_for_good_leaves(store: Store, host: WebSources, fetcher: Fetcher) -> None:
    host.put("/a", page("Page a"))
    await sync(store, WebSource(f"{host.address}/a", fetcher))
    host.fail("/a", 410)
    assert counted(await sync(store, WebSource(f"{host.address}/a", fetcher))) == (0, 0, 1, 0)
    with pytest.raises(Unreadable, match="410"):
        await sync(store, WebSource(f"{host.address}/a", fetcher))


async def test_a_page_that_never_ends_is_named_and_the_others_are_read(
    store: Store, host: WebSources, fetcher: Fetcher
) -> None:
    host.put("/sitemap.xml", sitemap("HERE/endless", "HERE/b"), "application/xml")
    host.endless("/endless")
    host.put("/b", page("Page b"))
    summary = await sync(store, WebSource(f"{host.address}/", fetcher))
    assert summary.unreadable == [(f"{host.address}/endless", "it is larger than 5 MB")]
    assert set(await everything(store)) == {"Page b"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [("this is not XML", "no XML"), ("<html><body>Hi</body></html>", "but html"), ("", "no XML")],
)
async def test_a_sitemap_that_is_none_is_one_line(
    store: Store, host: WebSources, fetcher: Fetcher, body: str, reason: str
) -> None:
    host.put("/my/sitemap.xml", body, "application/xml")
    with pytest.raises(Unreadable, match=reason):
        await sync(store, WebSource(f"{host.address}/my/sitemap.xml", fetcher))


async def test_entities_of_a_sitemap_are_not_followed(
    store: Store, host: WebSources, fetcher: Fetcher, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("HERE/secret")
    entity = f'<!DOCTYPE urlset [<!ENTITY x SYSTEM "{(tmp_path / "secret").as_uri()}">]>'
    hostile = f"{entity}<urlset><url><loc>&x;</loc></url></urlset>"
    host.put("/my/sitemap.xml", hostile, "application/xml")
    with pytest.raises(Unreadable, match="names no page of its own host"):
        await sync(store, WebSource(f"{host.address}/my/sitemap.xml", fetcher))
    assert "/secret" not in host.paths()


async def test_a_host_that_is_not_there_is_one_line(store: Store, fetcher: Fetcher) -> None:
    with pytest.raises(Away, match="ConnectError"):
        await sync(store, WebSource("http://127.0.0.1:9/", fetcher))


async def test_a_host_on_a_private_network_is_not_read(store: Store, host: WebSources, tmp_path: Path) -> None:
    host.put("/a", page("Page a"))
    stranger = Fetcher(Copies(tmp_path / "other.sqlite"), pause=0.0)
    with pytest.raises(Unreadable, match="private network"):
        await sync(store, WebSource(f"{host.address}/a", stranger))
    assert host.asked == []


async def test_a_robots_txt_that_can_not_be_had_leaves_the_site_alone(
    store: Store, host: WebSources, fetcher: Fetcher
) -> None:
    host.put("/a", page("Page a"))
    host.fail("/robots.txt", 500)
    with pytest.raises(Away, match=r"robots\.txt: it answered 500"):
        await sync(store, WebSource(f"{host.address}/a", fetcher))
    assert "/a" not in host.paths()


async def test_two_requests_to_a_host_are_a_pause_apart(store: Store, host: WebSources, tmp_path: Path) -> None:
    slow = Fetcher(Copies(tmp_path / "copies.sqlite"), ["127.0.0.1"], pause=0.2)
    host.put("/sitemap.xml", sitemap("HERE/a", "HERE/b"), "application/xml")
    for name in "ab":
        host.put(f"/{name}", page(f"Page {name}"))
    await sync(store, WebSource(f"{host.address}/", slow))
    times = [one.at for one in host.asked]
    assert len(times) == 4
    assert all(later - sooner >= 0.19 for sooner, later in pairwise(times))


async def test_a_host_that_asks_for_patience_gets_it(host: WebSources, fetcher: Fetcher) -> None:
    host.fail("/busy", 429, retry_after="1")
    with pytest.raises(Away, match="429"):
        await fetcher.get(f"{host.address}/busy")
    times = [one.at for one in host.asked]
    assert len(times) == 3
    assert times[1] - times[0] >= 0.99
    host.fail("/busy", 429, retry_after="3600")
    with pytest.raises(Away, match="left alone"):
        await fetcher.get(f"{host.address}/busy")
    asked = len(host.asked)
    with pytest.raises(Away, match="left alone"):
        await fetcher.get(f"{host.address}/other")
    assert len(host.asked) == asked


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/", True),
        ("/private/x", False),
        ("/private/open", True),
        ("/a/b.pdf", False),
        ("/a/b.pdf?x=1", True),
        ("/search?q=1", False),
        ("/caf%C3%A9", False),
        ("/caf%c3%a9", False),
        ("/café", False),
    ],
)
def test_the_longest_pattern_of_a_robots_txt_decides(path: str, allowed: bool) -> None:
    text = (
        "User-agent: other\nDisallow: /\n\nUser-agent: *\nUser-agent: more\nDisallow: /private # not this\n"
        "Allow: /private/open\nDisallow: /*.pdf$\nDisallow: /search?\nDisallow: /café\nCrawl-delay: 2\n"
    )
    assert robots.read(text).allows(f"https://example.org{path}") is allowed
    assert robots.read(text).delay == 2.0


async def test_a_robots_txt_with_a_mark_of_its_encoding_is_obeyed(
    store: Store, host: WebSources, fetcher: Fetcher
) -> None:
    host.put("/robots.txt", "\ufeffUser-agent: *\nDisallow: /garden\n", "text/plain")
    host.put("/garden", GARDEN)
    with pytest.raises(Unreadable, match=r"robots.txt asks not to"):
        await sync(store, WebSource(f"{host.address}/garden", fetcher))


def test_the_group_with_our_name_goes_before_the_one_for_everyone() -> None:
    rules = robots.read("User-agent: *\nDisallow: /\n\nUser-agent: Footnote\nDisallow: /a\n")
    assert rules.allows("https://example.org/b")
    assert not rules.allows("https://example.org/a")


async def test_a_sitemap_full_of_other_hosts_holds_nothing_up(
    store: Store, host: WebSources, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What others name there is never looked at on the event loop, and no more is kept than is read."""
    monkeypatch.setattr(web, "MAX_SITEMAPS", 2)
    elsewhere = "<sitemap><loc>http://x.example/s</loc></sitemap>" * 500
    ours = "".join(f"<sitemap><loc>HERE/{n}.xml</loc></sitemap>" for n in range(500))
    host.put("/sitemap.xml", f"<sitemapindex>{elsewhere}{ours}</sitemapindex>", "application/xml")
    host.put("/0.xml", sitemap(*["http://x.example/d"] * 500, *["HERE/a"] * 600, "HERE/b"), "application/xml")
    for name in "ab":
        host.put(f"/{name}", page(f"Page {name}"))
    on_loop: list[str] = []
    is_here = WebSource._is_here

    def looked_at(source: WebSource, url: str) -> bool:
        if threading.current_thread() is threading.main_thread():
            on_loop.append(url)
        return is_here(source, url)

    monkeypatch.setattr(WebSource, "_is_here", looked_at)
    await sync(store, WebSource(f"{host.address}/", fetcher))
    assert set(await everything(store)) == {"Page a", "Page b"}
    assert on_loop == []


async def test_no_reason_shows_what_follows_the_question_mark(store: Store, host: WebSources, fetcher: Fetcher) -> None:
    host.put("/robots.txt", "User-agent: *\nDisallow: /a\n", "text/plain")
    with pytest.raises(Unreadable) as refused:
        await sync(store, WebSource(f"{host.address}/a?token=hush", fetcher))
    assert str(refused.value) == f"{host.address}/a?…: its robots.txt asks not to read it"
    host.put("/b", b"%PDF-broken", "application/pdf")
    summary = await sync(store, WebSource(f"{host.address}/b?token=hush", fetcher))
    assert summary.unreadable[0][0] == f"{host.address}/b?…"


@pytest.mark.parametrize("asked", ["31536000", "9" * 400])
async def test_no_host_can_have_itself_left_alone_for_good(host: WebSources, fetcher: Fetcher, asked: str) -> None:
    host.fail("/busy", 429, retry_after=asked)
    with pytest.raises(Away):
        await fetcher.get(f"{host.address}/busy")
    with pytest.raises(Away) as failed:
        await fetcher.get(f"{host.address}/other")
    assert failed.value.status in {404, 429}
    assert (failed.value.wait or 0.0) <= LONGEST_LEAVE
