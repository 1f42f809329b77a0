"""Who somebody is, and whether people of other organisations are in a channel. What can't be asked counts as yes."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from bot.chat import ChatError, Person
from bot.slack.calls import QUICK, Calls, Json

KEPT_SECONDS = 300.0
KEPT = 5_000
_GUEST = ("is_restricted", "is_ultra_restricted", "is_stranger")
_SHARED = ("is_ext_shared", "is_pending_ext_shared")


class People:
    """Asks Slack, and remembers for some minutes."""

    def __init__(self, calls: Calls, clock: Callable[[], float] = time.monotonic) -> None:
        self._calls = calls
        self._clock = clock
        self._kept: OrderedDict[tuple[str, str], tuple[float, Json | None]] = OrderedDict()

    async def person(self, workspace: str, enterprise: str, user: str) -> Person:
        """Somebody by their Slack user id; their id where Slack doesn't say their name."""
        about = await self._user(workspace, user) or {}
        return Person(f"slack/{enterprise or workspace}/{user}", name_of(about) or user, bool(about.get("is_bot")))

    async def names(self, workspace: str, users: list[str]) -> dict[str, str]:
        """Display names by user id, of those that Slack tells."""
        found = {user: name_of(await self._user(workspace, user) or {}) for user in dict.fromkeys(users[:20])}
        return {user: name for user, name in found.items() if name}

    async def outsiders(self, workspace: str, channel: str, user: str) -> bool:
        """Whether what is said there may reach people of other organisations, or the asker is a guest."""
        about = await self._user(workspace, user)
        if about is None or any(about.get(name) for name in _GUEST):
            return True
        if channel.startswith("D"):
            return False
        shown = await self._ask(workspace, "conversations.info", "channel", channel)
        return shown is None or any(shown.get(name) for name in _SHARED)

    async def _user(self, workspace: str, user: str) -> Json | None:
        return await self._ask(workspace, "users.info", "user", user)

    async def _ask(self, workspace: str, method: str, name: str, value: str) -> Json | None:
        key, now = (method, f"{workspace}/{value}"), self._clock()
        at, known = self._kept.get(key, (0.0, None))
        if known is not None and now - at < KEPT_SECONDS:
            return known
        arguments: dict[str, Any] = {name: value}
        try:
            found: Json = (await self._calls(workspace, method, patience=QUICK, **arguments))[name]
        except ChatError:
            return None
        self._kept[key] = (now, found)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return found


def name_of(user: Json) -> str:
    """The name that others see (docs.slack.dev/reference/objects/user-object)."""
    profile = user.get("profile") or {}
    return str(profile.get("display_name") or profile.get("real_name") or user.get("real_name") or "")
