"""The port `Chat` on a terminal: the answer with its footnotes, a card with its fields."""

from __future__ import annotations

import re

from rich.console import Console
from rich.markdown import Markdown
from rich.panel import Panel
from rich.status import Status
from rich.text import Text

from bot.chat import Card, Person, Place, Reply

_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Terminal:
    """Shows what is final, and a live status while it works; ``replies`` holds the last reply under each key."""

    platform = "terminal"

    def __init__(self, console: Console) -> None:
        self._console = console
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
        self.replies[key] = reply
        if reply.card:
            self._show_card(reply.card)
            return
        self._console.print(Markdown(_harmless(reply.text)))
        for note in reply.footnotes:
            quote = " ".join(note.quote.split())
            self._console.print(_plain(f"[{note.number}] {note.title} — {quote}", "dim"))
        for line in reply.notes:
            self._console.print(_plain(line, "dim italic"))

    async def whisper(self, place: Place, person: Person, text: str) -> None:
        self._console.print(_plain(text, "yellow"))

    async def channel(self, near: Place, name: str) -> Place | None:
        """A terminal has no other channels."""
        return None

    async def close(self) -> None:
        if self._status:
            self._status.stop()

    def _show_card(self, card: Card) -> None:
        lines = [f"{name}: {value}" for name, value in card.fields]
        body = "\n".join([*lines, card.outcome])
        self._console.print(Panel(_plain(body), title=_plain(card.title), subtitle=_plain(card.fingerprint)))


def _plain(text: str, style: str = "") -> Text:
    """Text as itself: no markup."""
    return Text(_harmless(text), style=style)


def _harmless(text: str) -> str:
    """Text with nothing in it that a terminal obeys, nor that shows it in another order than it has."""
    return _STEERING.sub("\ufffd", text)
