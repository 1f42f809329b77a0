"""arXiv, from a host on loopback that speaks its Atom API."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from retrieval.errors import Away, Unreadable
from retrieval.sources import arxiv
from retrieval.sources.arxiv import ArxivSource
from retrieval.sources.fetcher import Fetcher
from retrieval.stores import Store
from tests.servers.web_sources import WebSources
from tests.unit.sources import counted, everything, sync


def entry(number: str, title: str, abstract: str = "We show\n  that it works.") -> str:
    return (
        f"<entry><id>http://arxiv.org/abs/{number}</id><updated>2026-03-01T10:00:00Z</updated><title>{title}</title>"
        f"<summary>  {abstract}\n</summary><author><name>Mei Lin</name></author><author><name>Jo Berg</name></author>"
        f'<link href="http://arxiv.org/abs/{number}" rel="alternate" type="text/html"/>'
        f'<link title="pdf" href="http://arxiv.org/pdf/{number}" rel="related"/></entry>'
    )


def answer(host: WebSources, *entries: str) -> None:
    body = f'<feed xmlns="http://www.w3.org/2005/Atom"><title>ArXiv Query</title>{"".join(entries)}</feed>'
    host.put("/api/query", body, "application/atom+xml")


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arxiv, "PAUSE", 0.0)


def source(host: WebSources, fetcher: Fetcher) -> ArxivSource:
    return ArxivSource("cat:cs.CL", f"{host.address}/api/query", fetcher)


async def test_a_paper_is_its_title_authors_and_abstract(store: Store, host: WebSources, fetcher: Fetcher) -> None:
    answer(host, entry("2603.00001v1", "On\n  gardens"))
    assert counted(await sync(store, source(host, fetcher))) == (1, 0, 0, 0)
    found = (await everything(store))["On gardens"]
    assert found.text == "On gardens\n\nMei Lin, Jo Berg\n\nWe show that it works."
    assert (found.authors, found.modified) == (("Mei Lin", "Jo Berg"), 1_772_359_200.0)
    assert found.uri == "http://arxiv.org/abs/2603.00001v1"
    assert parse_qs(urlsplit(host.paths()[0]).query)["search_query"] == ["cat:cs.CL"]


async def test_a_new_version_replaces_the_old_one_and_what_is_no_longer_new_stays(
    store: Store, host: WebSources, fetcher: Fetcher
) -> None:
    answer(host, entry("2603.00001v1", "On gardens"))
    await sync(store, source(host, fetcher))
    answer(host, entry("2603.00001v2", "On large gardens"), entry("2603.00001v1", "On gardens"))
    assert counted(await sync(store, source(host, fetcher))) == (0, 1, 0, 0)
    answer(host, entry("2603.00002v1", "On trains"))
    assert counted(await sync(store, source(host, fetcher))) == (1, 0, 0, 0)
    assert set(await everything(store)) == {"On large gardens", "On trains"}


async def test_pages_are_read_a_pause_apart_and_to_a_bound(
    store: Store, host: WebSources, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arxiv, "PAUSE", 0.3)
    monkeypatch.setattr(arxiv, "PAGE", 1)
    monkeypatch.setattr(arxiv, "MOST", 2)
    answer(host, entry("2603.00001v1", "On gardens"))
    await sync(store, source(host, fetcher))
    assert [parse_qs(urlsplit(path).query)["start"] for path in host.paths()] == [["0"], ["1"]]
    assert host.asked[1].at - host.asked[0].at >= 0.29


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("no xml", "this is no feed"),
        (
            "<feed><entry><id>http://arxiv.org/api/errors#bad</id><summary>bad query</summary></entry></feed>",
            "arXiv says: bad query",
        ),
    ],
)
async def test_what_is_no_answer_is_one_line(
    store: Store, host: WebSources, fetcher: Fetcher, body: str, reason: str
) -> None:
    host.put("/api/query", body, "application/atom+xml")
    with pytest.raises(Unreadable, match=reason):
        await sync(store, source(host, fetcher))


async def test_a_host_that_is_away_takes_nothing_away(store: Store, host: WebSources, fetcher: Fetcher) -> None:
    answer(host, entry("2603.00001v1", "On gardens"))
    await sync(store, source(host, fetcher))
    host.fail("/api/query", 500)
    with pytest.raises(Away, match="500"):
        await sync(store, source(host, fetcher))
    assert set(await everything(store)) == {"On gardens"}
