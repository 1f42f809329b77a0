"""`footnote sync`: progress bars with the time left, and a summary."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from dataclasses import replace

import structlog
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from agent.errors import place_of
from agent.text import counted
from bot.app import App, open_app
from bot.leaving import leave
from bot.settings import load_settings
from bot.sources import ON_DISK, ON_THE_WEB, named
from retrieval.errors import RetrievalError
from retrieval.fetching import shown
from retrieval.sync import Progress as SyncProgress
from retrieval.sync import Summary

INTERRUPTED, TERMINATED = 130, 143
"""The exit codes of what Ctrl+C or SIGTERM ended."""
SAID_EVERY = 60.0
"""Seconds between two lines on how far embedding is, where there is no terminal for a bar."""
log = structlog.get_logger()


async def run_sync(sources: list[str], *, packages: bool) -> int:
    """Add and sync what is named, or sync everything known; the exit code is 1 where a source could not be read.

    Ctrl+C and SIGTERM leave at once, also where a thread is embedding.
    """
    console, terminated = Console(stderr=True), _cancelled_by_sigterm()
    try:
        async with open_app(load_settings(), _nobody_waits) as app:
            return await _sync(app, sources, packages, console)
    except asyncio.CancelledError:
        _say(console, "Stopped. What was read is found already; the rest goes on at the next footnote sync.")
        leave(TERMINATED if terminated else INTERRUPTED)


def _cancelled_by_sigterm() -> list[bool]:
    """Let SIGTERM end the present task as Ctrl+C does; the list holds something once it has."""
    task, terminated = asyncio.current_task(), list[bool]()

    def terminate() -> None:
        terminated.append(True)
        if task:
            task.cancel()

    with contextlib.suppress(NotImplementedError):  # as on Windows
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, terminate)
    return terminated


async def _sync(app: App, sources: list[str], packages: bool, console: Console) -> int:
    names = [await app.knowledge.add(*named(source)) for source in sources]
    if packages:
        names.append(await app.knowledge.add("packages", ""))
    names = names or await app.knowledge.due(ON_DISK | ON_THE_WEB, at_once=True)
    if not names:
        _say(console, "Nothing to sync yet: name a folder, as in [bold]footnote sync ~/notes[/bold].")
        return 1
    failed = False
    for name in names:
        failed |= not await _sync_one(app, name, console)
    await sync_vectors(app, console)
    counts = await app.knowledge.counts()
    found = f"{counted(counts.documents, 'document')} in {counted(counts.passages, 'passage')}"
    _say(console, f"{found}, {counts.embedded:,} of them with vectors.")
    return int(failed)


async def run_forget(sources: list[str]) -> int:
    """Forget what is named; the exit code is 1 where something was never added."""
    console = Console(stderr=True)
    strange = False
    async with open_app(load_settings(), _nobody_waits) as app:
        for source in sources:
            name = await app.knowledge.find(*named(source))
            if name is None:
                known = ", ".join(await app.knowledge.names())
                _say(console, f"[red]{escape(source)} was never added.[/red] Added are: {escape(known)}")
                strange = True
                continue
            removed = counted(await app.knowledge.remove(name), "document")
            _say(console, f"Forgotten: {removed} of {escape(source)}.")
    return int(strange)


async def _sync_one(app: App, name: str, console: Console) -> bool:
    with _bars(console) as bars:
        task = bars.add_task(f"Reading {escape(name.removeprefix('folder:'))}", total=None)

        def report(progress: SyncProgress) -> None:
            bars.update(task, completed=progress.done, total=progress.total or None)

        try:
            summary = await app.knowledge.sync(name, report)
        except RetrievalError as error:
            _say(console, f"[red]{escape(str(error))}[/red]")
            return False
        except Exception as error:  # noqa: BLE001  # one source that breaks must not keep the others from being read
            log.error("sync broke", source=shown(name), what=place_of(error))
            broke = f"{shown(name)}: reading it broke off ({place_of(error)}); what was read before is kept."
            _say(console, f"[red]{escape(broke)}[/red]")
            return False
    tell(console, name, summary)
    return True


def tell(console: Console, name: str, summary: Summary) -> None:
    """The summary in a line, then each file that could not be read with its reason."""
    kind, _, location = name.partition(":")
    if kind == "folder" and replace(summary, seconds=0.0) == Summary():
        holds = "it holds no Markdown, HTML, PDF, DOCX or text."
        _say(console, f"[yellow]Nothing to read in {escape(location)}:[/yellow] {holds}")
        return
    _say(
        console,
        f"{summary.new} new, {summary.changed} changed, {summary.gone} gone, {summary.unchanged} unchanged "
        f"in {summary.seconds:.1f} s",
    )
    for what, reason in summary.unreadable:
        _say(console, f"[yellow]Not read:[/yellow] {escape(what)}: {escape(reason)}")


def _say(console: Console, line: str) -> None:
    """A line of markup; what reads it from a pipe gets it as one line too."""
    console.print(line, highlight=False, soft_wrap=True)


async def sync_vectors(app: App, console: Console) -> None:
    """Embed with a bar, or without a terminal with lines. Search by words works already, so this may be cut off at any time."""
    if not console.is_terminal:
        await _embed_in_lines(app, console)
        return
    with _bars(console) as bars:
        task = bars.add_task("Embedding", total=None, visible=False)

        def report(progress: SyncProgress) -> None:
            bars.update(task, completed=progress.done, total=progress.total, visible=True)

        await app.knowledge.embed(report)


async def _embed_in_lines(app: App, console: Console) -> None:
    counts = await app.knowledge.counts()
    if waiting := counts.passages - counts.embedded:
        _say(console, f"Embedding {counted(waiting, 'passage')}; words are searched already.")
    said = time.monotonic()

    def report(progress: SyncProgress) -> None:
        nonlocal said
        if time.monotonic() - said >= SAID_EVERY:
            said = time.monotonic()
            left = (
                f", about {counted(round(progress.seconds_left / 60), 'minute')} left" if progress.seconds_left else ""
            )
            _say(console, f"Embedded {progress.done:,} of {progress.total:,}{left}.")

    await app.knowledge.embed(report)


def _bars(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
    )


async def _nobody_waits(run: str, place: str, cause: str) -> None:
    """Syncing starts no runs, so none goes on."""
