"""A search of the web as a source of digests, from a strict SearXNG on loopback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.digests.asking import NotUnderstood, named, source, sources, understood
from bot.digests.gathering import item_of
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
    assert (found["On gardens"].uri, found["On gardens"].modified) == (PAGE[1], 0.0)
    assert (found["Undated"].text, found["Undated"].modified) == ("Undated", 0.0)
    (asked,) = engine_of_searches.asked
    assert asked == {"q": "public gardens", "format": "json", "time_range": "week"}


async def test_a_page_of_last_week_is_news_of_the_day_on_which_it_is_found(
    engine_of_searches: SearXNG, fetcher: Fetcher
) -> None:
    engine_of_searches.find("public gardens", PAGE)
    source, five_days_later = of(engine_of_searches, fetcher), 1_772_359_200.0 + 5 * 86_400
    (found,) = [await source.read(one) async for one in source.list()]
    assert item_of(found, source.name, found.id, five_days_later).at == five_days_later


async def test_what_is_no_page_of_the_web_is_left_out(engine_of_searches: SearXNG, fetcher: Fetcher) -> None:
    engine_of_searches.find("public gardens", ("Evil", "javascript:alert(1)", "x", None), PAGE, PAGE)
    listed = [one.id async for one in of(engine_of_searches, fetcher).list()]
    assert listed == [f"search:public gardens#{PAGE[1]}"]


async def test_one_page_without_an_address_or_a_title_costs_no_other(
    store: Store, engine_of_searches: SearXNG, fetcher: Fetcher
) -> None:
    nothing, unnamed = ("Nowhere", None, "x", None), (None, "https://example.org/3", "x", None)
    engine_of_searches.find("public gardens", nothing, unnamed, ("Bare", "https://example.org/2", None, None), PAGE)
    assert counted(await sync(store, of(engine_of_searches, fetcher))) == (2, 0, 0, 0)
    assert {title: one.text for title, one in (await everything(store)).items()} == {PAGE[0]: PAGE[2], "Bare": "Bare"}


async def test_engines_that_did_not_answer_are_told_where_nothing_was_found(
    engine_of_searches: SearXNG, fetcher: Fetcher
) -> None:
    engine_of_searches.silent = [("google", "CAPTCHA"), ("bing", "timeout")]
    with pytest.raises(Unreadable) as told:
        [one async for one in of(engine_of_searches, fetcher).list()]
    assert told.value.reason == "its search engines did not answer: google (CAPTCHA), bing (timeout)"
    engine_of_searches.silent = [("engine" * 100, "HTTP error" * 100)] * 80
    with pytest.raises(Unreadable, match="and 75 more") as told:
        [one async for one in of(engine_of_searches, fetcher).list()]
    assert len(told.value.reason) < 400
    engine_of_searches.find("public gardens", PAGE)
    assert len([one async for one in of(engine_of_searches, fetcher).list()]) == 1


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
        ("search:C++", "search:C%2B%2B"),
        ("search:„LLM Agenten“", "search:LLM+Agenten"),
        ("search:„agenci LLM”", "search:agenci+LLM"),
        ('search:"hacker news alternatives"', "search:hacker+news+alternatives"),
        ('search:"a weekly summary of gardens"', "search:a+weekly+summary+of+gardens"),
    ],
)
def test_a_search_is_named_in_a_word_or_in_quotes(said: str, name: str) -> None:
    wish = understood(f"every day at 8, what's new on gardens from {said}, hackernews", "UTC")
    assert (wish.topics, wish.sources, wish.weekly) == ("gardens", (name, "hackernews"), False)
    assert sources(f"{said}, knowledge hacker news") == (name, "knowledge", "hackernews")
    assert source(name) == source(named(name)) == name


@pytest.mark.parametrize("said", ["search:", "search:+", 'search:""', 'search:"  "', "search:„ “", "search:%20"])
def test_a_search_for_nothing_is_none(said: str) -> None:
    with pytest.raises(NotUnderstood):
        sources(f"hackernews, {said}")


def test_a_search_is_shown_with_all_of_its_words_and_of_an_address_nothing_that_may_be_secret() -> None:
    (what,) = sources('search:"what is new?"')
    assert named(what) == 'search:"what is new?"'
    assert named("feed:https://example.org/feed?key=s3cret") == "feed:https://example.org/feed?…"
