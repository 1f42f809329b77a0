"""The messages that the assistant calls by a key: each stands once, whatever is lost, retried or killed in between.

A part is begun in the records, posted with its key in the message's metadata, and then has its address. Where the
address is missing, or an answer was lost, the message is looked for before it is posted again.
docs.slack.dev/messaging/message-metadata.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from bot.chat import ChatGone, ChatRefused, Place
from bot.posts import Post, Posts, digest_of
from bot.slack.blocks import Part
from bot.slack.calls import Away, Calls, Json, Refused, Unclear
from bot.slack.threads import pages

EVENT = "footnote"
QUIET: Json = {"unfurl_links": False, "unfurl_media": False, "link_names": False, "parse": "none"}
"""Nothing that is posted calls anybody or opens a preview."""
LOOK_BACK = 200
"""Messages of a channel's top level among which one that was cut off is looked for."""
TRIES = 8
_DELETED = "message_not_found"
_GONE = {_DELETED, "cant_update_message", "edit_window_closed"}
_UNFIT = {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long"}
"""Slack takes no such blocks, whatever the reason."""
_STREAMING = {"streaming_state_conflict", "cant_delete_message"}
log = structlog.get_logger()


class Messages:
    """``user`` gives the assistant's own user id in a workspace."""

    def __init__(self, calls: Calls, posts: Posts, user: Callable[[str], Awaitable[str]]) -> None:
        self._calls = calls
        self._posts = posts
        self._user = user
        self._locks: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()

    def lock(self, place: Place) -> asyncio.Lock:
        """One change at a time in a thread: what was cut off there is adopted by one message."""
        return self._locks.setdefault(place.key, asyncio.Lock())

    async def known(self, place: Place, key: str, part: int) -> Post | None:
        """What the records say of a part."""
        return next((post for post in await self._posts.of(place, key) if post.part == part), None)

    async def put(self, place: Place, key: str, parts: list[Part]) -> bool:
        """Make the message ``key`` these parts; whether something new was posted. Call with the place locked."""
        known = {post.part: post for post in await self._posts.of(place, key)}
        posted = False
        for number, part in enumerate(parts):
            posted |= await self._put(place, key, number, part, known.get(number))
        for number in sorted(set(known) - set(range(len(parts)))):
            await self._delete(place, known[number].address)
        if len(known) > len(parts):
            await self._posts.remove(place, key, len(parts))
        return posted

    async def remove(self, place: Place, key: str) -> None:
        """Take the message away; one that was being posted when the process died is looked for."""
        for post in await self._posts.of(place, key):
            await self._delete(place, post.address or await self.find(place, key, post.part))
        await self._posts.remove(place, key)

    async def begin(self, place: Place, key: str, part: int) -> None:
        await self._posts.begin(place, key, part)

    async def unbegin(self, place: Place, key: str, part: int) -> None:
        """Slack takes no such part."""
        await self._posts.unbegin(place, key, part)

    async def stands(self, place: Place, key: str, part: int, address: str, shown: Part | None) -> None:
        """A part stands there; ``shown`` is None while it is unfinished."""
        await self._posts.stands(place, key, part, address, digest_of(shown.blocks) if shown else "")

    async def find(self, place: Place, key: str, part: int) -> str | None:
        """The address of a part that was begun and may have been posted: by its key, else a stream of ours that nobody
        knows, which was cut off before it had one."""
        ours = await self._ours(place)
        if named := _named(ours, key, part):
            return named
        known = await self._posts.addresses(place)
        lost = [one for one in ours if "streaming_state" in one and not one.get("metadata") and one["ts"] not in known]
        return str(lost[-1]["ts"]) if lost else None

    async def shared(self, place: Place, name: str) -> str | None:
        """The id of a file of this name that the assistant has shared there lately."""
        files = (file for one in await self._ours(place) for file in one.get("files") or ())
        return next((str(file["id"]) for file in files if file.get("name") == name), None)

    async def _put(self, place: Place, key: str, number: int, part: Part, known: Post | None) -> bool:
        digest = digest_of(part.blocks)
        if known is not None and known.address and known.digest == digest:
            return False
        address = known.address if known else None
        if known is not None and address is None:
            address = await self.find(place, key, number)
        if address is not None:
            gone = await self._update(place, key, number, address, part)
            if not gone or (gone == _DELETED and known and known.digest):  # what somebody deleted stays deleted
                await self._posts.stands(place, key, number, address, digest)
                return False
        await self._posts.begin(place, key, number)
        try:
            address = await self._post(place, key, number, part)
        except (ChatGone, ChatRefused):
            await self._posts.unbegin(place, key, number)
            raise
        await self._posts.stands(place, key, number, address, digest)
        return True

    async def _post(self, place: Place, key: str, number: int, part: Part) -> str:
        about: Json = {"metadata": metadata(key, number), **QUIET}
        if place.thread:
            about["thread_ts"] = place.thread
        for attempt in range(TRIES):
            try:
                answer = await self._send(place, "chat.postMessage", part, blindly=False, **about)
            except Unclear:
                await asyncio.sleep(min(2**attempt, 30))
                if found := _named(await self._ours(place), key, number):
                    return found
            else:
                return str(answer["ts"])
        raise Away(f"Slack did not take a message in {TRIES} tries.")

    async def _send(self, place: Place, method: str, part: Part, **about: Any) -> Json:
        """Post or change a part; where Slack takes no such blocks, as what notifications say of it."""
        try:
            return await self._calls(
                place.workspace, method, channel=place.channel, blocks=part.blocks, text=part.told, **about
            )
        except Refused as refused:
            if refused.code not in _UNFIT:
                raise
            log.error("Slack takes no such blocks, only their text is shown", place=place.key, why=refused.code)
        return await self._calls(place.workspace, method, channel=place.channel, text=part.told, **about)

    async def _update(self, place: Place, key: str, number: int, address: str, part: Part) -> str:
        """Change a message; empty, or why it is not there to be changed."""
        code = ""
        for _ in range(2):
            try:
                await self._send(place, "chat.update", part, ts=address, metadata=metadata(key, number))
            except Refused as refused:
                code = refused.code
                if code in _GONE:
                    return code
                if code not in _STREAMING:
                    raise
                await self.end_stream(place, address)
            else:
                return ""
        return code

    async def end_stream(self, place: Place, address: str) -> None:
        """A stream that is open takes no change: end it with what it has."""
        try:
            await self._calls(place.workspace, "chat.stopStream", channel=place.channel, ts=address)
        except Refused as refused:
            if refused.code not in {"message_not_in_streaming_state", "stopped_by_user", "message_not_found"}:
                raise

    async def _delete(self, place: Place, address: str | None) -> None:
        for _ in range(2):
            if address is None:
                return
            try:
                await self._calls(place.workspace, "chat.delete", channel=place.channel, ts=address)
            except Refused as refused:
                if refused.code == "message_not_found":
                    return
                if refused.code not in _STREAMING:
                    raise
                await self.end_stream(place, address)
            else:
                return

    async def _ours(self, place: Place) -> list[Json]:
        user = await self._user(place.workspace)
        return [one for one in await self._latest(place) if one.get("user") == user]

    async def _latest(self, place: Place) -> list[Json]:
        """The newest messages of a thread, or of a channel's top level, oldest first."""
        if not place.thread:
            answer = await self._calls(
                place.workspace,
                "conversations.history",
                channel=place.channel,
                limit=LOOK_BACK,
                include_all_metadata=True,
            )
            return list(reversed(answer["messages"]))
        found: dict[str, Json] = {}
        async for page in pages(self._calls, place, include_all_metadata=True):
            found |= {one["ts"]: one for one in page}
        return list(found.values())


def metadata(key: str, number: int) -> Json:
    return {"event_type": EVENT, "event_payload": {"key": key, "part": number}}


def _named(messages: list[Json], key: str, number: int) -> str | None:
    for message in messages:
        about = message.get("metadata") or {}
        if about.get("event_type") == EVENT and about.get("event_payload") == {"key": key, "part": number}:
            return str(message["ts"])
    return None
