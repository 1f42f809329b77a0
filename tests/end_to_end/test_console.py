"""What a person does and sees in the console, in a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.end_to_end.conftest import Site, picture, say, served, serving, visit, write_handbook
from tests.servers.providers import Playing
from tests.servers.running import running

QUESTION = "@footnote how much may hotels cost a night?"
LIMITS = "@footnote what may a hotel in Lisbon cost, and who approves a trip of 900 euros?"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An assistant that knows nothing yet, where only Mei may decide."""
    with serving(tmp_path_factory.mktemp("guarded") / "home", None, FOOTNOTE_APPROVERS="console/mei") as started:
        yield started


async def test_a_question_is_answered_and_its_footnote_opens_the_sentence(browser: Browser, site: Site) -> None:
    page = await visit(browser, site, name="Jonas")
    await expect(page.locator(".welcome")).to_contain_text("Ask what your documents know")
    await picture(page, "welcome")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await say(page, "Eight of us are going to Lisbon in May. I am looking for a hotel near the river.")
    await expect(page.locator(".welcome")).to_have_count(0)
    await say(page, LIMITS)
    answer = page.locator(".thread .assistant")
    await expect(answer).to_contain_text("180 euros a night in Lisbon")
    await expect(answer).to_contain_text("needs the approval of Mei")
    await page.set_viewport_size({"width": 1280, "height": 860})  # the whole of it is seen
    await picture(page, "answer")
    quoted = await answer.locator(".footnotes q").first.inner_text()
    await answer.locator(".footnotes a").first.click()
    await expect(page.locator("#cited")).to_have_text(quoted)
    await expect(page.locator("#cited")).to_be_in_viewport()
    await picture(page, "document")
    await page.get_by_role("link", name="Back").click()
    await expect(page.locator(".thread .assistant")).to_contain_text("180 euros a night in Lisbon")
    assert all(url.startswith((site.url, "data:", "blob:")) for url in asked)


async def test_what_nobody_wrote_down_is_not_known(browser: Browser, site: Site) -> None:
    page = await visit(browser, site)
    await say(page, "@footnote who painted the ceiling of the chapel?")
    await expect(page.locator(".thread .assistant")).to_contain_text("I don't know. I looked for “who painted")


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
    await expect(card).to_contain_text("Anyone in the channel may decide.")
    await expect(card).not_to_contain_text("UTC")
    await picture(mei, "approval")
    ann = await visit(browser, site, "/approvals", name="Ann")
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
    await page.get_by_role("textbox", name="Text").fill("")
    await page.get_by_role("button", name="Approve with changes").click()
    await expect(page.get_by_role("dialog")).to_contain_text("This can't be empty.")
    await page.get_by_role("textbox", name="Text").fill("doors close at 7")
    await page.get_by_role("button", name="Approve with changes").click()
    await expect(page.locator(".thread .card")).to_contain_text("with changes. Done: Remembered: doors close at 7")


async def test_a_channel_that_is_not_there_is_refused_in_the_form(browser: Browser, site: Site) -> None:
    page = await visit(browser, site)
    await say(page, "@footnote post in #general: we are closed")
    await page.get_by_role("button", name="Edit").click()
    await page.get_by_role("dialog").get_by_label("Channel").fill("nowhere")
    await page.get_by_role("button", name="Approve with changes").click()
    await expect(page.get_by_role("dialog")).to_contain_text("There is no channel #nowhere here")
    await page.get_by_role("dialog").get_by_label("Channel").fill("general")
    await page.get_by_role("button", name="Approve with changes").click()
    await expect(page.locator(".thread .card")).to_contain_text("with changes. Done")


async def test_an_action_is_rejected_with_a_reason(browser: Browser, site: Site) -> None:
    page = await visit(browser, site)
    await say(page, "@footnote post in #general: we are closed")
    await page.get_by_role("button", name="Reject").click()
    await page.get_by_label("Why?").fill("not decided yet")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".thread .card")).to_contain_text("not decided yet")
    await expect(page.locator(".thread .assistant").last).to_contain_text(
        "rejected “Post in #general”: not decided yet"
    )
    await expect(page.get_by_label("This helped")).to_have_count(0)


