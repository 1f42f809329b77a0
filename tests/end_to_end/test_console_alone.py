"""On the console: an answer that only one person sees, in a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from retrieval.chunking import chunk
from retrieval.documents import Audience, Document
from retrieval.stores.lance import LanceStore
from tests.end_to_end.conftest import Site, say, serving, visit, write_handbook

QUESTION = "@footnote how much may hotels cost a night on board trips?"
SECRET = "On board trips hotels may cost 900 euros a night."


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("alone")
    write_handbook(folder / "handbook")
    with serving(folder / "home", folder / "handbook") as started:
        yield started


async def keep(home: Path, person: str) -> None:
    """A document of this person alone."""
    store = await LanceStore.open(home / "knowledge")
    document = Document("kept", "kept", "", "Board trips", SECRET, Audience.of(f"person:{person}"), "1")
    await store.put([(document, chunk(document))])
    await store.close()


async def test_only_whoever_presses_sees_the_answer_from_what_is_theirs(browser: Browser, site: Site) -> None:
    await keep(site.home, "console/mei")
    mei, bob = await visit(browser, site, name="Mei"), await visit(browser, site, name="Bob")
    await say(bob, QUESTION)
    answer = bob.locator(".thread .assistant")
    await expect(answer).to_be_visible()
    await mei.goto(bob.url)
    for page, seen in ((mei, True), (bob, False)):
        await page.get_by_role("button", name="You may see more: answer only to me").click()
        dialog = page.get_by_role("dialog")
        await expect(dialog).to_contain_text("Only you see this")
        await expect(
            dialog.get_by_text("900 euros").first if seen else dialog.get_by_text("I don't know")
        ).to_be_visible()
    await expect(mei.get_by_role("dialog")).to_have_count(1)
    for page in (mei, bob):
        await page.get_by_role("button", name="Close", exact=True).click()
        await page.reload()
        await expect(page.locator(".thread .assistant")).to_be_visible()
        await expect(page.get_by_text("900 euros")).to_have_count(0)
