"""What the assistant does by itself while it runs: approvals expire, and what ended is forgotten."""

from __future__ import annotations

import asyncio
import time

import structlog

from agent.errors import place_of
from bot.app import App
from bot.errors import STORAGE, storage_reason
from bot.inbox import Inbox
from bot.replicas import Replicas

EVERY_SECONDS = 30.0
TIDY_SECONDS = 24 * 3_600.0
KEEP_SECONDS = 30 * 24 * 3_600.0
"""How long the steps of a finished run are kept. Transcripts, the ledger and the decisions log stay for good."""
log = structlog.get_logger()


async def keep_up(app: App, inbox: Inbox, replicas: Replicas) -> None:
    """Run until cancelled. What fails is tried again the next time."""
    tidied = 0.0
    while True:
        try:
            await replicas.live()
            if dead := await replicas.take_over():
                await inbox.take_over(dead)
            await app.desk.expire()
            await app.held.tidy()
            if time.monotonic() - tidied > TIDY_SECONDS or not tidied:
                await tidy(app, inbox, time.time() - KEEP_SECONDS)
                await app.digests.tidy()
                tidied = time.monotonic()
        except Exception as error:  # noqa: BLE001  # whatever broke once must not end all upkeep to come
            reason = storage_reason(error) if isinstance(error, STORAGE) else place_of(error)
            log.warning("upkeep failed, and is tried again", reason=reason)
        await asyncio.sleep(EVERY_SECONDS)


async def tidy(app: App, inbox: Inbox, before: float) -> int:
    """Forget the inbox's entries and the checkpoints of what ended before this time; returns how many."""
    forgotten = 0
    while events := await inbox.ended(before):
        for event in events:
            await app.desk.forget(event)
        await inbox.forget(events)
        forgotten += len(events)
    return forgotten
