"""The console is killed with SIGKILL around the moment of Enter: what was asked stands there once and is answered once."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import Counter
from pathlib import Path

import pytest
from playwright.async_api import Browser, Error, Page, expect

from tests.end_to_end.conftest import serving, visit

AFTER = (0.0, 0.01, 0.02, 0.05, 0.15)
"""Seconds from Enter to the kill."""


def asked(after: float) -> str:
    return f"@footnote how much may hotels cost {after * 1000:.0f} nights in a row?"


def said(home: Path) -> dict[str, list[str]]:
    """What people wrote, with the kinds of the messages in the thread that it opened."""
    connection = sqlite3.connect(home / "records.sqlite", timeout=20)
    try:
        rows = connection.execute("select key, thread, kind, text from messages").fetchall()
    finally:
        connection.close()
    return {
        f"{text} ({key})": [k for _, t, k, _ in rows if t == key] for key, _, kind, text in rows if kind == "person"
    }


async def answered(home: Path, count: int) -> None:
    deadline = time.monotonic() + 60
    while sum(map(len, said(home).values())) < count and time.monotonic() < deadline:
        await asyncio.sleep(0.2)


async def come_back(page: Page, url: str) -> None:
    """Open the page anew; at the same moment it may reload by itself, and one of the two gives way."""
    try:
        await page.goto(url)
    except Error as error:
        if "ERR_ABORTED" not in str(error):
            raise
        await page.goto(url)


async def resend(page: Page, home: Path, question: str) -> None:
    """Send what the box still holds, as a person would; what it holds no more was kept."""
    box = page.locator(".room").get_by_label("Message", exact=True)
    await page.wait_for_function("window.did_handshake")
    await expect(box).to_be_enabled()
    await page.wait_for_timeout(300)
    deadline = time.monotonic() + 20
    while not await box.input_value() and not any(question in text for text in said(home)):
        assert time.monotonic() < deadline, f"lost: {question}"
        await asyncio.sleep(0.1)
    if await box.input_value():
        await box.press("Enter")
        await expect(box).to_have_value("")


@pytest.mark.timeout(900)
async def test_killed_around_enter_a_question_stands_once_and_is_answered_once(
    browser: Browser, handbook: Path, tmp_path: Path
) -> None:
    with serving(tmp_path / "home", handbook) as site:
        page = await visit(browser, site)
        for number, after in enumerate(AFTER, 1):
            await come_back(page, site.url)
            await page.wait_for_function("window.did_handshake")
            box = page.get_by_label("Message", exact=True)
            await box.fill(asked(after))
            await page.wait_for_timeout(300)
            await box.press("Enter", no_wait_after=True)
            await asyncio.sleep(after)
            site.kill()
            site.start()
            await come_back(page, site.url)
            await resend(page, site.home, asked(after))
            await answered(site.home, number)
        kept = said(site.home)
    assert Counter(text.rpartition(" (")[0].removeprefix("@footnote ") for text in kept) == {
        asked(after).removeprefix("@footnote "): 1 for after in AFTER
    }
    assert all(kinds == ["assistant"] for kinds in kept.values()), kept
