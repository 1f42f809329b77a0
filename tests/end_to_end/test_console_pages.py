"""What a person reads in the console beside the chat: documents, the knowledge, pages that are not there."""

from __future__ import annotations

from pathlib import Path

import httpx
from playwright.async_api import Browser, expect

from tests.end_to_end.conftest import Site, picture, say, serving, visit


async def test_a_document_shows_every_character_in_its_place(browser: Browser, site: Site) -> None:
    page = await visit(browser, site, "/knowledge")
    await page.get_by_role("link", name="Business trips").click()
    text = page.locator(".text")
    await expect(text.locator("pre")).to_have_text("    book --train --second-class")
    await expect(text.locator("h4")).to_have_text("Trains and flights")
    whole = await text.evaluate("one => one.textContent")
    start = whole.index("costs more than\n800 euros")
    await page.goto(f"{page.url}&start={start}&end={start + 26}")
    await expect(page.locator("#cited")).to_be_in_viewport()
    assert await page.locator("#cited").evaluate("one => one.textContent") == "costs more than\n800 euros "
    assert "\n" not in await page.locator("#cited").inner_text()


async def test_files_dropped_on_the_knowledge_page_are_known(browser: Browser, site: Site) -> None:
    page = await visit(browser, site, "/knowledge")
    await expect(page.locator(".documents")).to_contain_text("Expense policy")
    await page.set_input_files(
        "input[type=file]",
        [
            {"name": "garden.txt", "mimeType": "text/plain", "buffer": b"The garden opens at nine."},
            {"name": "../../bad.md", "mimeType": "text/plain", "buffer": b"\0\1\2\0" * 500},
        ],
    )
    await expect(page.locator(".upload + div")).to_contain_text("1 file added.")
    await expect(page.locator(".upload + div")).to_contain_text("Not read: bad.md: this is not text but binary data")
    await expect(page.locator(".source").last).not_to_contain_text("Not read")
    await expect(page.locator(".source").last).to_contain_text("Files added on this page")
    await page.get_by_role("button", name="Remove Files added").wait_for()
    await picture(page, "knowledge")
    await page.goto(f"{site.url}/?channel=research")
    await say(page, "@footnote when does the garden open?")
    await expect(page.locator(".thread .assistant")).to_contain_text("The garden opens at nine.")


async def test_documents_are_found_by_title_and_shown_step_by_step(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "many").mkdir()
    for number in range(150):
        (tmp_path / "many" / f"page-{number:03}.md").write_text(f"# Page {number:03}\n\nText {number}.\n")
    with serving(tmp_path / "home", tmp_path / "many") as site:
        page = await visit(browser, site, "/knowledge")
        await expect(page.locator(".documents li")).to_have_count(100)
        await expect(page.locator(".main")).to_contain_text("The first 100 are shown.")
        await page.get_by_role("button", name="Show more").click()
        await expect(page.locator(".documents li")).to_have_count(150)
        await page.get_by_label("Find").fill("page 149")
        await expect(page.locator(".documents li")).to_have_count(1)


async def test_a_page_that_is_not_there_leads_back(browser: Browser, site: Site) -> None:
    page = await visit(browser, site)
    answer = await page.goto(f"{site.url}/nowhere")
    assert answer is not None
    assert answer.status == 404
    await page.get_by_role("link", name="Back to the chat").click()
    await expect(page.get_by_label("Message", exact=True)).to_be_visible()
    await page.goto(f"{site.url}/document?id=no-such&start=x")
    await expect(page.locator(".main")).to_contain_text("This document is not here")


async def test_another_site_is_not_served(site: Site) -> None:
    async with httpx.AsyncClient() as client:
        assert (await client.get(site.url, headers={"Host": "evil.example"})).status_code == 403
        assert (await client.get(site.url, headers={"Origin": "http://evil.example"})).status_code == 403
