"""One socket to the gateway: the opcodes, the heartbeats, the compression."""

from __future__ import annotations

import asyncio
import json
import time
import zlib
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from tests.servers.discord.sessions import Refused, Session

if TYPE_CHECKING:
    from tests.servers.discord.gateway import Gateway

MOST_SENDS, WITHIN = 120, 60.0
LONGEST = 4096
IGNORED = (3, 4, 31, 43)
"""Presence, voice state, soundboards, channel info: taken and forgotten."""


class Connection:
    def __init__(self, gateway: Gateway, socket: web.WebSocketResponse, request: web.Request) -> None:
        self.gateway = gateway
        self.socket = socket
        self.request = request
        self.queue: asyncio.Queue[str] = asyncio.Queue()
        self.session: Session | None = None
        self.client_code: int | None = None
        """The close code that the client gave, if it was the client that closed."""
        self.speaking = asyncio.Event()
        self.speaking.set()
        self._encode = encoder(request.query.get("compress"))
        self._received: deque[float] = deque()
        self._beat = time.monotonic()
        self._we_closed = False

    async def run(self) -> None:
        if code := self._wrong_query():
            await self.close(code)
            return
        interval = self.gateway.world.settings.heartbeat_interval
        self.send(10, {"heartbeat_interval": int(interval * 1000), "_trace": []})
        tasks = [asyncio.create_task(self._write()), asyncio.create_task(self._watch(interval))]
        try:
            await self._read()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _wrong_query(self) -> int:
        query = self.request.query
        if query.get("v") not in ("9", "10"):
            return 4012
        compress = query.get("compress")
        return 4002 if query.get("encoding") != "json" or compress not in (None, "zlib-stream", "zstd-stream") else 0

    def send(self, op: int, data: Any) -> None:
        self.queue.put_nowait(json.dumps({"op": op, "d": data, "s": None, "t": None}))

    async def close(self, code: int) -> None:
        self._we_closed = True
        await self.socket.close(code=code)

    def cut(self, code: int | None) -> None:
        """At once, with no word or with a code."""
        self._we_closed = True
        if code is not None:
            self._closing = asyncio.ensure_future(self.socket.close(code=code))
        elif self.request.transport is not None:
            self.request.transport.abort()

    async def _write(self) -> None:
        while True:
            frame = await self.queue.get()
            await self.speaking.wait()
            if self.gateway.deliveries.delay and '"op": 0' in frame[:8]:
                await asyncio.sleep(self.gateway.deliveries.delay)
            encoded = self._encode(frame)
            try:
                if isinstance(encoded, bytes):
                    await self.socket.send_bytes(encoded)
                else:
                    await self.socket.send_str(encoded)
            except (ConnectionError, RuntimeError):
                return

    async def _watch(self, interval: float) -> None:
        """Who forgets its heartbeat is cut off, and may resume."""
        while True:
            await asyncio.sleep(interval / 4)
            if time.monotonic() - self._beat > interval * 1.5:
                await self.close(4000)
                return

    async def _read(self) -> None:
        async for message in self.socket:
            if message.type is not WSMsgType.TEXT:
                await self.close(4002)
                return
            try:
                self._take(message.data)
            except Refused as refused:
                await self.close(refused.code)
                return
        if not self._we_closed:
            self.client_code = self.socket.close_code

    def _take(self, text: str) -> None:
        self._count()
        try:
            frame = json.loads(text)
            op, data = frame["op"], frame.get("d")
        except (ValueError, KeyError, TypeError):
            raise Refused(4002) from None
        if len(text.encode()) > LONGEST:
            raise Refused(4002)
        if op == 1:
            self._beat = time.monotonic()
            self.send(11, None)
        elif op in (2, 6):
            self._begin(op, data)
        elif self.session is None:
            raise Refused(4003)
        elif op == 8:
            self.gateway.chunk(self.session, data)
        elif op not in IGNORED:
            raise Refused(4001)

    def _begin(self, op: int, data: Any) -> None:
        if self.session is not None:
            raise Refused(4005)
        if not isinstance(data, dict):
            raise Refused(4002)
        if op == 2:
            self.session = self.gateway.identify(data)
            if self.session is not None:
                self.session.queue = self.queue
                self.gateway.welcome(self.session)
        else:
            self.session = self.gateway.resume(data, self.queue)
        if self.session is None:
            self.send(9, False)
        self.gateway.world.changed()

    def _count(self) -> None:
        now = time.monotonic()
        self._received.append(now)
        while self._received and now - self._received[0] > WITHIN:
            self._received.popleft()
        if len(self._received) > MOST_SENDS:
            raise Refused(4008)


def encoder(compress: str | None) -> Callable[[str], str | bytes]:
    """How frames go over this connection: as text, or through one stream that is flushed after each."""
    if compress == "zlib-stream":
        squeeze = zlib.compressobj()
        return lambda text: squeeze.compress(text.encode()) + squeeze.flush(zlib.Z_SYNC_FLUSH)
    if compress == "zstd-stream":
        import zstandard

        stream = zstandard.ZstdCompressor().compressobj()
        return lambda text: stream.compress(text.encode()) + stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    return lambda text: text
