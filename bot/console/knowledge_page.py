"""The knowledge: what is indexed and from where, how far it is, what could not be read; files are dropped here."""

from __future__ import annotations

import html
from urllib.parse import urlencode

from nicegui import events, ui

from bot.chat import Person
from bot.console.layout import me, page
from bot.console.parts import Parts
from bot.knowledge import KnowledgeState, SourceState
from retrieval.documents import Audience
from retrieval.errors import RetrievalError
from retrieval.sync import Progress

MAX_FILES = 100
"""Files dropped at once."""

LISTED = 200


async def knowledge_page(parts: Parts) -> None:
    """The page; it follows a sync live."""
    with page("Knowledge") as main:
        main.classes("sheet")
        ui.html("<h2>Knowledge</h2>", sanitize=False)
        summary = ui.element("div").props('role="status"')
        _show_upload(parts, me())
        ui.html("<h3>Documents</h3>", sanitize=False)
        wanted = ui.input(placeholder="Find a document by its title").props(
            'outlined dense clearable aria-label="Find"'
        )
        listed = ui.element("div")
    shown: list[KnowledgeState] = []
    person = me()

    async def refresh() -> None:
        state = await parts.knowledge.state()
        if shown != [state]:
            if shown and shown[0].counts.documents != state.counts.documents:
                await find()
            shown[:] = [state]
            summary.clear()
            with summary:
                _show_state(parts, state)

    async def find() -> None:
        audience = Audience.everyone() | Audience.of(f"person:{person.id}")
        documents = await parts.knowledge.documents(audience, wanted.value or "", LISTED)
        items = "".join(
            f'<li><a href="/document?{html.escape(urlencode({"id": one.id}))}">{html.escape(one.title)}</a></li>'
            for one in documents
        )
        listed.clear()
        with listed:
            ui.html(f'<ul class="documents">{items or "<li>Nothing yet.</li>"}</ul>', sanitize=False)

    wanted.on_value_change(find)
    await refresh()
    await find()
    ui.timer(1.0, refresh)


def _show_state(parts: Parts, state: KnowledgeState) -> None:
    counts = state.counts
    ui.label(f"{counts.documents:,} documents · {counts.passages:,} passages · {counts.embedded:,} with vectors")
    if state.embedding:
        _show_progress("Reading for meaning", state.embedding)
    for source in state.sources:
        _show_source(parts, source)
    if not state.sources:
        ui.label("Nothing is indexed yet: drop files below, or run footnote sync FOLDER.").classes("note")


def _show_source(parts: Parts, source: SourceState) -> None:
    with ui.element("section").classes("source"):
        with ui.row().classes("items-center no-wrap"):
            ui.html(f"<b>{html.escape(source.label)}</b>", sanitize=False)
            ui.label(f"{source.documents:,} documents").classes("note")
            ui.space()
            again = ui.button("Sync", icon="sync", on_click=lambda: parts.knowledge.start(source.name))
            gone = ui.button(icon="delete_outline", on_click=lambda: _ask_removal(parts, source))
            gone.props(f'flat round dense aria-label="Remove {html.escape(source.label, quote=True)}"')
            again.props(f'flat dense no-caps aria-label="Sync {html.escape(source.label, quote=True)}"')
        if source.running:
            _show_progress("Reading", source.running)
        if source.error:
            ui.label(source.error).classes("wrong")
        for what, reason in source.unreadable[:50]:
            ui.label(f"Not read: {what}: {reason}").classes("wrong")


def _ask_removal(parts: Parts, source: SourceState) -> None:
    async def remove() -> None:
        dialog.close()
        removed = await parts.knowledge.remove(source.name)
        ui.notify(f"{removed} documents are no longer known here. The files themselves are untouched.", type="positive")

    with ui.dialog() as dialog, ui.card():
        ui.label(f"Forget {source.label}?").classes("title")
        ui.label("Its documents are no longer found. The files themselves stay where they are.").classes("note")
        with ui.row():
            ui.button("Forget it", on_click=remove).props("unelevated no-caps color=negative")
            ui.button("Keep it", on_click=dialog.close).props("flat no-caps")
    dialog.open()


def _show_progress(label: str, progress: Progress) -> None:
    left = progress.seconds_left
    words = f"{label}: {progress.done:,} of {progress.total:,}" + (f", {left:,.0f} s left" if left else "")
    ui.label(words).classes("note")
    ui.linear_progress(progress.done / max(progress.total, 1), show_value=False).props("rounded")


def _show_upload(parts: Parts, person: Person) -> None:
    async def add(event: events.MultiUploadEventArguments) -> None:
        files = [(file.name, await file.read()) for file in event.files]
        try:
            summary = await parts.knowledge.add_files(files, person)
        except (RetrievalError, OSError) as error:
            ui.notify(str(error), type="negative", multi_line=True)
            return
        for what, reason in summary.unreadable:
            ui.notify(f"Not read: {what.rsplit('/', 1)[-1]}: {reason}", type="warning", multi_line=True)
        ui.notify(f"{summary.new + summary.changed} files added.", type="positive")

    upload = ui.upload(
        label="Drop files here",
        multiple=True,
        auto_upload=True,
        on_multi_upload=add,
        max_file_size=parts.max_file_bytes,
        max_files=MAX_FILES,
        on_rejected=lambda: ui.notify(
            f"Not added: a file may have {parts.max_file_bytes / 1e6:,.0f} MB, and {MAX_FILES} may come at once.",
            type="warning",
        ),
    )
    upload.props("flat bordered").classes("upload")
