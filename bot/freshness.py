"""Keeping what is known fresh: each source is read again when its time has come; disk, web and chat each go their own way."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import structlog

from agent.errors import place_of
from bot.errors import STORAGE, storage_reason
from bot.knowledge import Knowledge
from bot.sources import IN_CHAT, ON_DISK, ON_THE_WEB

LOOK_SECONDS = 20.0
log = structlog.get_logger()


async def keep_fresh(knowledge: Knowledge) -> None:
    """Run until cancelled. What lies on this machine is read at once; what fails is tried again, later each time."""
    async with asyncio.TaskGroup() as lanes:  # no slow site keeps a folder waiting
        lanes.create_task(_lane(knowledge, ON_DISK, at_once=True))
        lanes.create_task(_lane(knowledge, ON_THE_WEB))
        lanes.create_task(_lane(knowledge, IN_CHAT))


async def _lane(knowledge: Knowledge, kinds: Collection[str], *, at_once: bool = False) -> None:
    """Read the sources of these kinds again and again, one at a time; ``at_once``: the first time whether due or not."""
    while True:
        try:
            for name in await knowledge.due(kinds, at_once=at_once):
                await knowledge.refresh(name)
            knowledge.start_embedding()
        except Exception as error:  # noqa: BLE001  # whatever broke once must not end all readings to come
            reason = storage_reason(error) if isinstance(error, STORAGE) else place_of(error)
            log.warning("sources were not looked at, and are the next time", reason=reason)
        at_once = False
        await asyncio.sleep(LOOK_SECONDS)
