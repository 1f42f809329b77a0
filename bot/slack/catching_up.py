"""What was said while no process ran for longer than Slack repeats itself: looked for once, after the start.

Slack delivers an event again three times within some minutes (docs.slack.dev/apis/events-api#retries), and never after. What is
found goes the way of a delivery, so what was heard before is heard twice, which changes nothing. A mention in a thread in
which the assistant has not spoken lately is found only where the thread began meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import structlog

from agent.errors import place_of
from bot.chat import ChatError, Place
from bot.errors import STORAGE
from bot.records import Records
from bot.slack.calls import Calls, Json
from bot.slack.clients import Clients, Identity
from bot.slack.history import PAGE, POSTS, SPARE, is_persons
from bot.slack.markup import users_in

REPEATED = 60.0
"""Seconds of being away that Slack's own repeats see to."""
BACK_SECONDS = 10 * 60.0
"""How far before it was last alive it looks."""
LONGEST_AWAY = 24 * 3_600.0
"""What was said before that is not answered any more: by then somebody else has, or nobody waits for it."""
LATELY = 7 * 24 * 3_600.0
"""For how long somebody may go on in a thread and be found."""
MOST = 200
"""Channels and conversations that are asked, and threads."""
PAGES = 5
"""Of one channel or thread, with 200 messages each, the newest."""
AGAIN_SECONDS = 2.0
IN_ALL = 1_800.0
"""Seconds for all of it: an app that Slack holds to one request a minute gets only so far."""
_AWAY: tuple[type[Exception], ...] = (ChatError, *STORAGE)
log = structlog.get_logger()
Keep = Callable[[Json, str], Awaitable[None]]


class CatchingUp:
    """``keep(body, lane)`` keeps what would have been delivered, before it is handled."""

    def __init__(self, calls: Calls, clients: Clients, records: Records, keep: Keep) -> None:
        self._calls = calls
        self._clients = clients
        self._records = records
        self._keep = keep

    async def run(self, workspaces: list[str], away_since: float) -> None:
        """Look for what was said since; nothing where it is not known since when, or that is a moment ago."""
        now = time.time()
        if not away_since or now - away_since < REPEATED:
            return
        oldest = max(away_since - BACK_SECONDS, now - LONGEST_AWAY)
        try:
            async with asyncio.timeout(IN_ALL):
                for workspace in workspaces:
                    await self._try(workspace, oldest)
        except TimeoutError:
            log.warning("caught up in part", platform="slack", seconds=IN_ALL)

    async def _try(self, workspace: str, oldest: float) -> None:
        try:
            await self._look(await self._clients.identity(workspace), oldest)
        except _AWAY as error:
            log.warning("not caught up", workspace=workspace, what=place_of(error))

    async def _look(self, mine: Identity, oldest: float) -> None:
        threads = {(one.channel, one.thread) for one in await self._threads(mine.workspace, oldest)}
        async for channel in self._channels(mine.workspace):
            about = {"channel": channel}
            async for message in self._messages(mine.workspace, "conversations.history", oldest, **about):
                if float(message.get("latest_reply") or 0) > oldest:
                    threads.add((channel, str(message["ts"])))
                await self._hear(mine, channel, message)
        for channel, thread in sorted(threads, key=lambda one: one[1])[-MOST:]:
            about = {"channel": channel, "ts": thread}
            async for message in self._messages(mine.workspace, "conversations.replies", oldest, **about):
                await self._hear(mine, channel, message, in_ours=True)

    async def _hear(self, mine: Identity, channel: str, message: Json, *, in_ours: bool = False) -> None:
        """Keep what may be for the assistant, as Slack would have delivered it."""
        if message.get("subtype") not in POSTS or not is_persons(message, mine.user):
            return
        if not (in_ours or channel.startswith("D") or mine.user in users_in(str(message.get("text", "")))):
            return
        installed = {"team_id": mine.workspace, "enterprise_id": mine.enterprise or None, "user_id": mine.user}
        body: Json = {
            "type": "event_callback",
            "team_id": mine.workspace,
            "enterprise_id": mine.enterprise or None,
            "authorizations": [{**installed, "is_bot": True, "is_enterprise_install": False}],
            "event": {**message, "type": "message", "channel": channel},
        }
        await self._keep(body, channel)

    async def _threads(self, workspace: str, oldest: float) -> list[Place]:
        known = await self._records.threads("slack", oldest - LATELY, MOST)
        return [one for one in known if one.workspace == workspace]

    async def _channels(self, workspace: str) -> AsyncIterator[str]:
        """The channels that the assistant is in, and the direct conversations that it has had."""
        about: Json = {"types": "public_channel,private_channel,mpim", "exclude_archived": True, "team_id": workspace}
        answer = await self._ask(workspace, "users.conversations", limit=MOST, **about)
        for channel in answer["channels"]:
            yield str(channel["id"])
        for place in (await self._records.channels("slack"))[-MOST:]:
            if place.workspace == workspace and place.channel.startswith("D"):
                yield place.channel

    async def _messages(self, workspace: str, method: str, oldest: float, **about: str) -> AsyncIterator[Json]:
        """What was said since, by pages; a channel that can't be read is passed over."""
        cursor: Json = {}
        for _ in range(PAGES):
            try:
                answer = await self._ask(workspace, method, oldest=f"{oldest:.6f}", limit=PAGE, **about, **cursor)
            except ChatError as error:
                log.warning("not caught up", channel=about["channel"], what=place_of(error))
                return
            for message in answer["messages"]:
                if float(message["ts"]) > oldest:
                    yield message
            following = (answer.get("response_metadata") or {}).get("next_cursor")
            if not following:
                return
            cursor = {"cursor": following}

    async def _ask(self, workspace: str, method: str, **about: Any) -> Json:
        """Ask when there is room for it beside what is asked for answers. Raises a `ChatError`."""
        while True:
            if (answer := await self._calls.offer(workspace, method, spare=SPARE, **about)) is not None:
                return answer
            await asyncio.sleep(AGAIN_SECONDS)
