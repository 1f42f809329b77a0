"""Keeping what is known fresh: each source is read again when its time has come, one at a time."""

from __future__ import annotations

import asyncio

import structlog

from bot.errors import STORAGE, place_of, storage_reason
from bot.knowledge import Knowledge
from bot.sources import ON_DISK

LOOK_SECONDS = 20.0
log = structlog.get_logger()


async def keep_fresh(knowledge: Knowledge) -> None:
    """Run until cancelled. What lies on this machine is read at once; what fails is tried again, later each time."""
    kinds = ON_DISK
    while True:
        try:
            for name in await knowledge.due(kinds):
                await knowledge.refresh(name)
            knowledge.start_embedding()
        except Exception as error:  # noqa: BLE001  # whatever broke once must not end all readings to come
            reason = storage_reason(error) if isinstance(error, STORAGE) else place_of(error)
            log.warning("sources were not looked at, and are the next time", reason=reason)
        kinds = frozenset()
        await asyncio.sleep(LOOK_SECONDS)
