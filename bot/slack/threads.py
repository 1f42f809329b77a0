"""A thread as Slack keeps it, read by pages. docs.slack.dev/reference/methods/conversations.replies."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import structlog

from bot.chat import Place
from bot.slack.calls import Calls, Json

PAGE = 200
PAGES = 10
log = structlog.get_logger()


async def pages(calls: Calls, place: Place, **about: Any) -> AsyncIterator[list[Json]]:
    """Its messages, oldest first; each page may begin with the first message again. Of a longer thread the beginning."""
    more: Json = {}
    for _ in range(PAGES):
        answer = await calls(
            place.workspace,
            "conversations.replies",
            channel=place.channel,
            ts=place.thread,
            limit=PAGE,
            **about,
            **more,
        )
        yield answer["messages"]
        cursor = (answer.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            return
        more = {"cursor": cursor}
    log.warning("a thread is longer than what is read of one", place=place.key, pages=PAGES)
