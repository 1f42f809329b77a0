"""The terminal: a screen that is read back."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from rich.console import Console

from bot.chat import Person, Place, Reply
from bot.terminal import Terminal
from tests.contract.stages import BOB, MEI, OnDisk, Open, Seen, seen


class OnTerminal(OnDisk, Open):
    known = ""
    people = (MEI, BOB)

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.place = Place("terminal", "local", "terminal", "t1")
        self._open()

    def _open(self) -> None:
        self._screen = io.StringIO()
        environment = {"TERM": "xterm"}
        self.chat = Terminal(
            Console(file=self._screen, force_terminal=True, color_system=None, width=100, _environ=environment)
        )

    async def restart(self) -> None:
        await self.chat.close()
        self._open()

    async def say(self, key: str, reply: Reply) -> None:
        await self.chat.show(self.place, key, reply)

    async def messages(self) -> list[Seen]:
        return [seen(reply) for reply in self.chat.replies.values()]

    def written(self) -> str:
        """Everything that was sent to the terminal."""
        return self._screen.getvalue()

    def text(self) -> str:
        """What was written, without what moves the cursor."""
        return re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", self.written())

    async def status(self) -> str:
        """The cursor is hidden for as long as a status is live; the first frame comes a moment after that."""
        while not await self.is_quiet():
            if shown := re.findall(r"(\w[\w ]*)…", self.written().rpartition("\x1b[?25l")[2]):
                return str(shown[-1])
            await asyncio.sleep(0.01)
        return ""

    def heard(self, person: Person) -> list[str]:
        return [line.strip() for line in self.text().splitlines()] if person == MEI else []

    async def is_quiet(self) -> bool:
        return self.written().rfind("\x1b[?25l") <= self.written().rfind("\x1b[?25h")


@asynccontextmanager
async def on_terminal(tmp_path: Path) -> AsyncIterator[OnTerminal]:
    stage = OnTerminal(tmp_path / "files")
    yield stage
    await stage.chat.close()
