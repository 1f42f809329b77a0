"""A search of the web as a source of digests, from a strict SearXNG on loopback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.digests.asking import NotUnderstood, source, sources, understood
from bot.settings import Settings
from bot.sources import Opener
from retrieval.errors import Unreadable
from retrieval.sources.fetcher import Fetcher
from retrieval.sources.web_search import WebSearchSource
from retrieval.stores import Store
from tests.servers.searxng import SearXNG, searxng
from tests.servers.web_sources import WebSources
from tests.unit.sources import counted, everything, sync

PAGE = ("On gardens", "https://example.org/gardens", "Gardens open at nine.", "2026-03-01T10:00:00")


@pytest.fixture
def engine_of_searches() -> Iterator[SearXNG]:
    with searxng() as made:
        yield made


def of(server: SearXNG, fetcher: Fetcher) -> WebSearchSource:
    return WebSearchSource("public gardens", f"{server.url}/", fetcher)


async def test_a_page_that_was_found_is_what_the_search_says_of_it(
    store: Store, engine_of_searches: SearXNG, fetcher: Fetcher
) -> None:
    engine_of_searches.find("public gardens", PAGE, ("Undated", "https://example.org/2", "", None))
    assert counted(await sync(store, of(engine_of_searches, fetcher))) == (2, 0, 0, 0)
    found = await everything(store)
    assert found["On gardens"].text == "Gardens open at nine."
    assert (found["On gardens"].uri, found["On gardens"].modified) == (PAGE[1], 1_772_359_200.0)
    assert (found["Undated"].text, found["Undated"].modified) == ("Undated", 0.0)
    (asked,) = engine_of_searches.asked
    assert asked == {"q": "public gardens", "format": "json", "time_range": "week"}


async def test_what_is_no_page_of_the_web_is_left_out(engine_of_searches: SearXNG, fetcher: Fetcher) -> None:
    engine_of_searches.find("public gardens", ("Evil", "javascript:alert(1)", "x", None), PAGE, PAGE)
    listed = [one.id async for one in of(engine_of_searches, fetcher).list()]
    assert listed == [f"search:public gardens#{PAGE[1]}"]


async def test_a_server_that_gives_no_json_is_told_with_what_to_do(
    engine_of_searches: SearXNG, fetcher: Fetcher
) -> None:
    engine_of_searches.formats = {"html"}
    with pytest.raises(Unreadable, match=r"add json to search\.formats in its settings\.yml"):
        [one async for one in of(engine_of_searches, fetcher).list()]


async def test_what_is_no_searxng_is_told_in_a_line(host: WebSources, fetcher: Fetcher) -> None:
    host.put_json("/search", {"hits": []})
    with pytest.raises(Unreadable, match="not as the API promises"):
        [one async for one in WebSearchSource("gardens", host.address, fetcher).list()]
    host.put("/search", "<html>hello</html>")
    with pytest.raises(Unreadable):
        [one async for one in WebSearchSource("gardens", host.address, fetcher).list()]


async def test_without_a_server_it_says_which_setting_names_one() -> None:
    opened = Opener(Settings()).news("search:public+gardens")
    assert opened.name == "search:public gardens"
    with pytest.raises(Unreadable, match="FOOTNOTE_SEARCH_URL"):
        [one async for one in opened.list()]


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("search:gardens", "search:gardens"),
        ("search:public+gardens", "search:public+gardens"),
        ('search:"public gardens"', "search:public+gardens"),
        ("search:“öffentliche Gärten & Parks”", "search:öffentliche+Gärten+%26+Parks"),
        ("search:C%2B%2B", "search:C%2B%2B"),
    ],
)
def test_a_search_is_named_in_a_word_or_in_quotes(said: str, name: str) -> None:
    wish = understood(f"every day at 8, what's new on gardens from {said}, hackernews", "UTC")
    assert (wish.topics, wish.sources) == ("gardens", (name, "hackernews"))
    assert sources(f"{said}, knowledge") == (name, "knowledge")
    assert source(name) == name


def test_a_search_for_nothing_is_none() -> None:
    with pytest.raises(NotUnderstood):
        source("search:")