async def test_only_who_may_decide_can_and_others_are_told_wherever_they_press(browser: Browser, guarded: Site) -> None:
    bob = await visit(browser, guarded, name="Bob")
    await say(bob, "@footnote remember that doors close at 6")
    await expect(bob.locator(".thread .card")).to_contain_text("Only Mei may decide.")
    await bob.get_by_role("button", name="Approve").click()
    await expect(bob.locator(".q-notification")).to_contain_text("You can't decide this. Only Mei may decide.")
    await bob.goto(f"{guarded.url}/approvals")
    await bob.get_by_role("button", name="Approve").click()
    await expect(bob.locator(".q-notification")).to_contain_text("You can't decide this. Only Mei may decide.")
    mei = await visit(browser, guarded, "/approvals", name="Mei")
    await mei.get_by_role("button", name="Reject").click()
    await mei.get_by_role("dialog").get_by_role("button", name="Reject").click()
    await expect(mei.locator(".log")).to_contain_text("Rejected by Mei")


async def test_who_decides_second_is_told_once_at_every_page(browser: Browser, site: Site) -> None:
    ann = await visit(browser, site, name="Ann")
    await say(ann, "@footnote remember that the printer is on the second floor")
    await ann.get_by_role("button", name="Reject").click()
    await expect(ann.locator(".q-dialog textarea")).to_be_focused()
    mei = await visit(browser, site, ann.url.removeprefix(site.url), name="Mei")
    await mei.get_by_role("button", name="Approve").click()
    await expect(ann.locator(".thread .card")).to_contain_text("Approved by Mei. Done")
    await ann.keyboard.press("Control+Enter")
    await expect(ann.locator(".q-notification")).to_contain_text("Mei has approved this already.")
    assert await _top(ann) < 200


async def _top(page: Page) -> float:
    box = await page.locator(".q-notification").bounding_box()
    assert box is not None
    return box["y"]


async def test_a_mark_stays_visible_and_may_be_changed(browser: Browser, site: Site) -> None:
    page = await visit(browser, site)
    await say(page, QUESTION)
    await page.get_by_label("This did not help").click()
    await page.get_by_label("Why?").fill("too short")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".feedback")).to_contain_text("with your reason")
    await page.wait_for_timeout(1_500)
    await page.reload()
    await expect(page.get_by_label("This did not help")).to_have_attribute("aria-pressed", "true")
    await expect(page.locator(".feedback")).to_contain_text("with your reason")
    await page.get_by_label("This helped").click()
    await expect(page.get_by_label("This helped")).to_have_attribute("aria-pressed", "true")
    await expect(page.get_by_label("This did not help")).to_have_attribute("aria-pressed", "false")


async def test_a_thread_s_replies_are_counted_while_they_come(browser: Browser, site: Site) -> None:
    page = await visit(browser, site, "/?channel=research")
    await say(page, QUESTION)
    await expect(page.locator(".room .replies").last).to_have_text("1 reply")
    await say(page, "and meals while travelling?")
    await expect(page.locator(".room .replies").last).to_have_text("3 replies")


async def test_a_wall_of_text_is_folded(browser: Browser, site: Site) -> None:
    page = await visit(browser, site, "/?channel=research")
    await say(page, "word " * 5_000)
    said = page.locator(".room .message").last
    assert (await said.bounding_box() or {"height": 9_999.0})["height"] < 400
    await said.get_by_role("button", name="Show all").click()
    await expect(said.locator(".folded")).to_have_count(0)


async def test_an_empty_home_says_how_to_fill_it(browser: Browser, guarded: Site) -> None:
    page = await visit(browser, guarded, "/?channel=research")
    await expect(page.locator(".welcome")).to_contain_text("Nothing is indexed yet")
    await page.get_by_role("button", name="Add files").click()
    await expect(page.locator(".zone")).to_be_visible()


