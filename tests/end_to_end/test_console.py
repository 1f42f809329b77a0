"""What a person does and sees in the console, in a real Chromium."""

from __future__ import annotations

from pathlib import Path

import httpx
from playwright.async_api import Browser, expect

from tests.end_to_end.conftest import Site, picture, say, served, serving, visit, write_handbook
from tests.servers.providers import Playing
from tests.servers.running import running

QUESTION = "@footnote how much may hotels cost a night?"


async def test_a_question_is_answered_and_its_footnote_opens_the_sentence(browser: Browser, site: Site) -> None:
    page = await visit(browser, site)
    await picture(page, "welcome")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await say(page, QUESTION)
    answer = page.locator(".thread .assistant")
    await expect(answer).to_contain_text("Hotels may cost 150 euros a night.")
    await expect(answer.locator(".footnotes")).to_contain_text("Expense policy")
    await picture(page, "answer")
    await answer.locator(".footnotes a").first.click()
    await expect(page.locator("#cited")).to_contain_text("Hotels may cost 150 euros a night.")
    await expect(page.locator("#cited")).to_be_in_viewport()
    await picture(page, "document")
    assert all(url.startswith((site.url, "data:", "blob:")) for url in asked)


async def test_what_nobody_wrote_down_is_not_known(browser: Browser, site: Site) -> None:
    page = await visit(browser, site)
    await say(page, "@footnote who painted the ceiling of the chapel?")
    await expect(page.locator(".thread .assistant")).to_contain_text("I don't know. I looked for")


async def test_a_follow_up_needs_no_mention_and_a_reload_keeps_all(browser: Browser, site: Site) -> None:
    page = await visit(browser, site)
    await say(page, QUESTION)
    await expect(page.locator(".thread .assistant")).to_have_count(1)
    await say(page, "and meals while travelling?")
    await expect(page.locator(".thread .assistant")).to_have_count(2)
    await expect(page.locator(".thread .assistant").last).to_contain_text("40 euros a day")
    await page.reload()
    await expect(page.locator(".thread .assistant")).to_have_count(2)


async def test_one_person_proposes_another_approves_and_both_see_it(browser: Browser, site: Site) -> None:
    mei = await visit(browser, site, name="Mei")
    await say(mei, "@footnote remember that the offsite is on 12 May in Lisbon")
    card = mei.locator(".thread .card")
    await expect(card).to_contain_text("Waits for a decision until")
    await picture(mei, "approval")
    ann = await visit(browser, site, "/approvals", name="Ann")
    await picture(ann, "approvals")
    await ann.get_by_role("button", name="Approve").click()
    await expect(card).to_contain_text("Approved by Ann. Done")
    await expect(mei.locator(".thread")).to_contain_text("✅ Remembered")
    await expect(mei.get_by_role("button", name="Approve")).to_have_count(0)
    await expect(ann.locator(".log")).to_contain_text("done")
    await say(mei, "@footnote when is the offsite?")
    await expect(mei.locator(".thread .assistant").last).to_contain_text("12 May in Lisbon")


async def test_an_action_is_edited_before_it_is_approved(browser: Browser, site: Site) -> None:
    page = await visit(browser, site)
    await say(page, "@footnote remember that doors close at 6")
    await page.get_by_role("button", name="Edit").click()
    await page.get_by_label("Text").fill("doors close at 7")
    await page.get_by_role("button", name="Approve with changes").click()
    await expect(page.locator(".thread .card")).to_contain_text("with changes. Done: Remembered: doors close at 7")


async def test_an_action_is_rejected_with_a_reason(browser: Browser, site: Site) -> None:
    page = await visit(browser, site)
    await say(page, "@footnote post in #general: we are closed")
    await page.get_by_role("button", name="Reject").click()
    await page.get_by_label("Why?").fill("not decided yet")
    await page.get_by_role("dialog").get_by_role("button", name="Reject").click()
    await expect(page.locator(".thread .card")).to_contain_text("not decided yet")
    await expect(page.locator(".thread .assistant").last).to_contain_text(
        "rejected “Post in #general”: not decided yet"
    )


