"""One message on the page: who, when, the text, its footnotes, its card, its buttons."""

from __future__ import annotations

import html
from collections.abc import Callable

from nicegui import ui

from agent.text import counted, laid_out
from bot.chat import Card, Footnote, Reply
from bot.console.charts import line
from bot.console.feedback import Feedback, is_mark
from bot.console.forms import Presses, show_button
from bot.console.markup import address, local_time, localised, render
from bot.records import Entry

LONG_CHARS, LONG_LINES = 1_500, 20
"""What is longer is folded."""
QUOTE = 240
"""Characters of a footnote's quote; the document shows it whole."""
Mark = tuple[str, str]
"""What this person thought of an answer, and their reason; both may be empty."""


class MessageView:
    """Shows an entry; `update` shows it anew in place."""

    def __init__(self, entry: Entry, presses: Presses, mark: Mark, open_thread: Callable[[], None] | None) -> None:
        self._presses = presses
        self._assistant = entry.kind == "assistant"
        self._replies: ui.button | None = None
        with ui.element("article").classes("message assistant" if self._assistant else "message") as self._whole:
            ui.html(f'<div class="face" aria-hidden="true">{_face(entry)}</div>', sanitize=False)
            with ui.element("div").classes("said"):
                name = html.escape(entry.author.name)
                ui.html(f'<div class="by"><b>{name}</b> {local_time(entry.at)}</div>', sanitize=False)
                self._body = ui.element("div").classes("body").props('aria-live="polite"' if self._assistant else "")
                if open_thread:
                    self._replies = ui.button(on_click=open_thread).props("flat dense no-caps").classes("replies")
        self.count(0)
        self.update(entry.reply or Reply(entry.text), mark)

    def count(self, replies: int) -> None:
        """Say how many replies its thread has."""
        if self._replies:
            words = counted(replies, "reply").replace("replys", "replies")
            self._replies.text = words if replies else "Reply in thread"

    def update(self, reply: Reply, mark: Mark = ("", "")) -> None:
        self._body.clear()
        with self._body:
            if reply.chart:
                ui.html(line(reply.chart.title, reply.chart.points), sanitize=False)
            self._show_text(reply)
            if reply.footnotes:
                show_footnotes(reply.footnotes)
            for note in reply.notes:
                ui.label(note).classes("note")
            marks = [button for button in reply.buttons if is_mark(button)]
            others = [button for button in reply.buttons if button not in marks]
            if marks:
                Feedback(marks, self._presses, *mark)
            if others:
                with ui.element("div").classes("buttons"):
                    for button in others:
                        show_button(button, self._presses)

    def remove(self) -> None:
        """Take it off the page."""
        self._whole.delete()

    def _show_text(self, reply: Reply) -> None:
        if reply.card:
            show_card(reply.card)
        elif self._assistant:
            ui.html(render(reply.text, reply.footnotes), sanitize=False)
        else:
            _show_plain(reply.text)


def _show_plain(text: str) -> None:
    """What a person wrote, as they wrote it; a wall of it is folded."""
    said = ui.html(f'<p class="plain">{html.escape(text)}</p>', sanitize=False)
    if len(text) <= LONG_CHARS and text.count("\n") < LONG_LINES:
        return
    said.classes("folded")

    def unfold() -> None:
        said.classes(remove="folded")
        more.delete()

    more = ui.button(f"Show all {len(text):,} characters", on_click=unfold).props("flat dense no-caps")
    more.classes("replies")


def show_footnotes(footnotes: tuple[Footnote, ...]) -> None:
    items = "".join(
        f'<li value="{note.number}"><a href="{address(note)}"><b>{html.escape(note.title)}</b> '
        f"<q>{html.escape(_short(note.quote))}</q></a></li>"
        for note in footnotes
    )
    ui.html(f'<ol class="footnotes" aria-label="Footnotes">{items}</ol>', sanitize=False)


def _short(quote: str) -> str:
    """The beginning of the quote."""
    shown = laid_out(quote)
    return shown if len(shown) <= QUOTE else f"{shown[:QUOTE].rsplit(' ', 1)[0]} …"


def show_card(card: Card) -> None:
    """The card of an approval, without its buttons."""
    rows = "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>" for name, value in card.fields)
    ui.html(
        f'<section class="card {html.escape(card.state)}" aria-label="Action to decide">'
        f'<h3>{html.escape(card.title)}</h3><dl>{rows}</dl><p class="outcome">{localised(card.outcome)}</p>'
        f'<p class="print" title="Stands for exactly what runs: another text, another fingerprint">'
        f"Fingerprint <code>{html.escape(card.fingerprint)}</code></p></section>",
        sanitize=False,
    )


def _face(entry: Entry) -> str:
    if entry.kind == "assistant":
        return "1"
    return html.escape(entry.author.name[:1].upper())
