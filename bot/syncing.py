"""`footnote sync`: progress bars with the time left, and a summary."""

from __future__ import annotations

import asyncio

import structlog
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bot.app import App, open_app
from bot.errors import place_of
from bot.leaving import leave
from bot.rendering import counted
from bot.settings import load_settings
from bot.sources import named
from retrieval.errors import RetrievalError
from retrieval.fetching import shown
from retrieval.sync import Progress as SyncProgress
from retrieval.sync import Summary

INTERRUPTED = 130
"""The exit code of what Ctrl+C ended."""
log = structlog.get_logger()


async def run_sync(sources: list[str], *, packages: bool) -> int:
    """Add and sync what is named, or sync everything known; the exit code is 1 where a source could not be read.

    Ctrl+C leaves at once, also where a thread is embedding.
    """
    console = Console(stderr=True)
    try:
        async with open_app(load_settings(), _nobody_waits) as app:
            return await _sync(app, sources, packages, console)
    except asyncio.CancelledError:
        console.print("Stopped. What was read is found already; the rest goes on at the next footnote sync.")
        leave(INTERRUPTED)


async def _sync(app: App, sources: list[str], packages: bool, console: Console) -> int:
    names = [await app.knowledge.add(*named(source)) for source in sources]
    if packages:
        names.append(await app.knowledge.add("packages", ""))
    names = names or await app.knowledge.names()
    if not names:
        console.print("Nothing to sync yet: name a folder, as in [bold]footnote sync ~/notes[/bold].")
        return 1
    failed = False
    for name in names:
        failed |= not await _sync_one(app, name, console)
    await sync_vectors(app, console)
    counts = await app.knowledge.counts()
    found = f"{counted(counts.documents, 'document')} in {counted(counts.passages, 'passage')}"
    console.print(f"{found}, {counts.embedded:,} of them with vectors.", highlight=False)
    return int(failed)


async def run_forget(sources: list[str]) -> int:
    """Forget what is named; the exit code is 1 where something was never added."""
    console = Console(stderr=True)
    strange = False
    async with open_app(load_settings(), _nobody_waits) as app:
        known = await app.knowledge.names()
        for source in sources:
            name = app.knowledge.name_of(*named(source))
            if name not in known:
                console.print(f"[red]{escape(source)} was never added.[/red] Added are: {escape(', '.join(known))}")
                strange = True
                continue
            removed = counted(await app.knowledge.remove(name), "document")
            console.print(f"Forgotten: {removed} of {escape(source)}.", highlight=False)
    return int(strange)


async def _sync_one(app: App, name: str, console: Console) -> bool:
    with _bars(console) as bars:
        task = bars.add_task(f"Reading {escape(name.removeprefix('folder:'))}", total=None)

        def report(progress: SyncProgress) -> None:
            bars.update(task, completed=progress.done, total=progress.total or None)

        try:
            summary = await app.knowledge.sync(name, report)
        except RetrievalError as error:
            console.print(f"[red]{escape(str(error))}[/red]", highlight=False)
            return False
        except Exception as error:  # noqa: BLE001  # one source that breaks must not keep the others from being read
            log.error("sync broke", source=shown(name), what=place_of(error))
            broke = f"{shown(name)}: reading it broke off ({place_of(error)}); what was read before is kept."
            console.print(f"[red]{escape(broke)}[/red]", highlight=False)
            return False
    tell(console, summary)
    return True


def tell(console: Console, summary: Summary) -> None:
    """The summary in a line, then each file that could not be read with its reason."""
    console.print(
        f"{summary.new} new, {summary.changed} changed, {summary.gone} gone, {summary.unchanged} unchanged "
        f"in {summary.seconds:.1f} s",
        highlight=False,
    )
    for what, reason in summary.unreadable:
        console.print(f"[yellow]Not read:[/yellow] {escape(what)}: {escape(reason)}", highlight=False, markup=True)


async def sync_vectors(app: App, console: Console) -> None:
    """Embed with a bar. Search by words works already, so this may be cut off at any time."""
    with _bars(console) as bars:
        task = bars.add_task("Embedding", total=None, visible=False)

        def report(progress: SyncProgress) -> None:
            bars.update(task, completed=progress.done, total=progress.total, visible=True)

        await app.knowledge.embed(report)


def _bars(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
    )


async def _nobody_waits(run: str, place: str, cause: str) -> None:
    """Syncing starts no runs, so none goes on."""
