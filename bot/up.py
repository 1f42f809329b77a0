"""`footnote up`: everything running in one process and one loop, started and stopped in order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
import webbrowser
from contextlib import AsyncExitStack

from filelock import FileLock, Timeout
from rich.console import Console

from bot.app import open_app
from bot.console.adapter import ConsoleChat
from bot.console.parts import Parts
from bot.databases import Databases
from bot.freshness import keep_fresh
from bot.heard import assume
from bot.inbox import Inbox
from bot.platforms import configured, connected
from bot.replicas import Replicas, replica_of
from bot.schedule import keep_time
from bot.settings import Settings, SettingsInvalid, load_settings, misspelt, unfinished
from bot.upkeep import keep_up

EXAMPLES = (
    "How do I make LangGraph wait for a person?",
    "What does Python's with statement do?",
    "remember that demos go better with a footnote",
)


async def run_up(*, demo: bool, open_browser: bool) -> None:
    """Run until SIGINT or SIGTERM. Raises `SettingsInvalid` where this home is run by another process already."""
    settings = load_settings()
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FileLock(settings.home / "up.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise SettingsInvalid(f"FOOTNOTE_HOME: another `footnote up` runs on {settings.home} already.") from None
    try:
        await _run(settings, demo=demo, open_browser=open_browser)
    finally:
        lock.release()


async def _run(settings: Settings, *, demo: bool, open_browser: bool) -> None:
    inbox: Inbox

    async def resume(run: str, place: str, cause: str) -> None:
        await inbox.resume(run, place, cause)

    replica = await asyncio.to_thread(replica_of, settings.home)
    async with open_app(settings, resume, replica=replica) as app, AsyncExitStack() as stack:
        replicas = Replicas(app.records.engine, replica, time.time)
        await assume(app.records.engine, configured(settings), await replicas.last_seen())
        await replicas.live()
        chat = ConsoleChat(app.records)
        app.chats[chat.platform] = chat
        inbox = Inbox(
            Databases.of(settings).inbox,
            replica,
            app.mention,
            app.press,
            app.desk.resume,
            app.desk.withdraw,
            app.schedule.run,
        )
        parts = Parts(
            chat,
            app.records,
            app.knowledge,
            settings.uploads_path,
            app.ledger,
            app.toolbox,
            app.chats,
            inbox.accept,
            settings.max_file_mb * 1_000_000,
            app.digests,
            settings.follow_ups,
        )
        from bot.console import serve

        bound = serve.listen(settings)
        web = serve.server(serve.build(settings, parts, EXAMPLES))
        _stop_on_signals(web)
        names = await stack.enter_async_context(connected(app, inbox))
        await inbox.start()
        upkeep = asyncio.create_task(keep_up(app, inbox, replicas))
        time_kept = asyncio.create_task(keep_time(app.schedule, inbox))
        if demo:
            await app.knowledge.add("packages", "")
        fresh = asyncio.create_task(keep_fresh(app.knowledge))
        address = f"http://{settings.host}:{bound.getsockname()[1]}"
        demonstrates = "packages" in await app.knowledge.names()
        _warn(settings)
        _greet(address, names, EXAMPLES[0] if demonstrates else "", open_browser)
        try:
            await web.serve(sockets=[bound])
        finally:
            fresh.cancel()
            time_kept.cancel()
            upkeep.cancel()
            await inbox.stop()


def _stop_on_signals(web: object) -> None:
    def stop() -> None:
        web.should_exit = True  # type: ignore[attr-defined]  # uvicorn.Server, imported when served

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop)


def _warn(settings: Settings) -> None:
    """Say what of the settings does nothing."""
    console = Console()
    for line in (*misspelt(os.environ), *unfinished(settings)):
        console.print(line, style="yellow", highlight=False, soft_wrap=True)


def _greet(address: str, names: list[str], example: str, open_browser: bool) -> None:
    """Say where it is, and ``example``, where its documents are there."""
    console = Console()
    also = f", and in {' and '.join(names)}" if names else ""
    console.print(f"Footnote is at [bold]{address}[/bold]{also}  (Ctrl+C stops it)", soft_wrap=True)
    if example:
        console.print(f"Try: @footnote {example}", highlight=False, soft_wrap=True)
    if open_browser:
        with contextlib.suppress(webbrowser.Error):
            webbrowser.open(address)
