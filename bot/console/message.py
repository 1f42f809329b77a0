"""One message on the page: who, when, the text, its footnotes, its card, its buttons."""

from __future__ import annotations

import html
from collections.abc import Callable
from datetime import datetime

from nicegui import ui

from bot.chat import Card, Footnote, Reply
from bot.console.forms import Pressed, show_button
from bot.console.markup import address, render
from bot.records import Entry


class MessageView:
    """Shows an entry; `update` shows it anew in place."""

    def __init__(self, entry: Entry, pressed: Pressed, open_thread: Callable[[], None] | None, replies: int) -> None:
        self._pressed = pressed
        assistant = entry.kind == "assistant"
        with ui.element("article").classes("message assistant" if assistant else "message"):
            ui.html(f'<div class="face" aria-hidden="true">{_face(entry)}</div>', sanitize=False)
            with ui.element("div").classes("said"):
                at = datetime.fromtimestamp(entry.at).strftime("%H:%M")
                name = html.escape(entry.author.name)
                ui.html(f'<div class="by"><b>{name}</b> <time>{at}</time></div>', sanitize=False)
                self._body = ui.element("div").classes("body").props('aria-live="polite"' if assistant else "")
                if open_thread:
                    label = f"{replies} {'reply' if replies == 1 else 'replies'}" if replies else "Reply in thread"
                    ui.button(label, on_click=open_thread).props("flat dense no-caps").classes("replies")
        self.update(entry.reply or Reply(entry.text), plain=not assistant)

    def update(self, reply: Reply, *, plain: bool = False) -> None:
        self._body.clear()
        with self._body:
            if reply.card:
                show_card(reply.card)
            elif plain:
                ui.html(f'<p class="plain">{html.escape(reply.text)}</p>', sanitize=False)
            else:
                ui.html(render(reply.text, reply.footnotes), sanitize=False)
            if reply.footnotes:
                _show_footnotes(reply.footnotes)
            for note in reply.notes:
                ui.label(note).classes("note")
            if reply.buttons:
                with ui.element("div").classes("buttons"):
                    for button in reply.buttons:
                        show_button(button, self._pressed)


def _show_footnotes(footnotes: tuple[Footnote, ...]) -> None:
    items = "".join(
        f'<li value="{note.number}"><a href="{address(note)}"><b>{html.escape(note.title)}</b> '
        f"<q>{html.escape(' '.join(note.quote.split())[:240])}</q></a></li>"
        for note in footnotes
    )
    ui.html(f'<ol class="footnotes" aria-label="Footnotes">{items}</ol>', sanitize=False)


def show_card(card: Card) -> None:
    rows = "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>" for name, value in card.fields)
    ui.html(
        f'<section class="card {html.escape(card.state)}" aria-label="Action to decide">'
        f'<h3>{html.escape(card.title)}</h3><dl>{rows}</dl><p class="outcome">{html.escape(card.outcome)}</p>'
        f'<code title="Fingerprint of exactly what runs">{html.escape(card.fingerprint)}</code></section>',
        sanitize=False,
    )


def _face(entry: Entry) -> str:
    if entry.kind == "assistant":
        return "1"
    return html.escape(entry.author.name[:1].upper())
