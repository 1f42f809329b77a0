"""What one person alone is told on the console: a line for a moment, or an answer that stays until it is closed."""

from __future__ import annotations

from nicegui import ui

from bot.chat import Reply
from bot.console.forms import FILLED
from bot.console.markup import render
from bot.console.message import show_footnotes
from bot.console.notices import notice


def show_whisper(reply: Reply) -> None:
    """Show it to whoever is at the page of the present slot."""
    if not reply.footnotes and not reply.notes and "\n" not in reply.text:
        notice(reply.text, "warning")
        return
    with ui.dialog(value=True).props("no-backdrop-dismiss") as dialog, ui.card().classes("form"):
        ui.label("Only you see this").classes("title")
        with ui.element("div").classes("body"):
            ui.html(render(reply.text, reply.footnotes), sanitize=False)
            if reply.footnotes:
                show_footnotes(reply.footnotes)
            for note in reply.notes:
                ui.label(note).classes("note")
        with ui.element("div").classes("buttons"):
            ui.button("Close", on_click=dialog.close).props(FILLED)
