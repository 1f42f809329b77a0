"""The machine fails: a full disk, a folder that can't be written, files that are garbage. One line each, nothing else lost."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.end_to_end.conftest import footnote, say, serving, visit

QUESTION = "how much may hotels cost a night?"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 24 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(place)], capture_output=True).returncode:
        pytest.skip("a small disk needs the right to mount one: run the tests as root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def only_line(err: str) -> str:
    lines = [line for line in err.splitlines() if line.strip()]
    assert len(lines) == 1, err
    return lines[0]


async def test_a_full_disk_and_one_that_is_read_only_lose_nothing(small_disk: Path, handbook: Path) -> None:
    home = {"FOOTNOTE_HOME": str(small_disk / "home"), "FOOTNOTE_EMBEDDER": "hashing", "COLUMNS": "400"}
    assert (await footnote("sync", str(handbook), **home))[0] == 0
    fill(small_disk, but=60_000)
    for number in range(400):
        (handbook / f"more-{number}.md").write_text(f"# More {number}\n\n" + os.urandom(2_000).hex())
    code, _, err = await footnote("sync", **home)
    assert code == 1
    assert "Traceback" not in err
    assert "disk" in err.splitlines()[-1]
    code, out, err = await footnote("ask", QUESTION, **home)
    assert "Traceback" not in err
    assert "150 euros" in out or "disk" in err
    (small_disk / "ballast").unlink()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    code, _, err = await footnote("ask", QUESTION, **home)
    assert code == 1
    assert "FOOTNOTE_HOME" in only_line(err)
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    code, out, _ = await footnote("ask", QUESTION, **home)
    assert code == 0
    assert "150 euros" in out


def fill(disk: Path, but: int) -> None:
    about = os.statvfs(disk)
    (disk / "ballast").write_bytes(b"x" * max(0, about.f_bavail * about.f_frsize - but))


async def test_a_disk_that_fills_up_is_said_on_the_page_and_the_words_stay(
    small_disk: Path, handbook: Path, browser: Browser
) -> None:
    with serving(small_disk / "home", handbook) as site:
        page = await visit(browser, site)
        fill(small_disk, but=0)
        await say(page, f"@footnote {QUESTION}")
        await page.get_by_text("disk is full").wait_for()
        await expect(page.get_by_label("Message", exact=True)).to_have_value(f"@footnote {QUESTION}")
        (small_disk / "ballast").unlink()
        await page.get_by_label("Message", exact=True).press("Enter")
        await page.get_by_text("Hotels may cost 150 euros a night.").first.wait_for()


@pytest.mark.parametrize("name", ["records.sqlite", "checkpoints.sqlite", "inbox.sqlite"])
async def test_a_database_of_garbage_is_named_in_a_line(tmp_path: Path, name: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / name).write_bytes(os.urandom(50_000))
    command = ("up",) if name == "inbox.sqlite" else ("ask", QUESTION)
    run = footnote(*command, FOOTNOTE_HOME=str(home), FOOTNOTE_EMBEDDER="hashing", FOOTNOTE_PORT="0")
    code, _, err = await asyncio.wait_for(run, 60)
    assert code == 1
    assert name in only_line(err)
    assert "backup" in err
