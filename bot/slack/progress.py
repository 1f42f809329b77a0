"""What goes on in a thread while nothing is written yet: its status line, and the state of its agent session.

docs.slack.dev/reference/methods/assistant.threads.setStatus, docs.slack.dev/ai/agent-sessions.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.chat import Place
from bot.slack.calls import Calls, Json, Refused
from bot.slack.markup import harmless
from bot.slack.streaming import Asked

STATUS = 100
TITLE = 80
PATIENCE = 10.0
"""Seconds for which the end of a status is tried; Slack ends one by itself after two minutes."""
_SESSION = "agents.sessions.setStatus"
_STATUS = "assistant.threads.setStatus"
_NO_AGENT = {"feature_disabled", "unknown_method", "missing_scope"}


class Progress:
    """``awaits`` says whether an approval waits in a place. Raises what `Calls` raises."""

    def __init__(self, calls: Calls, awaits: Callable[[Place], Awaitable[bool]]) -> None:
        self._calls = calls
        self._awaits = awaits
        self._shown: dict[str, tuple[Place, str]] = {}
        self._processing: set[str] = set()
        self._without: set[str] = set()
        """Workspaces whose app is no agent: there are no sessions."""

    def text(self, place: Place) -> str:
        return self._shown.get(place.key, (place, ""))[1]

    async def say(self, place: Place, text: str, asked: Asked | None, *, silently: bool) -> None:
        """Show a status; ``silently`` only remembers it, for a stream that shows it itself."""
        text = " ".join(harmless(text).split())[:STATUS]
        before = self.text(place)
        self._shown[place.key] = (place, text)
        if silently or text == before:
            return
        await self._begin(place, asked)
        await self._calls.offer(place.workspace, _STATUS, channel_id=place.channel, thread_ts=place.thread, status=text)

    async def end(self, place: Place) -> None:
        """Nothing goes on there any more, or it waits for somebody."""
        if place.key in self._processing:
            await self._set(place, await self.session(place), paid=True)
        if place.key in self._shown:
            del self._shown[place.key]
            await self._calls(
                place.workspace,
                _STATUS,
                patience=PATIENCE,
                channel_id=place.channel,
                thread_ts=place.thread,
                status="",
            )

    async def stopped(self, place: Place) -> None:
        """Somebody used the stop button. Where nothing runs any more the session is moved on: Slack leaves that to the app."""
        if place.key not in self._processing and place.workspace not in self._without:
            await self._set(place, await self.session(place), paid=False)

    async def session(self, place: Place) -> str:
        """The state of a thread's session once its run has stopped: suspended while an approval waits."""
        return "suspended" if await self._awaits(place) else "active"

    def spoken(self, place: Place, *, ended: bool = False) -> None:
        """A message was posted there, which ends the status; ``ended`` says that the session was moved with it."""
        self._shown.pop(place.key, None)
        if ended:
            self._processing.discard(place.key)

    def left(self) -> list[Place]:
        """Where something is shown."""
        return [place for place, _ in self._shown.values()]

    async def _begin(self, place: Place, asked: Asked | None) -> None:
        if place.key in self._processing or place.workspace in self._without:
            return
        if not self._calls.pace.take(place.workspace, _SESSION, count=2):
            return
        self._processing.add(place.key)
        await self._set(place, "processing", paid=True, title=harmless(asked.text)[:TITLE] if asked else "")

    async def _set(self, place: Place, status: str, *, paid: bool, title: str = "") -> None:
        if status != "processing":
            self._processing.discard(place.key)
        about: Json = {"channel_id": place.channel, "thread_ts": place.thread, "status": status}
        if title:
            about["title"] = title
        try:
            await self._calls(place.workspace, _SESSION, patience=PATIENCE, paid=paid, **about)
        except Refused as refused:
            self._processing.discard(place.key)
            if refused.code in _NO_AGENT:
                self._without.add(place.workspace)
