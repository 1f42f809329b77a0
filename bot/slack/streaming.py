"""An answer as it is written: a stream of Slack's own, with the status as task cards in it.

A stream only grows, ends by itself after about five minutes, and may be refused; whatever goes wrong with it, the
final message is put in its place with chat.update. docs.slack.dev/reference/methods/chat.startStream.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from bot.chat import Place
from bot.slack.blocks import Part
from bot.slack.calls import Calls, Closed, Json, Refused, Unclear
from bot.slack.messages import Messages, metadata

THROTTLE = 0.4
"""Seconds between two pieces of a stream."""
EDITS = 3.0
"""Seconds between two edits of a message where streaming is refused."""
SPARE = 10
"""Calls of a budget that pieces leave to what must be said."""
TASK = 250
"""Characters of a task card's title (docs.slack.dev/reference/methods/chat.appendStream)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who addressed the assistant in a thread last, and with what: a stream must name its reader."""

    user: str
    team: str
    text: str
    event: str
    message: str
    """The key of the message that was the event."""


@dataclass(slots=True)
class _Live:
    """A message that is being written. ``address`` is None where it is edited instead of streamed, and empty where Slack
    did not say it."""

    place: Place
    key: str
    address: str | None
    at: float
    sent: str = ""
    task: str = ""
    wanted: str = ""
    """The task card that is to be shown; it waits for the next piece."""
    tasks: int = 0
    broken: bool = False


class Streams:
    """Call everything with the place locked; ``clock`` in seconds."""

    def __init__(self, calls: Calls, messages: Messages, clock: Callable[[], float] = time.monotonic) -> None:
        self._calls = calls
        self._messages = messages
        self._clock = clock
        self._live: dict[tuple[str, str], _Live] = {}

    def runs(self, place: Place) -> bool:
        """Whether something streams there."""
        return any(live.address is not None for live in self._live.values() if live.place == place)

    async def advance(self, place: Place, key: str, part: Part, asked: Asked | None, task: str) -> None:
        """Show what is written so far, if there is room for it now."""
        live = self._live.get((place.key, key))
        if live is None:
            await self._start(place, key, part, asked, task)
        elif live.address is None:
            await self._edit(live, part)
        elif part.text.startswith(live.sent):
            await self._append(live, part.text[len(live.sent) :])
        else:
            live.broken = True

    async def tell(self, place: Place, task: str) -> None:
        """What goes on there now, as the next task card of its stream."""
        for live in self._live.values():
            if live.place == place and live.address:
                live.wanted = task[:TASK]
                await self._append(live, "")

    async def finish(self, place: Place, key: str, part: Part, session: str) -> bool:
        """End the stream with what is final; False where that must be put in its place instead."""
        live = self._live.pop((place.key, key), None)
        if live is None or not live.address:
            return False
        grown = part.text.startswith(live.sent) and not live.broken
        rest: list[Json] = [*_task(live, "complete"), *([_text(part.text[len(live.sent) :])] if grown else [])]
        ending: Json = {"blocks": list(part.below), "metadata": metadata(key, 0), "session_status": session}
        try:
            await self._calls(
                place.workspace,
                "chat.stopStream",
                channel=place.channel,
                ts=live.address,
                chunks=[chunk for chunk in rest if chunk != _text("")],
                blindly=False,
                paid=True,
                **(ending if grown else {}),
            )
        except (Refused, Unclear):
            return False
        if grown:
            await self._messages.stands(place, key, 0, live.address, part)
        return grown

    def drop(self, place: Place, key: str) -> None:
        """Write no more of it."""
        self._live.pop((place.key, key), None)

    def left(self) -> list[tuple[Place, str]]:
        """What is unfinished, by place and key."""
        return [(live.place, live.key) for live in self._live.values()]

    async def _start(self, place: Place, key: str, part: Part, asked: Asked | None, task: str) -> None:
        known = await self._messages.known(place, key, 0)
        live = _Live(place, key, None, self._clock())
        if asked is None or not place.thread or known is not None:
            self._live[place.key, key] = live
            await self._messages.put(place, key, [part])
            return
        pace = self._calls.pace
        if not pace.take(place.workspace, "chat.stopStream"):
            return
        live.task = live.wanted = task[:TASK]
        live.sent = part.text
        await self._messages.begin(place, key, 0)
        try:
            answer = await self._calls.offer(
                place.workspace,
                "chat.startStream",
                channel=place.channel,
                thread_ts=place.thread,
                recipient_user_id=asked.user,
                recipient_team_id=asked.team,
                chunks=[*_task(live, "in_progress"), _text(part.text)],
            )
        except Unclear:
            live.address, live.broken = "", True
            self._live[place.key, key] = live
            return
        except (Refused, Closed):
            await self._messages.unbegin(place, key, 0)
            self._live[place.key, key] = live
            await self._messages.put(place, key, [part])  # a place that is closed says so again
            return
        if answer is not None:
            live.address = str(answer["ts"])
            await self._messages.stands(place, key, 0, live.address, None)
            self._live[place.key, key] = live

    async def _append(self, live: _Live, text: str) -> None:
        now = self._clock()
        changed = live.wanted != live.task
        if live.broken or not (text or changed) or now - live.at < THROTTLE:
            return
        live.at = now
        after = replace(live, task=live.wanted, tasks=live.tasks + changed)
        turned = [*_task(live, "complete"), *_task(after, "in_progress")] if changed else []
        try:
            answer = await self._calls.offer(
                live.place.workspace,
                "chat.appendStream",
                spare=SPARE,
                channel=live.place.channel,
                ts=live.address,
                chunks=[*turned, *([_text(text)] if text else [])],
            )
        except (Refused, Unclear):
            live.broken = True
            return
        if answer is not None:
            live.sent, live.task, live.tasks = live.sent + text, after.task, after.tasks

    async def _edit(self, live: _Live, part: Part) -> None:
        room = self._calls.pace.take(live.place.workspace, "chat.update", count=0, spare=SPARE)
        if room and self._clock() - live.at >= EDITS:
            live.at = self._clock()
            await self._messages.put(live.place, live.key, [part])


def _text(text: str) -> Json:
    return {"type": "markdown_text", "text": text}


def _task(live: _Live, status: str) -> list[Json]:
    if not live.task:
        return []
    return [{"type": "task_update", "id": f"task-{live.tasks}", "title": live.task, "status": status}]
