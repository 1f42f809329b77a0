"""The knowledge: what is indexed and from where, how far it is, what could not be read; files are dropped here."""

from __future__ import annotations

import html
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

from nicegui import ui

from agent.text import counted
from bot.console.adding import show_adding
from bot.console.layout import heading, me, page, reader
from bot.console.markup import local_time
from bot.console.notices import notice
from bot.console.parts import Parts
from bot.console.upload import show_upload
from bot.knowledge import KnowledgeState, SourceState
from retrieval.documents import Audience
from retrieval.sync import Progress

LISTED = 100
"""Documents shown before one asks for more."""
Names = Mapping[str, str]


async def knowledge_page(parts: Parts, names: Names) -> None:
    """The page; it follows a sync live. ``names`` says what the folders of our own are."""
    person = me()
    with page(parts.chat, "Knowledge") as main:
        main.classes("sheet")
        heading(2, "Knowledge")
        summary = ui.element("div").props('role="status"')
        show_upload(parts, person)
        show_adding(parts)
        listed = Listed(parts, reader(person))
    shown: list[KnowledgeState] = []

    async def refresh() -> None:
        state = await parts.knowledge.state()
        if shown != [state]:
            if not shown or shown[0].counts.documents != state.counts.documents:
                await listed.show()
            shown[:] = [state]
            summary.clear()
            with summary:
                _show_state(parts, state, names)

    await refresh()
    ui.timer(1.0, refresh)


class Listed:
    """The documents by title, as many as were asked for."""

    def __init__(self, parts: Parts, audience: Audience) -> None:
        self._knowledge = parts.knowledge
        self._audience = audience
        self._limit = LISTED
        heading(3, "Documents")
        self._wanted = ui.input(placeholder="Find a document by its title", on_change=self._find)
        self._wanted.props('outlined dense clearable debounce=200 aria-label="Find"')
        self._list = ui.element("div").props('aria-live="polite"')

    async def show(self) -> None:
        query = self._wanted.value or ""
        found = await self._knowledge.documents(self._audience, query, self._limit + 1)
        items = "".join(
            f'<li><a href="/document?{html.escape(urlencode({"id": one.id}))}">{html.escape(one.title)}</a></li>'
            for one in found[: self._limit]
        )
        self._list.clear()
        with self._list:
            if not found:
                ui.label("No title has these words." if query else "There are none yet.").classes("note")
                return
            ui.html(f'<ul class="documents">{items}</ul>', sanitize=False)
            if len(found) > self._limit:
                self._show_more()

    def _show_more(self) -> None:
        with ui.row().classes("items-center"):
            ui.label(f"The first {self._limit:,} are shown.").classes("note")
            ui.button("Show more", on_click=self._more).props("outline no-caps dense").classes("more")

    async def _more(self) -> None:
        self._limit *= 4
        await self.show()

    async def _find(self) -> None:
        self._limit = LISTED
        await self.show()


def _show_state(parts: Parts, state: KnowledgeState, names: Names) -> None:
    counts = state.counts
    if not state.sources:
        ui.label("Nothing is indexed yet: drop files below, or name a source.").classes("note")
        return
    waits = counts.passages - counts.embedded
    meaning = f"; {waits:,} of them are found by their words only, so far" if waits else ""
    ui.label(f"{counted(counts.documents, 'document')} in {counted(counts.passages, 'passage')}{meaning}")
    if state.embedding:
        _show_progress("Reading for meaning", state.embedding)
    for source in state.sources:
        _show_source(parts, source, names)


def _show_source(parts: Parts, source: SourceState, names: Names) -> None:
    name, where = _called(source, names)
    with ui.element("section").classes("source"):
        with ui.element("div").classes("of"):
            ui.html(f"<b>{html.escape(name)}</b><span>{html.escape(where)}</span>", sanitize=False)
            read = f", read {local_time(source.synced_at)}" if source.synced_at else ""
            ui.html(f"<span>{counted(source.documents, 'document')}{read}</span>", sanitize=False)
        if not source.elsewhere:
            again = ui.button("Sync", icon="sync", on_click=lambda: parts.knowledge.start(source.name))
            again.props("flat dense no-caps").props["aria-label"] = f"Sync {name}"
        gone = ui.button(icon="delete_outline", on_click=lambda: _ask_removal(parts, source.name, name))
        gone.props("flat round dense").props["aria-label"] = f"Remove {name}"
        with ui.element("div").classes("trouble"):
            _show_trouble(source)


def _show_trouble(source: SourceState) -> None:
    if source.running and source.running.stage == "listing":
        found = f": {counted(source.running.done, 'document')} so far" if source.running.done else "…"
        ui.label(f"Looking what is there{found}").classes("note")
    elif source.running:
        _show_progress("Reading", source.running)
    if source.error:
        ui.label(source.error).classes("wrong")
    for what, reason in source.unreadable[:50]:
        ui.label(f"Not read: {what.rsplit('/', 1)[-1]}: {reason}").classes("wrong").tooltip(what)


def _called(source: SourceState, names: Names) -> tuple[str, str]:
    """What a person calls the source, and where it lies."""
    away = f"on {source.elsewhere}" if source.elsewhere else ""
    if not source.name.startswith("folder:"):
        return source.label, away
    if source.label in names:
        return names[source.label], away
    path = Path(source.label)
    home = Path.home()
    shown = f"~/{path.relative_to(home)}" if home != path and path.is_relative_to(home) else str(path)
    return path.name or str(path), f"{shown} {away}".strip()


def _ask_removal(parts: Parts, source: str, name: str) -> None:
    async def remove() -> None:
        dialog.close()
        removed = await parts.knowledge.remove(source)
        words = f"{counted(removed, 'document')} will not be found any more. What they were read from is untouched."
        notice(words, "positive")

    with ui.dialog() as dialog, ui.card().classes("form"):
        ui.label(f"Forget “{name}”?").classes("title")
        ui.label("Its documents are no longer found. What they were read from stays as it is.").classes("note")
        with ui.element("div").classes("buttons"):
            ui.button("Forget it", on_click=remove).props("outline no-caps color=bad").classes("submit")
            ui.button("Keep it", on_click=dialog.close).props("flat no-caps")
    dialog.open()


def _show_progress(label: str, progress: Progress) -> None:
    left = progress.seconds_left
    ui.label(f"{label}: {progress.done:,} of {progress.total:,}{_time_left(left)}").classes("note")
    ui.linear_progress(progress.done / max(progress.total, 1), show_value=False).props("rounded")


def _time_left(seconds: float | None) -> str:
    """As one would say it; empty where nobody knows."""
    match seconds:
        case None | 0:
            return ""
        case _ if seconds < 90:
            return f", {counted(round(seconds), 'second')} left"
        case _ if seconds < 90 * 60:
            return f", {counted(round(seconds / 60), 'minute')} left"
        case _:
            return f", {counted(round(seconds / 3600), 'hour')} left"
