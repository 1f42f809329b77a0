"""Files that people drop into the knowledge base: kept in a folder under home, and read like any other."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path, PurePath

import structlog

from agent.drafts import put
from bot.chat import Person
from bot.knowledge import Knowledge
from retrieval.errors import Unreadable, why
from retrieval.parsing import SUFFIXES, parse
from retrieval.sync import Summary

log = structlog.get_logger()


async def add_files(knowledge: Knowledge, folder: Path, files: Sequence[tuple[str, bytes]], person: Person) -> Summary:
    """Keep dropped files in ``folder`` and sync it. A name is made harmless; a file of the same name is replaced.

    One that can't be read or kept is named in the summary: what had its name before stays. Raises `Unreadable` where none
    could be kept.
    """
    readable, unreadable = list[tuple[str, bytes]](), list[tuple[str, str]]()
    for given, data in files:
        try:
            check_ending(name := harmless(given))
            await parse(name, data)
            readable.append((given, data))
        except Unreadable as error:
            unreadable.append((error.what, error.reason))
    unreadable += await asyncio.to_thread(_keep, folder, readable)
    name = await knowledge.add("folder", str(folder))
    summary = await knowledge.sync(name)
    summary.unreadable += unreadable
    knowledge.start(name)
    log.info("files added", count=len(files), by=person.id)
    return summary


def check_ending(name: str) -> None:
    """Raise `Unreadable` where files that end like this one are not read from a folder."""
    suffix = PurePath(harmless(name)).suffix.lower()
    if suffix not in SUFFIXES:
        raise Unreadable(name, f"files that end in {suffix or 'nothing'} are not read into the knowledge base")


def harmless(name: str) -> str:
    """A file name that stays in its folder, hides nothing and is not too long for a disk."""
    plain = re.sub(r"[\x00-\x1f<>:\"/\\|?*]", "_", name.replace("\\", "/").rsplit("/", 1)[-1]).lstrip(".")
    return plain.encode()[-200:].decode(errors="ignore") or "file"


def _keep(folder: Path, files: Sequence[tuple[str, bytes]]) -> list[tuple[str, str]]:
    """Returns those that could not be kept, each with the reason."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unreadable(str(folder), f"nothing can be kept there: {why(error)}") from error
    failed = []
    for name, data in files:
        try:
            put(folder / harmless(name), data)
        except OSError as error:
            failed.append((name, f"it could not be kept in {folder}: {why(error)}"))
    return failed
