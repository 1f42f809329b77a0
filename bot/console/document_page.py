"""A document, scrolled to the sentence that a footnote cites, which is highlighted."""

from __future__ import annotations

import html

from nicegui import ui

from bot.console.layout import me, page
from bot.console.parts import Parts
from retrieval.documents import Audience


async def document_page(parts: Parts, document: str, start: int, end: int) -> None:
    """The page; a document that this person may not see is not there."""
    from bot.console.markup import marked

    audience = Audience.everyone() | Audience.of(f"person:{me().id}")
    found = await parts.knowledge.document(document, audience)
    with page("Knowledge") as main:
        main.classes("document")
        with ui.element("div").classes("pane-head"):
            ui.button("Back", icon="arrow_back", on_click=lambda: ui.run_javascript("history.back()")).props(
                "flat no-caps"
            )
        if found is None:
            ui.label("This document is no longer here, or is not for you.").classes("title")
            return
        ui.html(f"<h2>{html.escape(found.title)}</h2>", sanitize=False)
        ui.label(found.uri).classes("note")
        inside = 0 <= start < end <= len(found.text)
        text = marked(found.text, start, end) if inside else html.escape(found.text)
        ui.html(f'<div class="text">{text}</div>', sanitize=False)
    if inside:
        ui.run_javascript("const m=document.getElementById('cited'); m.scrollIntoView({block:'center'}); m.focus()")
