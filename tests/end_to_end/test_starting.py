"""`footnote up` that ends before it has begun, and what it leaves to the next one."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from pathlib import Path

import pytest

from bot.databases import Databases
from bot.heard import Heard
from bot.migrate import migrate
from bot.records import open_engine
from bot.replicas import Replicas
from bot.settings import SettingsInvalid, load_settings
from bot.up import run_up


async def test_a_start_that_finds_its_port_taken_does_not_count_as_having_listened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        set_up = {"HOME": str(tmp_path), "EMBEDDER": "hashing", "PORT": str(taken.getsockname()[1])}
        for name, value in {**set_up, "SLACK_APP_TOKEN": "xapp-1-A-2-f", "SLACK_BOT_TOKEN": "xoxb-1"}.items():
            monkeypatch.setenv(f"FOOTNOTE_{name}", value)
        records = Databases.of(load_settings()).records
        migrate(records)
        engine = open_engine(records)
        last = time.time() - 3 * 3_600
        await Replicas(engine, "one", lambda: last).live()
        for _ in range(2):
            with pytest.raises(SettingsInvalid, match="FOOTNOTE_PORT"):
                await run_up(demo=False, open_browser=False)
        assert await Heard(engine, "slack", time.time).until() == last
        assert await Replicas(engine, "one", time.time).last_seen() > last
        await engine.dispose()


async def test_a_start_with_half_of_what_slack_needs_says_so(tmp_path: Path) -> None:
    set_up = {"HOME": str(tmp_path), "EMBEDDER": "hashing", "PORT": "0", "SLACK_BOT_TOKEN": "xoxb-1"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "up"),
        env={**os.environ, **{f"FOOTNOTE_{name}": value for name, value in set_up.items()}},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            said = [(await process.stdout.readline()).decode() for _ in range(2)]
    finally:
        process.terminate()
        await process.wait()
    assert said[0].startswith("Slack is not connected: set FOOTNOTE_SLACK_APP_TOKEN")
    assert said[1].startswith("Footnote is at http://")
