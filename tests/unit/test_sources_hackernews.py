"""Hacker News, from a host on loopback that answers as its search API does (https://hn.algolia.com/api)."""

from __future__ import annotations

from typing import Any

import pytest

from retrieval.errors import Away, Unreadable
from retrieval.sources.fetcher import Fetcher
from retrieval.sources.hackernews import HackerNewsSource
from retrieval.stores import Store
from tests.servers.web_sources import WebSources
from tests.unit.sources import counted, everything, sync


def hit(number: str, title: str, **more: Any) -> dict[str, Any]:
    """A story as the API tells of it."""
    return {
        "objectID": number,
        "title": title,
        "url": f"https://example.org/{number}",
        "author": "mei",
        "points": 120,
        "num_comments": 45,
        "story_text": None,
        "created_at_i": 1_772_359_200,
        "created_at": "2026-03-01T10:00:00Z",
        "_tags": ["story", "author_mei", f"story_{number}", "front_page"],
        "_highlightResult": {},
        **more,
    }


def front(host: WebSources, *hits: dict[str, Any]) -> None:
    about = {"nbHits": len(hits), "page": 0, "nbPages": 1, "hitsPerPage": 20, "query": "", "params": "tags=front_page"}
    host.put_json("/api/v1/search", {"hits": list(hits), **about}, etag=False)


def source(host: WebSources, fetcher: Fetcher) -> HackerNewsSource:
    return HackerNewsSource(f"{host.address}/api/v1/search?tags=front_page", fetcher)


async def test_a_story_is_its_link_and_how_it_is_talked_of(store: Store, host: WebSources, fetcher: Fetcher) -> None:
    front(host, hit("1", "On gardens"))
    assert counted(await sync(store, source(host, fetcher))) == (1, 0, 0, 0)
    found = (await everything(store))["On gardens"]
    assert found.text == "120 points and 45 comments on Hacker News."
    assert (found.uri, found.modified, found.authors) == ("https://example.org/1", 1_772_359_200.0, ("mei",))
    assert host.paths() == ["/api/v1/search?tags=front_page"]


async def test_a_question_is_its_text_and_leads_to_its_discussion(
    store: Store, host: WebSources, fetcher: Fetcher
) -> None:
    front(host, hit("2", "Ask HN: Which garden?", url=None, story_text="<p>I like <i>roses</i>.<p>Do you?"))
    await sync(store, source(host, fetcher))
    found = (await everything(store))["Ask HN: Which garden?"]
    assert "I like roses" in found.text
    assert "Do you?" in found.text
    assert "<" not in found.text
    assert found.uri == "https://news.ycombinator.com/item?id=2"


async def test_more_points_make_no_new_story_and_what_left_the_front_page_stays(
    store: Store, host: WebSources, fetcher: Fetcher
) -> None:
    front(host, hit("1", "On gardens"))
    await sync(store, source(host, fetcher))
    front(host, hit("1", "On gardens", points=300), hit("3", "On trains"))
    assert counted(await sync(store, source(host, fetcher))) == (1, 0, 0, 1)
    front(host, hit("3", "On trains"))
    await sync(store, source(host, fetcher))
    assert set(await everything(store)) == {"On gardens", "On trains"}


async def test_what_lacks_something_is_read_and_what_has_no_title_is_not(
    store: Store, host: WebSources, fetcher: Fetcher
) -> None:
    front(host, {"objectID": "4", "title": "Bare"}, {"objectID": "5"})
    await sync(store, source(host, fetcher))
    assert (await everything(store))["Bare"].text == "0 points and 0 comments on Hacker News."


@pytest.mark.parametrize("body", [{"message": "no"}, {"hits": [{"title": "no number"}]}, []])
async def test_an_answer_of_another_shape_is_told_in_a_line(host: WebSources, fetcher: Fetcher, body: Any) -> None:
    host.put_json("/api/v1/search", body)
    with pytest.raises(Unreadable, match="not as the API promises"):
        [one async for one in source(host, fetcher).list()]


async def test_a_server_that_is_away_is_told(host: WebSources, fetcher: Fetcher) -> None:
    host.fail("/api/v1/search", 500)
    with pytest.raises(Away, match="500"):
        [one async for one in source(host, fetcher).list()]
