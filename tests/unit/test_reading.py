"""Large files and pages are read while everything else goes on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from rich.console import Console

from agent.reading import fitting
from agent.text import content, held
from bot import attachments
from bot.attachments import Attached, Attachments
from bot.chat import File, Mention, Person, Place
from bot.terminal import Terminal
from retrieval.chunking import chunk
from retrieval.documents import Audience, Document, Hit

LINE = "Item {}: the quick brown fox jumps over the lazy dog near the river bank and then goes home to rest.\n\n"
QUESTION = "Which fox jumps over item 77?"
LONGEST = 0.3
"""Seconds of computing for which the loop may stand still: waiting for a busy machine is none of it."""


@asynccontextmanager
async def never_still() -> AsyncIterator[None]:
    """Fails where the event loop stood still for long meanwhile."""
    stalls = [0.0]

    async def beat() -> None:
        while True:
            before = time.thread_time()
            await asyncio.sleep(0.01)
            stalls.append(time.thread_time() - before)

    beating = asyncio.create_task(beat())
    await asyncio.sleep(0.05)
    yield
    await asyncio.sleep(0.05)
    beating.cancel()
    assert max(stalls) < LONGEST


async def read(folder: Path, files: dict[str, str]) -> Attached:
    """What is read of files that came with the question."""
    for name, text in files.items():
        (folder / name).write_text(text)
    attached = tuple(File(name, str(folder / name), len(text)) for name, text in files.items())
    place = Place("terminal", "local", "general")
    mention = Mention("e", place, Person("p", "P"), QUESTION, 0.0, files=attached)
    return await Attachments(None, 50_000_000).read(Terminal(Console()), mention)


def long_text(lines: int) -> str:
    return "".join(LINE.format(number) for number in range(lines))


async def test_a_large_attachment_holds_up_nothing_and_what_is_beyond_the_ceiling_is_said(tmp_path: Path) -> None:
    files = {"big.txt": long_text(100_000), "more.txt": "One more page."}
    async with never_still():
        attached = await read(tmp_path, files)
    assert "Item 77:" in attached.evidence[0]["text"]
    most = f"{attachments.MOST_TEXT:,}"
    assert [note.split(";")[0] for note in attached.notes] == [
        f"I read the first {most} of the {len(files['big.txt']):,} characters of big.txt",
        "Not read: more.txt: the files before it are as long as I read",
    ]


async def test_headings_beyond_the_ceiling_are_no_passages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachments, "MOST_TEXT", 60)
    text = "# One\n\nThe fox jumps over item 77.\n\n" + "word " * 20 + "\n\n# Two\n\nMore on item 77."
    attached = await read(tmp_path, {"a.md": text})
    (only,) = attached.evidence
    assert "item 77" in only["text"]
    assert only["headings"] == ["One"]
    assert len(attached.notes) == 1


async def test_the_passages_of_a_long_page_are_ranked_without_holding_up_anything() -> None:
    page = Document("d", "web", "", "Page", long_text(40_000), Audience.everyone(), "")
    hits = [Hit(passage, 0.0) for passage in await asyncio.to_thread(chunk, page)]
    async with never_still():
        found = await fitting(QUESTION, hits, None, 3)
    assert "Item 77:" in found[0].passage.text


@pytest.mark.parametrize("text", ["Ann’s foxes jumped.", "出差必须提前三天申请。", "Mixed会議 rooms", "", "The of and"])
def test_the_words_that_a_text_holds_are_those_of_its_content(text: str) -> None:
    asked = frozenset(content("Which fox jumps? Ann's 会 出差 room mixed"))
    assert list(held(asked, [text, text])) == [asked & set(content(text))] * 2
