"""The port `Chat` on a terminal: the answer with its footnotes, a card with its fields."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown
from rich.padding import Padding
from rich.panel import Panel
from rich.status import Status
from rich.text import Text

from bot.chat import (
    Card,
    ChatRefused,
    File,
    Footnote,
    Membership,
    Openness,
    Page,
    Person,
    Place,
    Readers,
    Reply,
    Said,
    named,
)
from bot.rendering import MOMENT, moment

_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_GUARDED = re.compile(r"^(`{3,})\n.*?^\1$|\\([\\`*_\[\]<>#|~])", re.DOTALL | re.MULTILINE)
_WORD = re.compile(r"[^\W_]+")
_UNDER_WAY = ("approved", "started")
WIDEST = 100
"""Columns beyond which lines are hard to read."""


class Terminal:
    """Shows what is final, and a live status while it works; ``replies`` holds the last reply under each key."""

    platform = "terminal"

    def __init__(self, console: Console) -> None:
        self._console = console
        self._width = min(WIDEST, console.width)
        self._status: Status | None = None
        self.replies: dict[str, Reply] = {}

    async def status(self, place: Place, text: str) -> None:
        if self._status:
            self._status.stop()
            self._status = None
        if text and self._console.is_terminal:
            self._status = self._console.status(_plain(f"{text}…"))
            self._status.start()

    async def show(self, place: Place, key: str, reply: Reply) -> None:
        if not reply.final or self.replies.get(key) == reply:
            return
        await self.status(place, "")
        before = self.replies.get(key)
        self.replies[key] = reply
        if reply.card:
            self._show_card(reply.card, before.card if before else None)
            return
        text = _harmless(reply.text)
        self._print(Markdown(text) if self._console.is_terminal else _plain(_unescaped(text)))
        self._show_below(reply)

    async def retract(self, place: Place, key: str) -> None:
        """What is printed stays."""

    async def whisper(self, place: Place, person: Person, reply: Reply) -> None:
        self._print(_plain(reply.text, "yellow"))
        self._show_below(reply)

    async def channel(self, near: Place, name: str, person: Person) -> Place | None:
        """A terminal has no other channels."""
        return None

    async def name(self, near: Place, person: str) -> str:
        return named(person)

    async def readers(self, place: Place) -> Readers:
        """Whoever is at the terminal."""
        return Readers(Openness.DIRECT)

    async def membership(self, near: Place, person: Person, channels: Collection[str]) -> Membership:
        own = person.id.startswith(f"{self.platform}/")
        return Membership(frozenset({near.workspace_key}), frozenset(channels)) if own else Membership()

    async def history(self, place: Place, before: float, limit: int) -> list[Said]:
        """The records hold everything that was said here."""
        return []

    async def talk(self, place: Place, cursor: str = "") -> Page:
        raise ChatRefused("what is said here is read by nobody else")

    async def read(self, place: Place, file: File) -> bytes:
        return await asyncio.to_thread(Path(file.reference).read_bytes)

    async def close(self) -> None:
        if self._status:
            self._status.stop()

    def _show_below(self, reply: Reply) -> None:
        """The footnotes and the notes."""
        if reply.footnotes:
            self._print()
        for note in reply.footnotes:
            self._show_footnote(note, reply.text)
        if reply.notes:
            self._print()
        for line in reply.notes:
            self._print(_plain(line, "dim italic"))

    def _show_footnote(self, note: Footnote, said: str) -> None:
        """The document; and what it says, where the text above does not say just that."""
        mark = f"[{note.number}]"
        self._print(_plain(f"{mark} ", "cyan").append_text(_plain(note.title, "bold")))
        if _words(note.quote) not in _words(said):
            quote = _plain(" ".join(note.quote.split()), "dim")
            indent = len(mark) + 1
            self._print(
                Padding(quote, (0, 0, 0, indent)) if self._console.is_terminal else _plain(" " * indent) + quote
            )

    def _show_card(self, card: Card, before: Card | None) -> None:
        """The card; of one that stands above as it is, only what became of it."""
        if card.state in _UNDER_WAY:
            return
        outcome = _local(card.outcome)
        if before and before.fields == card.fields:
            self._print(_plain(outcome, "dim"))
            return
        body = "\n".join([*(f"{name}: {value}" for name, value in card.fields), "", outcome])
        title, below = _plain(card.title, "bold"), _plain(f"fingerprint {card.fingerprint}", "dim")
        self._print(Panel(_plain(body), title=title, title_align="left", subtitle=below, subtitle_align="right"))

    def _print(self, shown: object = "") -> None:
        """On a terminal no wider than one reads well; what reads from a pipe gets each line as one."""
        if self._console.is_terminal or isinstance(shown, Panel):
            self._console.print(shown, width=self._width)
        else:
            self._console.print(shown, soft_wrap=True)


def _words(text: str) -> str:
    return " ".join(_WORD.findall(text))


def _unescaped(text: str) -> str:
    """Markdown as it stands, but for the backslashes that guard quoted words; code keeps its own."""
    return _GUARDED.sub(lambda match: match[2] or match[0], text)


def _local(text: str) -> str:
    """The moments in it on this machine's clock."""
    return MOMENT.sub(lambda match: moment(match[0]).astimezone().strftime("%d %b %Y, %H:%M"), text)


def _plain(text: str, style: str = "") -> Text:
    """Text as itself: no markup."""
    return Text(_harmless(text), style=style)


def _harmless(text: str) -> str:
    """Text with nothing in it that a terminal obeys, nor that shows it in another order than it has."""
    return _STEERING.sub("\ufffd", text)
