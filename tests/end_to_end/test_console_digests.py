"""The console's archive of digests as a person reads it: wide, on a phone, in the dark; and as a feed reader does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from xml.etree import ElementTree

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from tests.end_to_end.conftest import Site, picture, say, serving, visit
from tests.end_to_end.newsroom import CRITICS, HOUR, RERANKER, TEST_SET
from tests.servers.web_sources import WebSources, web_sources

ATOM = "{http://www.w3.org/2005/Atom}"
HOSTILE = (
    "Retrieval evaluation &lt;script&gt;document.title='owned'&lt;/script&gt;",
    "https://example.org/evil",
    "It says &lt;img src=x onerror=\"document.title='owned'\"&gt; of retrieval evaluation. [click](https://evil.example)",
)


@pytest.fixture(scope="module")
def host() -> Iterator[WebSources]:
    with web_sources() as made:
        yield made


@pytest.fixture(scope="module")
def papers(host: WebSources) -> str:
    """The address of a feed of four stories."""
    return host.put_feed("/papers", *((*one, time.time() - HOUR) for one in (RERANKER, TEST_SET, CRITICS, HOSTILE)))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(tmp_path_factory.mktemp("site") / "home", None, FOOTNOTE_ALLOW_PRIVATE_HOSTS="127.0.0.1") as started:
        yield started


@pytest.fixture
async def archive(browser: Browser, site: Site, papers: str) -> Page:
    """The archive's page, with the preview of a digest in it."""
    page = await visit(browser, site, "/digests")
    if not await page.get_by_text("Digest on retrieval evaluation").count():
        await expect(page.locator(".main")).to_contain_text("Nobody gets one yet.")
        await page.goto(f"{site.url}/?channel=research")
        await say(page, f"@footnote digest every weekday at 8, what's new on retrieval evaluation from {papers}")
        await expect(page.locator(".main")).to_contain_text("Why it matters here")
        await page.goto(f"{site.url}/digests")
    return page


async def test_a_digest_is_read_in_the_archive(archive: Page) -> None:
    main = archive.locator(".main")
    await expect(main).to_contain_text("Digest on retrieval evaluation")
    await expect(main).to_contain_text("Weekdays at 08:00 UTC")
    edition = archive.locator("details")
    await expect(edition).to_have_count(1)
    await expect(edition.locator("p").first).to_be_hidden()
    await expect(edition.locator("summary local-time")).to_have_count(1)
    await edition.locator("summary").click()
    await expect(edition).to_contain_text("Digest no. 1 of")
    await expect(edition).to_contain_text("Errors of retrieval fell by half with the new reranker.")
    cited = "The%20team%20measured%20retrieval%20evaluation%20on%2012%20public%20sets."
    await expect(edition.locator(f"a[href='{RERANKER[1]}#:~:text={cited}']")).to_be_visible()
    assert "owned" not in await archive.title()
    await expect(edition).to_contain_text("<script>document.title='owned'</script>")
    await picture(archive, "digests")


@pytest.mark.parametrize("phone", [False, True])
@pytest.mark.parametrize("dark", [False, True])
async def test_it_is_readable_everywhere(browser: Browser, site: Site, archive: Page, phone: bool, dark: bool) -> None:
    page = await visit(browser, site, "/digests", phone=phone, dark=dark)
    await page.locator("details summary").click()
    await expect(page.locator("details")).to_contain_text("Digest no. 1 of")
    for words in (".main", "details .body", "section.source"):
        assert await page.locator(words).evaluate_all("all => all.every(one => one.scrollWidth <= one.clientWidth)"), (
            words
        )
    for words in ("details summary", "details p", "section.source p"):
        assert await page.locator(words).first.evaluate(CONTRAST) >= 4.5, words
    await picture(page, f"digests-{'phone' if phone else 'wide'}-{'dark' if dark else 'light'}")


async def test_a_story_is_researched_in_its_thread(site: Site, archive: Page) -> None:
    await archive.goto(f"{site.url}/?channel=research")
    story = archive.locator(".message.assistant").filter(has_text="12 public sets")
    await story.get_by_role("button", name="Research this").click()
    await story.get_by_role("button", name="2 replies").click()
    thread = archive.locator(".thread")
    await expect(thread).to_contain_text("What do we know about “A reranker that halves retrieval errors”?")
    await expect(thread.locator(".assistant").last).to_contain_text("I don't know.")


async def test_a_feed_reader_reads_it(site: Site, archive: Page) -> None:
    link = await archive.get_by_role("link", name="Atom feed").get_attribute("href")
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{site.url}{link}")
        assert (await client.get(f"{site.url}/digests/none.atom")).status_code == 404
    assert answer.headers["content-type"].startswith("application/atom+xml")
    feed = ElementTree.fromstring(answer.content)
    assert feed.findtext(f"{ATOM}title") == "Digest on retrieval evaluation"
    (entry,) = feed.findall(f"{ATOM}entry")
    content = str(entry.findtext(f"{ATOM}content"))
    assert "Errors of retrieval fell by half with the new reranker." in content
    assert f'<a href="{RERANKER[1]}">' in content
    assert "<script>" not in content


CONTRAST = """one => {
  const light = colour => {
    const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3)
      .map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const ground = node => {
    const colour = getComputedStyle(node).backgroundColor
    return colour.startsWith('rgba') && colour.endsWith(' 0)') && node.parentElement ? ground(node.parentElement) : colour
  }
  const [a, b] = [light(getComputedStyle(one).color), light(ground(one))].sort((x, y) => y - x)
  return (a + 0.05) / (b + 0.05)
}"""
"""How much an element's words stand out from what is behind them, by WCAG 2."""
