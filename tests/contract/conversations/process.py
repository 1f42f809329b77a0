"""`footnote` as a process of its own, forked from one that has imported what is slow: it starts in a second."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import sys
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import httpx

from tests.servers.ports import free_port

_FORKED = multiprocessing.get_context("forkserver")
_SLOW = (
    "alembic.command",
    "bot.desk",
    "bot.console.chat_page",
    "dbos",
    "discord",
    "lance_namespace",
    "nicegui",
    "pyarrow.dataset",
    "slack_bolt.async_app",
)
"""Not LanceDB, which starts a thread when it is imported."""


def _run(environment: dict[str, str], arguments: tuple[str, ...]) -> None:
    """In the process: the command, with these settings alone."""
    for name in [name for name in os.environ if name.startswith("FOOTNOTE_")]:
        del os.environ[name]
    os.environ.update(environment)
    sys.argv = ["footnote", *arguments]
    from nicegui.storage import Storage

    from bot.cli import main

    Storage.path = Path(environment["FOOTNOTE_HOME"]) / "console"  # was chosen when it was imported

    main()


class Footnote:
    """`footnote up` over a home; it can be killed and started again."""

    def __init__(self, home: Path, **settings: str) -> None:
        port = free_port()
        self.home = home
        self.url = f"http://127.0.0.1:{port}"
        self._settings = {"FOOTNOTE_HOME": str(home), "FOOTNOTE_EMBEDDER": "hashing", "FOOTNOTE_PORT": str(port)}
        self._settings |= settings
        self._process: ForkServerProcess | None = None

    async def learn(self, folder: Path) -> None:
        """Know the documents of a folder."""
        process = self._begun("sync", str(folder))
        await asyncio.to_thread(process.join, 60)
        assert process.exitcode == 0

    async def start(self) -> None:
        """Returns once it answers."""
        self._process = self._begun("up")
        async with asyncio.timeout(60), httpx.AsyncClient() as client:
            while self._process.is_alive():
                try:
                    if (await client.get(f"{self.url}/healthz")).is_success:
                        return
                except httpx.TransportError:
                    await asyncio.sleep(0.02)
        raise AssertionError("footnote up has ended")

    async def kill(self) -> None:
        """As kill -9 does."""
        assert self._process is not None
        self._process.kill()
        await asyncio.to_thread(self._process.join, 20)

    async def stop(self) -> None:
        assert self._process is not None
        self._process.terminate()
        await asyncio.to_thread(self._process.join, 20)

    def _begun(self, *arguments: str) -> ForkServerProcess:
        _FORKED.set_forkserver_preload(list(_SLOW))
        process = _FORKED.Process(target=_run, args=(self._settings, arguments), daemon=False)
        process.start()
        return process
