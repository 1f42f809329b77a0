"""The product from outside: `footnote up` as a process, and Chromium in front of it."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect
from sqlalchemy import delete, insert, text

from bot.app import App
from bot.databases import Databases
from bot.inbox import Inbox
from bot.tables import heard
from tests.servers.ports import free_port
from tests.servers.postgres import binaries, postgres
from tests.servers.providers import KEY

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
PATIENCE = 20_000
"""Milliseconds that a page is waited for; the machine may be busy."""
expect.set_options(timeout=PATIENCE)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
HANDBOOK = {
    "expenses.md": "---\ntitle: Expense policy\n---\n# Expense policy\n\nMeals while travelling are refunded up to 40 euros "
    "a day. Receipts are due within 30 days.\n\n## Hotels\n\nHotels may cost 150 euros a night. Ask Mei before booking "
    "anything above that.\n",
    "travel.md": "# 差旅\n\n出差必须提前三天申请。机票由行政部统一预订。\n",
    "evil.md": "# <script>document.title='owned'</script>\n\nThe pirate flag <img src=x onerror=\"document.title='owned'\"> "
    "flies on Mondays.\n",
}
LIBRARY = {
    **HANDBOOK,
    "evil.md": "# Flags\n\nThe pirate flag <img src=x onerror=\"document.title='owned'\"> flies on Mondays.\n\n"
    "<script>document.title='owned'</script>\n",
    "meeting.md": "---\ntitle: Leadership meeting, 3 March 2026\n---\n# Leadership meeting, 3 March 2026\n\n"
    "Present: Ann, Mei, Jonas.\n\n- The hotel limit rises to 180 euros a night in Lisbon, Zurich and Oslo from 1 April.\n"
    "- The summer party takes place in Lisbon in June.\n- Jonas collects offers for a new travel portal.\n",
    "trips.md": "# Business trips\n\nEvery trip is agreed with your team lead before anything is booked. A trip that costs more "
    "than\n800 euros also needs the approval of Mei in Finance, who answers within two working days.\n\n"
    "## Trains and flights\n\nWe take the train wherever it needs less than five hours.\n\n    book --train --second-class\n",
}
"""A little more to find, as a team has it."""


@dataclass(slots=True)
class Site:
    """A running assistant, which can be killed and started again."""

    url: str
    home: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns once it answers."""
        self.process = subprocess.Popen([sys.executable, "-m", "bot", "up"], env=self.environment)
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.url}/healthz").is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        raise AssertionError(f"footnote up did not answer at {self.url}")

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(20)


async def footnote(*arguments: str, **environment: str) -> tuple[int, str, str]:
    """Run the command to its end: exit code, standard output, standard error."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


def served(url: str) -> dict[str, str]:
    """The settings of a scripted provider at this address."""
    return {
        "FOOTNOTE_MODEL": "openai-compatible:test",
        "FOOTNOTE_MODEL_URL": f"{url}/v1",
        "FOOTNOTE_MODEL_KEY": KEY,
    }


def write_handbook(folder: Path, documents: Mapping[str, str] = HANDBOOK) -> None:
    folder.mkdir()
    for name, words in documents.items():
        (folder / name).write_text(words, encoding="utf-8")


def inbox_of(app: App) -> Inbox:
    """The inbox of an assistant in this process, as `footnote up` has it."""
    desk = app.desk
    database = Databases.of(app.settings).inbox
    return Inbox(database, "one", app.mention, app.press, desk.resume, desk.withdraw, app.schedule.run)


async def heard_until(app: App, platform: str, until: float) -> None:
    """As if nobody had listened on this platform since."""
    async with app.records.engine.begin() as connection:
        await connection.execute(delete(heard).where(heard.c.platform == platform))
        await connection.execute(insert(heard).values(platform=platform, until=until))


@asynccontextmanager
async def unwritten(app: App) -> AsyncIterator[None]:
    """As long as this is open nothing that arrives can be kept."""
    async with app.records.engine.begin() as connection:
        await connection.execute(text("alter table arrivals rename to elsewhere"))
    yield
    async with app.records.engine.begin() as connection:
        await connection.execute(text("alter table elsewhere rename to arrivals"))


@pytest.fixture
def address() -> Iterator[str]:
    """A PostgreSQL of this test's own."""
    if binaries() is None:
        pytest.skip("PostgreSQL is not installed: install the package postgresql")
    with postgres() as running:
        yield running


@pytest.fixture
def handbook(tmp_path: Path) -> Path:
    write_handbook(tmp_path / "handbook")
    return tmp_path / "handbook"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """`footnote up` over a small library, one for all tests of a file: each uses a thread of its own."""
    folder = tmp_path_factory.mktemp("site")
    write_handbook(folder / "handbook", LIBRARY)
    with serving(folder / "home", folder / "handbook") as started:
        yield started


@contextmanager
def serving(home: Path, handbook: Path | None, **settings: str) -> Iterator[Site]:
    """`footnote up` over this home, once it knows the handbook."""
    port = free_port()
    environment = {
        **os.environ,
        "FOOTNOTE_HOME": str(home),
        "FOOTNOTE_EMBEDDER": "hashing",
        "FOOTNOTE_PORT": str(port),
        **settings,
    }
    if handbook:
        subprocess.run([sys.executable, "-m", "bot", "sync", str(handbook)], env=environment, check=True)
    site = Site(f"http://127.0.0.1:{port}", home, environment)
    site.start()
    try:
        yield site
    finally:
        assert site.process is not None
        site.process.terminate()
        ended = site.process.wait(20)
    assert ended in {0, -15}


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine: install the package chromium")
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        await opened.close()


async def visit(
    browser: Browser, site: Site, path: str = "/", *, name: str = "", phone: bool = False, dark: bool = False
) -> Page:
    """A new browser profile at a page, perhaps as somebody, on a phone, or in the dark."""
    context: BrowserContext = await browser.new_context(
        viewport={"width": 390, "height": 844} if phone else {"width": 1280, "height": 800},
        color_scheme="dark" if dark else "light",
    )
    context.set_default_timeout(PATIENCE)
    page = await context.new_page()
    await page.goto(f"{site.url}{path}")
    if name:
        await page.get_by_label("You are You").click()
        await page.get_by_label("Your name").fill(name)
        await page.get_by_role("button", name="Use this name").click()
        await page.get_by_label(f"You are {name}").wait_for()
    return page


async def say(page: Page, text: str) -> None:
    box = page.get_by_label("Message", exact=True).last
    await box.fill(text)
    await box.press("Enter")


async def picture(page: Page, name: str) -> None:
    """Keep a screenshot for the documentation, where FOOTNOTE_PICTURES asks for it."""
    if folder := os.environ.get("FOOTNOTE_PICTURES"):
        await page.wait_for_timeout(700)
        await page.screenshot(path=Path(folder) / f"{name}.png")
