"""Files that somebody may yet decide to keep: held from the proposal until its approval has ended.

By then the platform may have lost them. They are held in the records, for any process of an assistant may be the one
that runs what was approved, and the records are what all of them share. Each is held under the hash of its content,
which is a part of what is approved: what is kept is what was approved, to the byte.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from agent.drafts import draft
from agent.errors import ToolFailed
from agent.ledger import Ledger
from agent.state import AttachedFile
from agent.tables import upsert
from agent.tools.remember_file import NAME, Held, apart, contents
from bot.attachments import Attachments
from bot.chat import Chat, ChatError, File, Place
from bot.tables import held_files as table
from bot.uploads import check_ending, harmless
from retrieval.documents import content_hash
from retrieval.errors import Unreadable
from retrieval.parsing import parse

MAX_BYTES = 500_000_000
"""Of everything that is held."""
GRACE_SECONDS = 3_600.0
"""How long something is held at least: it is held a moment before it is proposed."""


class HeldFiles:
    """The port `Files` of the tool; ``uploads`` is the folder in which files are kept."""

    def __init__(
        self,
        engine: AsyncEngine,
        uploads: Path,
        attachments: Attachments,
        chats: Mapping[str, Chat],
        ledger: Ledger,
        clock: Callable[[], float],
    ) -> None:
        self._engine = engine
        self._uploads = uploads
        self._attachments = attachments
        self._chats = chats
        self._ledger = ledger
        self._clock = clock

    async def hold(self, file: AttachedFile, place: str) -> Held:
        try:
            data = await self._readable(file, Place.parse(place))
            content = content_hash(data)
            await self._write(content, data)
        except (Unreadable, ChatError) as error:
            raise ToolFailed(f"{file['name']}: {getattr(error, 'reason', error)}") from error
        return Held(content, len(data))

    async def keep(self, name: str, content: str) -> str:
        async with self._engine.connect() as connection:
            data = (await connection.execute(select(table.c.data).where(table.c.content == content))).scalar()
        if data is None:
            raise ToolFailed(f"{name} is held no longer: attach it again and ask anew.")
        try:
            return await asyncio.to_thread(self._put, harmless(name), content, data)
        except OSError as error:
            words = f"{name} could not be kept in {self._uploads}: {error.strerror}. Check the folder."
            raise ToolFailed(words) from error

    async def tidy(self) -> None:
        """Forget what no approval waits for any more."""
        old = table.c.at < self._clock() - GRACE_SECONDS
        async with self._engine.connect() as connection:
            if not (await connection.execute(select(table.c.content).where(old).limit(1))).first():
                return
        rows = [row for row in await self._ledger.unfinished() if row.tool == NAME]
        needed = {content for row in rows for content in contents(row.arguments)}
        async with self._engine.begin() as connection:
            await connection.execute(delete(table).where(old, table.c.content.not_in(needed)))

    async def _readable(self, file: AttachedFile, place: Place) -> bytes:
        """What is in a file. Raises `Unreadable` where the knowledge base could not read it, or `ChatError`."""
        name = file["name"]
        check_ending(name)
        data = await self._attachments.fetch(self._chats[place.platform], place, File(**file))
        await parse(name, data)
        return data

    async def _write(self, content: str, data: bytes) -> None:
        at = self._clock()
        insert = upsert(self._engine.dialect)(table).values(content=content, data=data, size=len(data), at=at)
        others = select(func.coalesce(func.sum(table.c.size), 0)).where(table.c.content != content)
        async with self._engine.begin() as connection:
            if (await connection.execute(others)).scalar_one() + len(data) > MAX_BYTES:
                words = "too much waits for a decision already; decide on some of it and ask again"
                raise Unreadable(content, words)
            await connection.execute(insert.on_conflict_do_update(index_elements=["content"], set_={"at": at}))

    def _put(self, name: str, content: str, data: bytes) -> str:
        """Under its own name, or where another file has that, under one by its content; never over another file."""
        with draft(self._uploads, data) as whole:
            for free in (name, apart(name, content)):
                if _named(whole, self._uploads / free):
                    return free
        raise ToolFailed(f"{name} was not kept: other files have that name already.")


def _named(whole: Path, target: Path) -> bool:
    """Whether the file has this name now. It gets it whole, and unlike a rename, a link overwrites nothing."""
    try:
        try:
            os.link(whole, target)
        except FileExistsError:
            raise
        except OSError:  # a disk without hard links
            _renamed(whole, target)
    except FileExistsError:
        return target.is_file() and target.read_bytes() == whole.read_bytes()
    return True


def _renamed(whole: Path, target: Path) -> None:
    """Take the name with an empty file, which the rename may overwrite. Raises `FileExistsError` where it is taken."""
    target.touch(exist_ok=False)
    try:
        whole.replace(target)
    except OSError:
        target.unlink()
        raise
