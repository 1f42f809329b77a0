"""The console's page of the nights: how it goes, what broke, and cases that wait for a person."""

from __future__ import annotations

import time
from pathlib import Path

from playwright.async_api import Browser, expect

from bot.chat import ASSISTANT
from bot.console.adapter import channel
from bot.nightly import report_reply
from bot.records import Records, open_engine, sqlite_url
from evals.casebook import CaseBook
from evals.cases import Case, Standing
from evals.results import Nights
from tests.end_to_end.conftest import picture, serving, visit
from tests.nights import keep_night, two_nights


async def test_a_night_is_read_accepted_and_its_cases_are_decided(
    browser: Browser, tmp_path: Path, handbook: Path
) -> None:
    with serving(tmp_path / "home", handbook) as site:
        engine = open_engine(sqlite_url(tmp_path / "home" / "records.sqlite"))
        now = [1_790_000_000.0]
        nights, book = Nights(engine, lambda: now[0]), CaseBook(engine, lambda: now[0])
        page = await visit(browser, site, "/nights", name="Mei")
        await expect(page.locator(".main")).to_contain_text("No night has run yet")
        first = await keep_night(nights, "a", passed=True)
        now[0] += 86_400
        second = await keep_night(nights, "b", passed=False, before=first)
        for name in ("c1", "c2"):
            wording = {"id": name, "question": f"Who is {name}?", "good": "Ann", "state": "proposed"}
            await book.propose(Case.model_validate(wording), name)
        await page.reload()
        main = page.locator(".main")
        await expect(main).to_contain_text("0 of 20 cases passed (0%).")
        await expect(main).to_contain_text("Worse than last night: cases passed 100.0 % → 0.0 %")
        chart = page.locator(".chart svg").first
        assert "100% on" in str(await chart.get_attribute("aria-label"))
        broken = page.locator("table.broken tbody tr")
        await expect(broken).to_have_count(20)
        await expect(broken.first).to_contain_text("It is 90. <@everyone>")
        await page.get_by_role("button", name="Accept as baseline").click()
        await expect(page.get_by_role("button", name="Accept as baseline")).to_be_disabled()
        assert (await nights.get(second.id)).is_baseline
        cases = page.locator(".cases section")
        await expect(cases).to_have_count(2)
        await cases.nth(0).get_by_role("button", name="Edit").click()
        await page.get_by_label("What a good answer says").fill("Ann, of Finance")
        await page.get_by_role("button", name="Accept with changes").click()
        await expect(page.locator(".cases")).to_contain_text("Ann, of Finance")
        await cases.filter(has_text="proposed").get_by_role("button", name="Retire").click()
        await expect(cases).to_have_count(1)
        assert [case.good for case in await book.cases(Standing.ACCEPTED)] == ["Ann, of Finance"]
        await picture(page, "nights")
        await page.goto(f"{site.url}/nights?night={first.id}")
        await expect(page.locator(".main")).to_contain_text("20 of 20 cases passed (100%).")
        await page.goto(f"{site.url}/nights?night=1999")
        await expect(page.locator(".main")).to_contain_text("There is no night “1999”")
        await engine.dispose()


async def test_a_report_in_a_channel_of_the_console_has_its_picture(
    browser: Browser, tmp_path: Path, handbook: Path
) -> None:
    with serving(tmp_path / "home", handbook) as site:
        engine = open_engine(sqlite_url(tmp_path / "home" / "records.sqlite"))
        first, second = await two_nights(engine)
        reply = report_reply(await Nights(engine, time.time).recent(14), site.url)
        await Records(engine).say(channel("research"), f"night:{second.id}", ASSISTANT, reply.text, time.time(), reply)
        page = await visit(browser, site, "/?channel=research")
        message = page.locator(".message.assistant")
        await expect(message).to_contain_text("0 of 20 cases passed (0%).")
        said = await message.locator(".chart svg").get_attribute("aria-label")
        assert said == f"Cases passed: 100% on {first.id}, 0% on {second.id}"
        await picture(page, "night-report")
        await engine.dispose()
