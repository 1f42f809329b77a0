"""Who somebody is, who reads along in a channel, and who may see what. Whoever can't be asked about is no member.

docs.slack.dev/reference/objects/user-object, docs.slack.dev/reference/objects/conversation-object.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from typing import Any
from weakref import WeakValueDictionary

from bot.chat import ChatAway, ChatError, Membership, Openness, Person, Place, Readers
from bot.slack.calls import QUICK, Calls, Json

NAMED_SECONDS = 300.0
ASKED_SECONDS = 60.0
"""For how long a name is known, and everything on which depends who sees what."""
KEPT = 5_000
PAGE, PAGES = 999, 10
"""How much of a list is read, in calls; who stands behind that is no member, or makes the channel one with guests."""
_GUEST = ("is_restricted", "is_ultra_restricted", "is_stranger")
_SHARED = ("is_ext_shared", "is_pending_ext_shared", "is_org_shared")


class People:
    """Asks Slack, and remembers for a while; at the same time it asks the same thing once."""

    def __init__(self, calls: Calls, clock: Callable[[], float] = time.monotonic) -> None:
        self._calls = calls
        self._clock = clock
        self._kept: OrderedDict[tuple[str, ...], tuple[float, Any]] = OrderedDict()
        self._asking: WeakValueDictionary[tuple[str, ...], asyncio.Lock] = WeakValueDictionary()

    async def person(self, workspace: str, enterprise: str, user: str) -> Person:
        """Somebody by their Slack user id; their id where Slack doesn't say their name."""
        about = await self._told(workspace, user)
        return Person(f"slack/{enterprise or workspace}/{user}", name_of(about) or user, bool(about.get("is_bot")))

    async def names(self, workspace: str, users: list[str]) -> dict[str, str]:
        """Display names by user id, of those that Slack tells."""
        found = {user: name_of(await self._told(workspace, user)) for user in dict.fromkeys(users[:20])}
        return {user: name for user, name in found.items() if name}

    async def outsiders(self, workspace: str, channel: str, user: str) -> bool:
        """Whether what is said there may reach people of other organisations, or the asker is a guest."""
        try:
            if not is_member(await self._user(workspace, user, ASKED_SECONDS), workspace):
                return True
            return not channel.startswith("D") and _is_shared(await self._channel(workspace, channel))
        except ChatError:
            return True

    async def readers(self, place: Place) -> Readers:
        """Who reads along in a channel. Raises a `ChatError` where Slack can't be asked."""
        if place.channel.startswith("D"):
            return Readers(Openness.DIRECT)
        about = await self._channel(place.workspace, place.channel)
        openness = Openness.MEMBERS if about.get("is_private", True) else Openness.WORKSPACE
        name = "" if about.get("is_mpim") else str(about.get("name") or "")
        return Readers(openness, _is_shared(about) or await self._has_guests(place), name)

    async def membership(self, near: Place, user: str, channels: Collection[str]) -> Membership:
        """Of the workspace, and of those of its ``channels`` (by key) that the app is in too. Raises a `ChatError`."""
        about = await self._user(near.workspace, user, 0.0)
        if about.get("deleted"):
            return Membership()
        workspaces = {near.workspace_key} if is_member(about, near.workspace) else set()
        wanted = {one for one in channels if one.startswith(f"{near.workspace_key}/")}
        found: set[str] = set()
        kinds = "public_channel,private_channel,mpim"
        if wanted:
            pages = self._pages(near.workspace, "users.conversations", "channels", user=user, types=kinds)
            async for page in pages:
                found |= {f"{near.workspace_key}/{one['id']}" for one in page}
        return Membership(frozenset(workspaces), frozenset(found & wanted))

    async def _told(self, workspace: str, user: str) -> Json:
        """What Slack says of somebody; nothing where it does not."""
        try:
            return await self._user(workspace, user, NAMED_SECONDS)
        except ChatError:
            return {}

    async def _user(self, workspace: str, user: str, within: float) -> Json:
        async def ask() -> Json:
            found: Json = (await self._calls(workspace, "users.info", patience=QUICK, user=user))["user"]
            return found

        about: Json = await self._once(("users.info", workspace, user), within, ask)
        return about

    async def _channel(self, workspace: str, channel: str) -> Json:
        async def ask() -> Json:
            answer = await self._calls(workspace, "conversations.info", patience=QUICK, channel=channel)
            found: Json = answer["channel"]
            return found

        about: Json = await self._once(("conversations.info", workspace, channel), ASKED_SECONDS, ask)
        return about

    async def _has_guests(self, place: Place) -> bool:
        """Whether guests of the workspace are in the channel; also where there are too many people to tell."""

        async def ask() -> bool:
            arguments = {"channel": place.channel}
            pages = self._pages(place.workspace, "conversations.members", "members", whole=True, **arguments)
            return any([not guests.isdisjoint(page) async for page in pages])

        guests = await self._guests(place.workspace)
        if not guests:
            return False
        return bool(await self._once(("conversations.members", place.workspace, place.channel), ASKED_SECONDS, ask))

    async def _guests(self, workspace: str) -> frozenset[str]:
        async def ask() -> frozenset[str]:
            found: set[str] = set()
            async for page in self._pages(workspace, "users.list", "members", whole=True, team_id=workspace):
                found |= {one["id"] for one in page if not one.get("deleted") and not is_member(one, workspace)}
            return frozenset(found)

        guests: frozenset[str] = await self._once(("users.list", workspace), ASKED_SECONDS, ask)
        return guests

    async def _pages(
        self, workspace: str, method: str, name: str, *, whole: bool = False, **arguments: Any
    ) -> AsyncIterator[list[Any]]:
        """The pages of a list. Raises `ChatAway` where it has more of them than are read and the ``whole`` is needed."""
        cursor = ""
        for _ in range(PAGES):
            more: Json = {"cursor": cursor} if cursor else {}
            answer = await self._calls(workspace, method, patience=QUICK, limit=PAGE, **arguments, **more)
            yield answer[name]
            cursor = (answer.get("response_metadata") or {}).get("next_cursor", "")
            if not cursor:
                return
        if whole:
            raise ChatAway(f"Slack's {method} tells of more than {PAGE * PAGES:,}.")

    async def _once(self, key: tuple[str, ...], within: float, ask: Callable[[], Awaitable[Any]]) -> Any:
        """What ``ask`` tells, or told so many seconds ago; who comes meanwhile waits for the same answer."""
        began = self._clock()
        async with self._asking.setdefault(key, asyncio.Lock()):
            at, known = self._kept.get(key, (0.0, None))
            if known is not None and at >= began - within:
                return known
            at, found = self._clock(), await ask()
            self._kept.pop(key, None)
            self._kept[key] = (at, found)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return found


def is_member(user: Json, workspace: str) -> bool:
    """Whether somebody is a full member of a workspace: no guest, and not only met in a channel that is shared.

    In an organisation it is told which of its workspaces somebody is in.
    """
    if any(user.get(name) for name in _GUEST):
        return False
    organised = user.get("enterprise_user") or {}
    teams = {user.get("team_id"), *organised.get("teams", ())}
    return workspace in teams or (bool(workspace) and workspace == organised.get("enterprise_id"))


def name_of(user: Json) -> str:
    """The name that others see (docs.slack.dev/reference/objects/user-object)."""
    profile = user.get("profile") or {}
    return str(profile.get("display_name") or profile.get("real_name") or user.get("real_name") or "")


def _is_shared(channel: Json) -> bool:
    return any(channel.get(name) for name in _SHARED)
