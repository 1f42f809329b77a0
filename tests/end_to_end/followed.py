"""Channels that are followed, on any platform: read again in moments, and waited for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from bot import freshness
from bot.channels import talk
from bot.freshness import keep_fresh


@asynccontextmanager
async def fresh(here: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Sources are read again by themselves, in moments where it takes a minute."""
    monkeypatch.setattr(talk, "SOON", 0.2)
    monkeypatch.setattr(freshness, "LOOK_SECONDS", 0.1)
    task = asyncio.create_task(keep_fresh(here.app.knowledge))
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def until(there: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(10):
        while not await there():
            await asyncio.sleep(0.05)