async def test_words_are_not_lost_with_the_connection(browser: Browser, guarded: Site) -> None:
    page = await visit(browser, guarded, "/?channel=research")
    await page.wait_for_function("window.did_handshake")
    guarded.kill()
    await say(page, "half a thought")
    await expect(page.get_by_role("alert").first).to_contain_text("Not sent.")
    await page.get_by_label("Message", exact=True).press_sequentially(", and the rest")
    guarded.start()
    box = page.get_by_label("Message", exact=True)
    await page.wait_for_event("load", timeout=40_000)
    await expect(box).to_have_value("half a thought, and the rest")
    await box.press("Enter")
    await expect(page.locator(".room .message").last).to_contain_text("half a thought, and the rest")
    await page.reload()
    await expect(page.locator(".room .message").last).to_contain_text("half a thought")
    await expect(box).to_have_value("")


async def test_words_typed_while_others_are_sent_stay(browser: Browser, site: Site) -> None:
    page = await visit(browser, site, "/?channel=hurry")
    await page.wait_for_function("window.did_handshake")
    await page.get_by_label("Message", exact=True).focus()
    await page.keyboard.type("first of all\nand then\nlast")
    await expect(page.locator(".room .message")).to_have_count(2)
    await expect(page.locator(".room .message").first).to_contain_text("first of all")
    await expect(page.locator(".room .message").last).to_contain_text("and then")
    await expect(page.get_by_label("Message", exact=True)).to_have_value("last")
    await page.reload()
    await expect(page.get_by_label("Message", exact=True)).to_have_value("last")


async def test_talk_in_the_thread_does_not_disturb_what_waits(browser: Browser, site: Site) -> None:
    page = await visit(browser, site)
    await say(page, "@footnote remember that doors close at 6")
    await expect(page.locator(".thread .card")).to_be_visible()
    await picture(await visit(browser, site, "/approvals", name="Ann"), "approvals")
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
    await page.goto(f"{site.url}/?channel=%3Cimg%20src=x%20onerror=document.title='owned'%3E")
    await expect(page.locator(".room h2")).to_contain_text("<img src=x")
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


async def test_who_approves_by_keyboard_stays_at_the_card(browser: Browser, site: Site) -> None:
    page = await visit(browser, site)
    await say(page, "@footnote remember that the gate is locked at ten")
    await page.get_by_role("button", name="Approve").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".thread .card")).to_contain_text("Done: Remembered")
    await expect(page.locator(".thread .message:has(.card)")).to_be_focused()


async def test_the_way_past_the_header_comes_first(browser: Browser, site: Site) -> None:
    page = await visit(browser, site)
    await page.goto(f"{site.url}/knowledge")
    await page.locator(".main > *").first.wait_for()
    await page.keyboard.press("Tab")
    await expect(page.locator(".skip")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#main")).to_be_focused()


@pytest.mark.parametrize("width", [320, 360, 390, 430, 500])
async def test_everything_in_the_header_can_be_reached_on_a_phone(browser: Browser, site: Site, width: int) -> None:
    page = await visit(browser, site, phone=True)
    await page.set_viewport_size({"width": width, "height": 700})
    await expect(page.locator(".top .q-btn").last).to_be_visible()
    for control in await page.locator(".top a:not(.skip), .top .q-btn").all():
        box = await control.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width


async def test_on_a_phone_nothing_is_cut_off(browser: Browser, site: Site) -> None:
    page = await visit(browser, site, phone=True, dark=True)
    await say(page, LIMITS)
    await expect(page.locator(".thread .footnotes")).to_be_visible()
    await picture(page, "phone")
    for path in ("", "knowledge", "approvals", "?channel=research"):
        if path:
            await page.goto(f"{site.url}/{path}")
            await expect(page.locator(".main > *").first).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert await page.evaluate("(one => one.scrollWidth <= one.clientWidth)(document.querySelector('.main'))")
    dark = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert max(map(int, dark.removeprefix("rgb(").rstrip(")").split(","))) < 60


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
