"""A document, scrolled to the sentence that a footnote cites, which is highlighted."""

from __future__ import annotations

import html

from nicegui import ui

from bot.console.layout import heading, me, page, reader
from bot.console.markup import local_time
from bot.console.parts import Parts
from bot.console.readable import readable
from retrieval.documents import Document


async def document_page(parts: Parts, document: str, start: int, end: int) -> None:
    """The page; a document that this person may not see is not there."""
    found = await parts.knowledge.document(document, reader(me()))
    with page(parts.chat, "Knowledge") as main:
        main.classes("document")
        ui.html(
            '<a class="back" href="/knowledge" onclick="footnote.back(event)"><span aria-hidden="true">←</span> Back</a>',
            sanitize=False,
        )
        if found is None:
            heading(2, "This document is not here")
            ui.label("It was removed, or it is not for you.").classes("note")
            return
        heading(2, found.title)
        ui.html(f'<p class="note">{_origin(found)}</p>', sanitize=False)
        cited = 0 <= start < end <= len(found.text)
        text = readable(found.text, found.headings, *((start, end) if cited else ()))
        ui.html(f'<div class="text">{_without_title(found, text)}</div>', sanitize=False)
    if cited:
        ui.run_javascript("const m=document.getElementById('cited'); m.scrollIntoView({block:'center'}); m.focus()")


def _origin(document: Document) -> str:
    """Where the document comes from, and when it was last changed, as HTML."""
    place = html.escape(document.metadata.get("path") or document.uri.removeprefix("file://"))
    if document.uri.startswith(("https://", "http://")):
        address = html.escape(document.uri, quote=True)
        place = f'<a href="{address}" target="_blank" rel="noreferrer">{html.escape(document.uri)}</a>'
    changed = f" · changed {local_time(document.modified)}" if document.modified else ""
    return f"{place}{changed}"


def _without_title(document: Document, text: str) -> str:
    """The text, whose first heading is not shown a second time where it is the title that stands above it."""
    title = document.headings[0].text if document.headings and document.headings[0].start == 0 else ""
    first = f"<h3>{html.escape(title)}</h3>"
    if title and document.title.endswith(title) and text.startswith(first):
        return text.replace("<h3>", '<h3 class="repeated">', 1)
    return text