async def test_talk_in_the_thread_does_not_disturb_what_waits(browser: Browser, site: Site) -> None:
    page = await visit(browser, site)
    await say(page, "@footnote remember that doors close at 6")
    await expect(page.locator(".thread .card")).to_be_visible()
    await say(page, QUESTION)
    await expect(page.locator(".thread")).to_contain_text("Hotels may cost 150 euros a night.")
    await page.get_by_role("button", name="Approve").click()
    await expect(page.locator(".thread .card")).to_contain_text("Done: Remembered")


async def test_hostile_text_stays_text(browser: Browser, site: Site) -> None:
    page = await visit(browser, site, name="<b>Eve</b>")
    await say(page, "<img src=x onerror=\"document.title='owned'\">")
    await expect(page.locator(".room .message").last).to_contain_text("<img src=x")
    await say(page, "@footnote when does the pirate flag fly?")
    await expect(page.locator(".thread .assistant")).to_contain_text("flies on Mondays")
    await page.locator(".thread .footnotes a").first.click()
    await expect(page.locator("#cited")).to_contain_text("flies on Mondays")
    assert "owned" not in await page.title()


async def test_by_keyboard_alone(browser: Browser, site: Site) -> None:
    page = await visit(browser, site)
    await expect(page.get_by_label("Message", exact=True)).to_be_focused()
    await page.keyboard.type(QUESTION)
    await page.keyboard.press("Enter")
    await expect(page.locator(".thread .footnotes")).to_be_visible()
    link = page.locator(".thread .footnotes a").first
    for _ in range(60):
        await page.keyboard.press("Shift+Tab")
        if await link.evaluate("one => one === document.activeElement"):
            break
    await page.keyboard.press("Enter")
    await expect(page.locator("#cited")).to_be_visible()


async def test_on_a_phone_nothing_is_cut_off(browser: Browser, site: Site) -> None:
    page = await visit(browser, site, phone=True, dark=True)
    await say(page, QUESTION)
    await expect(page.locator(".thread .footnotes")).to_be_visible()
    await picture(page, "phone")
    for path in ("", "knowledge", "approvals"):
        if path:
            await page.goto(f"{site.url}/{path}")
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    dark = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert max(map(int, dark.removeprefix("rgb(").rstrip(")").split(","))) < 60


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
    await expect(page.locator(".source").last).to_contain_text("binary data")
    await picture(page, "knowledge")
    await page.goto(f"{site.url}/?channel=research")
    await say(page, "@footnote when does the garden open?")
    await expect(page.locator(".thread .assistant")).to_contain_text("The garden opens at nine.")


async def test_another_site_is_not_served(site: Site) -> None:
    async with httpx.AsyncClient() as client:
        assert (await client.get(site.url, headers={"Host": "evil.example"})).status_code == 403
        assert (await client.get(site.url, headers={"Origin": "http://evil.example"})).status_code == 403


async def test_a_model_s_answer_streams_in_sentence_by_sentence(browser: Browser, tmp_path: Path) -> None:
    write_handbook(tmp_path / "handbook")
    prose = "Hotels may cost up to 150 euros a night [1]. Ask Mei before booking anything above that [1]."
    provider = Playing(prose, QUESTION, hold=11)
    with running(provider.app) as url, serving(tmp_path / "home", tmp_path / "handbook", **served(url)) as site:
        page = await visit(browser, site)
        await say(page, QUESTION)
        answer = page.locator(".thread .assistant")
        await expect(answer).to_contain_text("150 euros a night.")
        await expect(page.locator(".thread .status")).to_contain_text("Writing…")
        await expect(answer).not_to_contain_text("Ask Mei")
        await expect(answer.get_by_role("button", name="This helped")).to_have_count(0)
        provider.go.set()
        await expect(answer).to_contain_text("Ask Mei before booking anything above that.")
        await expect(answer.get_by_role("button", name="This helped")).to_be_visible()
        await expect(page.locator(".thread .status")).not_to_contain_text("Writing")
