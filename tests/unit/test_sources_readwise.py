"""Readwise, from a host on loopback that speaks its export."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from retrieval.errors import Away, Unreadable
from retrieval.sources.fetcher import Fetcher
from retrieval.sources.readwise import ReadwiseSource
from retrieval.stores import Store
from tests.servers.web_sources import WebSources
from tests.unit.sources import counted, everything, sync

KEY = SecretStr("rw-secret")


def mark(text: str, note: str = "", **more: Any) -> dict[str, Any]:
    return {"id": 1, "text": text, "note": note, "updated_at": "2026-03-01T10:00:00.000Z", **more}


def book(number: int, title: str, *marks: Any, **more: Any) -> dict[str, Any]:
    return {"user_book_id": number, "title": title, "author": "Mei Lin and Jo", "highlights": list(marks), **more}


def export(host: WebSources, *books: Any, cursor: str = "", following: str | int | None = None) -> None:
    path = f"/export/?pageCursor={cursor}" if cursor else "/export/"
    host.put_json(path, {"count": len(books), "nextPageCursor": following, "results": list(books)})


def readwise(host: WebSources, fetcher: Fetcher) -> ReadwiseSource:
    return ReadwiseSource(KEY, host.address, fetcher)


async def test_each_book_is_a_document_with_its_highlights(store: Store, host: WebSources, fetcher: Fetcher) -> None:
    roses = mark("Roses need sun.", "Plant them south.", location=12, location_type="page")
    export(host, book(1, "Gardens", roses, mark("Gone.", is_deleted=True)), book(2, "Empty"), following="more")
    export(host, book(3, "Trains", mark("Slow."), source_url="https://x.example/t"), cursor="more")
    assert counted(await sync(store, readwise(host, fetcher))) == (2, 0, 0, 0)
    found = await everything(store)
    assert found["Gardens"].text == "Roses need sun. (page 12)\nNote: Plant them south."
    assert found["Gardens"].authors == ("Mei Lin", "Jo")
    assert found["Gardens"].modified == 1_772_359_200.0
    assert found["Trains"].uri == "https://x.example/t"
    assert {one.headers.get("authorization") for one in host.asked} == {"Token rw-secret"}


async def test_a_cursor_that_is_a_number_leads_on(store: Store, host: WebSources, fetcher: Fetcher) -> None:
    export(host, book(1, "Gardens", mark("Roses.")), following=4_312)
    export(host, book(2, "Trains", mark("Slow.")), cursor="4312")
    assert counted(await sync(store, readwise(host, fetcher))) == (2, 0, 0, 0)


async def test_what_changed_is_read_and_what_was_deleted_is_gone(
    store: Store, host: WebSources, fetcher: Fetcher
) -> None:
    export(host, book(1, "Gardens", mark("Roses.")), book(2, "Trains", mark("Slow.")))
    await sync(store, readwise(host, fetcher))
    assert counted(await sync(store, readwise(host, fetcher))) == (0, 0, 0, 2)
    assert host.paths(304) == ["/export/"]
    export(host, book(1, "Gardens", mark("Roses."), mark("Figs.")))
    assert counted(await sync(store, readwise(host, fetcher))) == (0, 1, 1, 0)


async def test_a_book_twice_is_one_and_one_of_another_shape_is_named(
    store: Store, host: WebSources, fetcher: Fetcher
) -> None:
    odd = book(4, "Odd", "no highlight")
    export(host, book(1, "Gardens", mark("Roses.")), odd, "no book", book(1, "Gardens", mark("Figs.")))
    summary = await sync(store, readwise(host, fetcher))
    assert (await everything(store))["Gardens"].text == "Roses.\n\nFigs."
    assert dict(summary.unreadable)["readwise:4"] == "it is not as the API promises (highlights.0)"
    assert summary.new == 1


async def test_half_a_character_stops_nothing(store: Store, host: WebSources, fetcher: Fetcher) -> None:
    export(host, book(1, "Gar\ud83ddens", mark("Roses \ud83c\udf39 need sun.")))
    assert (await sync(store, readwise(host, fetcher))).new == 1
    assert (await everything(store))["Gar?dens"].text == "Roses 🌹 need sun."


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500])
async def test_an_answer_of_another_kind_is_one_line_without_the_key_and_nothing_is_lost(
    store: Store, host: WebSources, fetcher: Fetcher, status: int
) -> None:
    export(host, book(1, "Gardens", mark("Roses.")))
    await sync(store, readwise(host, fetcher))
    host.fail("/export/", status)
    with pytest.raises(Away, match=str(status)) as failed:
        await sync(store, readwise(host, fetcher))
    assert "rw-secret" not in str(failed.value)
    assert ("FOOTNOTE_READWISE_KEY" in str(failed.value)) == (status in {401, 403})
    assert set(await everything(store)) == {"Gardens"}


@pytest.mark.parametrize(
    ("body", "reason"), [("<html>", "no JSON"), ("", "no JSON"), ("[]", "promises"), ("{}", "results")]
)
async def test_what_is_no_export_is_one_line(
    store: Store, host: WebSources, fetcher: Fetcher, body: str, reason: str
) -> None:
    host.put("/export/", body, "application/json")
    with pytest.raises(Unreadable, match=reason):
        await sync(store, readwise(host, fetcher))


async def test_a_cursor_that_goes_nowhere_comes_to_an_end(store: Store, host: WebSources, fetcher: Fetcher) -> None:
    export(host, book(1, "Gardens", mark("Roses.")), following="a")
    export(host, cursor="a", following="a")
    assert counted(await sync(store, readwise(host, fetcher))) == (1, 0, 0, 0)


async def test_the_key_goes_to_no_other_host(store: Store, host: WebSources, fetcher: Fetcher) -> None:
    elsewhere = host.address.replace("127.0.0.1", "localhost")
    host.fail("/export/", 302, location=f"{elsewhere}/other")
    host.put_json("/other", {"results": []})
    with pytest.raises(Unreadable, match="private network"):
        await sync(store, readwise(host, fetcher))
    open_fetcher = Fetcher(fetcher._copies, ["127.0.0.1", "localhost"], pause=0.0)
    await sync(store, readwise(host, open_fetcher))
    assert [one.headers.get("authorization") for one in host.asked if one.path == "/other"] == [None]


def test_without_a_key_there_is_one_line(fetcher: Fetcher) -> None:
    with pytest.raises(Unreadable, match="FOOTNOTE_READWISE_KEY"):
        ReadwiseSource(SecretStr(""), "http://x.example", fetcher)
