"""Sources as a person adds them: on the command line and in the console, from a host on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.end_to_end.conftest import footnote, picture, serving, visit
from tests.servers.web_sources import WebSources, web_sources

RSS = (
    "<rss version='2.0'><channel><title>News</title><item><guid>1</guid><title>The garden opens</title>"
    "<description>It opens at nine.</description></item></channel></rss>"
)
PAGE = "<html><head><title>Trains</title></head><body><p>The train to Bern leaves at seven.</p></body></html>"
ABOUT = {"full_name": "mei/garden", "html_url": "https://github.com/mei/garden", "default_branch": "main"}
PAPER = "<feed><entry><id>http://arxiv.org/abs/1v1</id><title>On gardens</title><summary>They bloom.</summary></entry></feed>"
CLIPPING = "Gardens (Mei)\n- Your Highlight on page 1 | Added on March 1, 2026\n\nRoses need sun.\n==========\n"


@pytest.fixture
def host() -> Iterator[WebSources]:
    with web_sources() as made:
        made.put("/news", RSS, "application/rss+xml")
        made.put("/trains", PAGE)
        made.put_json("/repos/mei/garden", ABOUT)
        made.put_json("/repos/mei/garden/git/trees/main", {"tree": []})
        made.put_json("/repos/mei/garden/issues", [])
        release = {"id": 1, "tag_name": "v1", "html_url": "https://x", "body": "First release."}
        made.put_json("/repos/mei/garden/releases", [release])
        made.put("/arxiv", PAPER, "application/atom+xml")
        book = {"user_book_id": 1, "title": "Trains", "highlights": [{"text": "Slow travel."}]}
        made.put_json("/readwise/export/", {"results": [book]})
        yield made


@pytest.fixture
def settings(host: WebSources) -> dict[str, str]:
    return {
        "FOOTNOTE_ALLOW_PRIVATE_HOSTS": "127.0.0.1",
        "FOOTNOTE_GITHUB_URL": host.address,
        "FOOTNOTE_ARXIV_URL": f"{host.address}/arxiv",
        "FOOTNOTE_READWISE_URL": f"{host.address}/readwise",
        "FOOTNOTE_READWISE_KEY": "rw-secret",
        "FOOTNOTE_EMBEDDER": "hashing",
    }


async def test_every_kind_is_added_by_its_name_and_forgotten_by_it(
    tmp_path: Path, host: WebSources, settings: dict[str, str]
) -> None:
    (tmp_path / "clippings.txt").write_text(CLIPPING)
    names = [
        f"{host.address}/trains",
        f"feed:{host.address}/news",
        "github:mei/garden",
        "arxiv:cat:cs.CL",
        "readwise",
        f"kindle:{tmp_path / 'clippings.txt'}",
    ]
    home = {**settings, "FOOTNOTE_HOME": str(tmp_path / "home")}
    code, _, told = await footnote("sync", *names, **home)
    assert (code, told.count("1 new, 0 changed")) == (0, 6), told
    assert "6 documents in 6 passages" in told
    code, out, told = await footnote("ask", "When does the train to Bern leave?", **home)
    assert "leaves at seven" in out, told
    code, _, told = await footnote("forget", *names, **home)
    assert (code, told.count("Forgotten: 1 document of")) == (0, 6), told


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("github:garden", "write github:OWNER/REPOSITORY"),
        ("feed:", "missing behind the colon"),
        ("kindle:/no/such/file", "there is no such file"),
        ("http://127.0.0.1:9/", "ConnectError"),
    ],
)
async def test_what_can_not_be_added_is_one_line(
    tmp_path: Path, settings: dict[str, str], name: str, line: str
) -> None:
    code, _, told = await footnote("sync", name, **settings, FOOTNOTE_HOME=str(tmp_path / "home"))
    assert code == 1
    assert line in " ".join(told.split())
    assert "Traceback" not in told


async def test_an_address_is_pasted_on_the_knowledge_page_and_is_read_from_then_on(
    browser: Browser, tmp_path: Path, host: WebSources, settings: dict[str, str]
) -> None:
    with serving(tmp_path / "home", None, **settings) as site:
        page = await visit(browser, site, "/knowledge")
        field = page.get_by_label("Address of a source")
        await field.fill(f"feed:{host.address}/news")
        await page.get_by_role("button", name="Add the source").click()
        await expect(page.locator(".source")).to_contain_text(f"feed: {host.address}/news")
        await expect(page.locator(".documents")).to_contain_text("The garden opens")
        await field.fill(f"{host.address}/missing")
        await field.press("Enter")
        await expect(page.locator(".source .wrong")).to_contain_text("it answered 404 Not Found")
        await picture(page, "sources")
        await field.fill(f"kindle:{tmp_path}")
        await field.press("Enter")
        await expect(page.locator(".q-notification")).to_contain_text("it is no address")
        await expect(page.locator(".source")).to_have_count(2)
