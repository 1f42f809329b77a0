"""One of several processes that share a PostgreSQL, each with a home of its own."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.end_to_end.conftest import footnote
from tests.servers.ports import free_port


@asynccontextmanager
async def started(home: Path, address: str, **platform: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """`footnote up`, on the handbook beside its home; what it says goes to a file in its home."""
    settings = {
        "FOOTNOTE_HOME": str(home),
        "FOOTNOTE_DATABASE_URL": address,
        "FOOTNOTE_PORT": str(free_port()),
        **platform,
    }
    assert (await footnote("sync", str(home.parent / "handbook"), **settings))[0] == 0
    with (home / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "up"), env={**os.environ, **settings}, stdout=log, stderr=log
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
