"""What was said while nobody listened for longer than Slack repeats itself: looked for once somebody does.

Slack delivers an event again three times within some minutes (docs.slack.dev/apis/events-api#retries), and never after. What is
found goes the way of a delivery, so what was heard before is heard twice, which changes nothing. A mention in a thread in
which the assistant has not spoken lately is found only where the thread began meanwhile.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

import structlog

from agent.errors import place_of
from bot.chat import ChatError, Place
from bot.errors import STORAGE, may_pass
from bot.heard import LONGEST_AWAY
from bot.records import Records
from bot.slack.calls import LONGEST, Calls, Json, Unclear
from bot.slack.clients import Clients, Identity
from bot.slack.history import PAGE, POSTS, SPARE, is_persons
from bot.slack.installations import installed
from bot.slack.markup import users_in

REPEATED = 60.0
"""Seconds without anybody listening that Slack's own repeats see to."""
BACK_SECONDS = 10 * 60.0
"""How far before that it looks."""
LATELY = 7 * 24 * 3_600.0
"""For how long somebody may go on in a thread and be found."""
MOST = 200
"""Of a workspace: direct conversations that are asked, and threads."""
PAGES = 5
"""With 200 messages each, of one channel or thread, the newest; and with 200 channels each, of those that are asked."""
AGAIN_SECONDS = 2.0
PATIENCE = 120.0
"""Seconds for which one channel is asked again while Slack fails at it, before the others have their turn."""
IN_ALL = 1_800.0
"""Seconds for a workspace: an app that Slack holds to one request a minute gets only so far."""
_AWAY: tuple[type[Exception], ...] = (ChatError, *STORAGE)
T = TypeVar("T")
log = structlog.get_logger()
Keep = Callable[[Json, str], Awaitable[None]]


