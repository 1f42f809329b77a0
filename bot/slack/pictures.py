"""A chart above the message that it belongs to, as a file of Slack's; what Slack does not take loses no message.

docs.slack.dev/messaging/working-with-files. An image block would need a file that Slack has digested, and is refused until then.
"""

from __future__ import annotations

import asyncio
import hashlib

import structlog

from agent.errors import place_of
from bot.chat import Chart, ChatError, Place
from bot.picture import png
from bot.slack.calls import Calls, Json
from bot.slack.files import Files
from bot.slack.messages import Messages

PATIENCE = 15.0
"""Seconds for which a picture is tried: its message waits for it."""
log = structlog.get_logger()


class Pictures:
    """Call with the place locked."""

    def __init__(self, calls: Calls, files: Files, messages: Messages) -> None:
        self._calls = calls
        self._files = files
        self._messages = messages

    async def put(self, place: Place, key: str, chart: Chart) -> None:
        """Share the chart of the message ``key`` once. Never raises a `ChatError`."""
        try:
            await self._put(place, f"{key}:picture", chart)
        except ChatError as error:
            log.warning("a picture was not shared", place=place.key, what=place_of(error))

    async def _put(self, place: Place, key: str, chart: Chart) -> None:
        known = await self._messages.known(place, key, 0)
        if known is not None and known.address:
            return
        name = f"chart-{hashlib.blake2b(key.encode(), digest_size=6).hexdigest()}.png"
        file = await self._messages.shared(place, name) if known is not None else None
        if file is None:
            await self._messages.begin(place, key, 0)
            file = await self._share(place, name, chart)
        await self._messages.stands(place, key, 0, file, None)

    async def _share(self, place: Place, name: str, chart: Chart) -> str:
        """Upload it and post it; gives the file's id."""
        data = await asyncio.to_thread(png, chart)
        about: Json = {"filename": name, "length": len(data), "alt_txt": chart.said[:1_000]}
        given = await self._calls(place.workspace, "files.getUploadURLExternal", patience=PATIENCE, **about)
        await self._files.write(name, str(given["upload_url"]), data)
        there: Json = {"channel_id": place.channel, **({"thread_ts": place.thread} if place.thread else {})}
        files = [{"id": given["file_id"], "title": chart.title}]
        done = "files.completeUploadExternal"
        await self._calls(place.workspace, done, patience=PATIENCE, blindly=False, files=files, **there)
        return str(given["file_id"])