class CatchingUp:
    """``keep(body, lane)`` keeps what would have been delivered, before it is handled.

    With ``oauth`` it looks wherever the app is installed, else in the one workspace of its token.
    """

    def __init__(self, calls: Calls, clients: Clients, records: Records, keep: Keep, *, oauth: bool) -> None:
        self._calls = calls
        self._clients = clients
        self._records = records
        self._keep = keep
        self._oauth = oauth

    async def run(self, since: float) -> None:
        """Look for what was said since, in all workspaces side by side: each has budgets of its own."""
        oldest = max(since - BACK_SECONDS, time.time() - LONGEST_AWAY)
        workspaces = await installed(self._records.engine) if self._oauth else [""]
        async with asyncio.TaskGroup() as group:
            for workspace in workspaces:
                if not workspace.startswith("E"):  # an organisation: its workspaces stand beside it
                    group.create_task(self._try(workspace, oldest))

    async def _try(self, workspace: str, oldest: float) -> None:
        try:
            async with asyncio.timeout(IN_ALL):
                mine = await _patiently(lambda: self._clients.identity(workspace))
                await self._look(mine, oldest)
        except TimeoutError:
            log.warning("caught up in part", platform="slack", workspace=workspace, seconds=IN_ALL)
        except Exception as error:  # noqa: BLE001  # whatever broke in one workspace, the others are looked at
            say = log.warning if isinstance(error, _AWAY) else log.error
            say("not caught up", workspace=workspace, what=place_of(error))

    async def _look(self, mine: Identity, oldest: float) -> None:
        known = await _patiently(lambda: self._records.threads(f"slack/{mine.workspace}", oldest - LATELY, MOST))
        threads = {(one.channel, one.thread) for one in known}
        async for channel in self._channels(mine.workspace):
            about = {"channel": channel}
            async for message in self._messages(mine.workspace, "conversations.history", oldest, **about):
                if float(message.get("latest_reply") or 0) > oldest:
                    threads.add((channel, str(message["ts"])))
                await self._hear(mine, channel, message)
        newest = sorted(threads, key=lambda one: one[1], reverse=True)
        for channel, thread in _most(newest, workspace=mine.workspace, of="threads"):
            about = {"channel": channel, "ts": thread}
            async for message in self._messages(mine.workspace, "conversations.replies", oldest, **about):
                await self._hear(mine, channel, message, in_ours=True)

    async def _hear(self, mine: Identity, channel: str, message: Json, *, in_ours: bool = False) -> None:
        """Keep what may be for the assistant, as Slack would have delivered it."""
        if message.get("subtype") not in POSTS or not is_persons(message, mine.user):
            return
        before: Json = {}
        if not (in_ours or channel.startswith("D") or mine.user in users_in(str(message.get("text", "")))):
            if not await self._was_taken_up(mine, channel, message):
                return
            before = {**message, "text": f"<@{mine.user}>"}
        installed = {"team_id": mine.workspace, "enterprise_id": mine.enterprise or None, "user_id": mine.user}
        body: Json = {
            "type": "event_callback",
            "team_id": mine.workspace,
            "enterprise_id": mine.enterprise or None,
            "authorizations": [{**installed, "is_bot": True, "is_enterprise_install": False}],
            "event": _event(channel, message, before),
        }
        await _patiently(lambda: self._keep(body, channel))

    async def _was_taken_up(self, mine: Identity, channel: str, message: Json) -> bool:
        """Whether what says nothing to the assistant any more did so before it was edited."""
        place, ts = Place("slack", mine.workspace, channel), str(message["ts"])
        return bool(message.get("edited") and await _patiently(lambda: self._records.taken(place, ts)))

    async def _channels(self, workspace: str) -> AsyncIterator[str]:
        """The channels that the assistant is in, and the direct conversations that it has had."""
        cursor: Json = {}
        about: Json = {"types": "public_channel,private_channel,mpim", "exclude_archived": True, "team_id": workspace}
        for _ in range(PAGES):
            answer = await self._ask(workspace, "users.conversations", limit=PAGE, **about, **cursor)
            for channel in answer["channels"]:
                yield str(channel["id"])
            if not (cursor := _following(answer)):
                break
        else:
            log.warning("caught up in part", workspace=workspace, of="channels", most=PAGES * PAGE)
        known = await _patiently(lambda: self._records.channels("slack", f"{workspace}/D"))
        for place in _most(known[::-1], workspace=workspace, of="conversations"):
            yield place.channel

    async def _messages(self, workspace: str, method: str, oldest: float, **about: str) -> AsyncIterator[Json]:
        """What was said since, by pages; a channel that can't be read is passed over."""
        cursor: Json = {}
        within = {"oldest": f"{oldest:.6f}", "limit": PAGE, **about}
        for _ in range(PAGES):
            try:
                answer = await self._ask(workspace, method, patience=PATIENCE, **within, **cursor)
            except ChatError as error:
                log.warning("not caught up", workspace=workspace, channel=about["channel"], what=place_of(error))
                return
            for message in answer["messages"]:
                if float(message["ts"]) > oldest:
                    yield message
            if not (cursor := _following(answer)):
                return
        log.warning(
            "caught up in part", workspace=workspace, of="messages", channel=about["channel"], most=PAGES * PAGE
        )

    async def _ask(self, workspace: str, method: str, *, patience: float = math.inf, **about: Any) -> Json:
        """Ask when there is room for it beside what is asked for answers. Raises a `ChatError`."""
        while True:
            offer = lambda: self._calls.offer(workspace, method, spare=SPARE, **about)  # noqa: E731
            if (answer := await _patiently(offer, patience)) is not None:
                return answer
            await asyncio.sleep(AGAIN_SECONDS)


def _event(channel: str, message: Json, before: Json) -> Json:
    """What Slack tells of a message: its edit, where it was edited, for only the last version is to be answered."""
    if not message.get("edited"):
        return {**message, "type": "message", "channel": channel}
    changed = {"type": "message", "subtype": "message_changed", "channel": channel, "ts": message["edited"]["ts"]}
    return {**changed, "message": message, "previous_message": before}


def _following(answer: Json) -> Json:
    """What asks for the next page; empty where this was the last."""
    cursor = (answer.get("response_metadata") or {}).get("next_cursor")
    return {"cursor": cursor} if cursor else {}


def _most(found: list[T], **about: str) -> list[T]:
    if len(found) > MOST:
        log.warning("caught up in part", most=MOST, **about)
    return found[:MOST]


async def _patiently(ask: Callable[[], Awaitable[T]], patience: float = math.inf) -> T:
    """What this gives; it is asked again, less and less often, where an answer is lost or something is away."""
    deadline, wait = time.monotonic() + patience, AGAIN_SECONDS
    while True:
        try:
            return await ask()
        except _AWAY as error:
            if not (isinstance(error, Unclear) or may_pass(error)) or time.monotonic() + wait > deadline:
                raise
            log.info("catching up waits", what=place_of(error), again_in=wait)
        await asyncio.sleep(wait)
        wait = min(2 * wait, LONGEST)
