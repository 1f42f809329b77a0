"""Socket Mode: tickets, connections, envelopes. docs.slack.dev/apis/events-api/using-socket-mode."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from aiohttp import WSMsgType, web

if TYPE_CHECKING:
    from tests.servers.slack.server import Slack

MOST_CONNECTIONS = 10
Reason = Literal["warning", "refresh_requested", "link_disabled", "too_many_websockets"]


@dataclass(eq=False)
class Connection:
    id: int
    socket: web.WebSocketResponse
    request: web.Request
    silent: bool = False
    """Accepts everything, says nothing: no events, no pings, no pongs."""
    received: list[str] = field(default_factory=list)
    broken: bool = False
    """The line is cut, and who listens at it has not noticed yet."""

    @property
    def live(self) -> bool:
        return not self.socket.closed and not self.broken

    async def send(self, frame: dict[str, Any]) -> bool:
        """False if nothing could be written."""
        if not self.live:
            return False
        if not self.silent:
            try:
                await self.socket.send_str(json.dumps(frame))
            except (ConnectionError, RuntimeError):
                self.broken = True
                return False
        return True


class SocketMode:
    def __init__(self, slack: Slack) -> None:
        self._slack = slack
        self._tickets: dict[str, float] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._count = 0
        self._arrived = asyncio.Condition()
        self.connections: list[Connection] = []
        self.hellos = 0
        """Connections there ever were."""
        self.gaps = 0
        """How often the last connection closed with no other open."""
        self.handshake = 0.0
        """Seconds before a new connection is open."""
        self.tickets_last: float | None = None
        """Seconds for which an address is good; None: until it is used."""
        self.away = False
        """Opens no connection: 503."""
        self.silent = False

    def ticket(self) -> str:
        """A fresh address: it opens one connection."""
        ticket = self._slack.clock.secret()
        self._tickets[ticket] = self._slack.clock.now()
        return f"{self._slack.url.replace('http', 'ws', 1)}/link/?ticket={ticket}&app_id={self._slack.app.id}"

    @property
    def live(self) -> list[Connection]:
        return [each for each in self.connections if each.live]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if self.away:
            return web.Response(status=503)
        issued = self._tickets.pop(request.query.get("ticket", ""), None)
        if issued is None or self._slack.clock.now() - issued > (self.tickets_last or float("inf")):
            return web.Response(status=408, text="ticket expired or used")
        await asyncio.sleep(self.handshake)
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        if len(self.live) >= MOST_CONNECTIONS:
            await socket.send_str(json.dumps(_disconnect("too_many_websockets")))
            await socket.close()
            return socket
        self._count += 1
        connection = Connection(self._count, socket, request, silent=self.silent)
        await self._welcome(connection)
        pinging = asyncio.create_task(self._ping(connection))
        try:
            await self._listen(connection)
        finally:
            pinging.cancel()
            self.connections.remove(connection)
            self.gaps += not self.live
        return socket

    async def _welcome(self, connection: Connection) -> None:
        hello = {
            "type": "hello",
            "num_connections": len(self.live) + 1,
            "debug_info": {
                "host": "applink-test",
                "started": "2026-01-01 00:00:00.000",
                "build_number": 1,
                "approximate_connection_time": 18060,
            },
            "connection_info": {"app_id": self._slack.app.id},
        }
        await connection.send(hello)
        self.hellos += 1
        async with self._arrived:
            self.connections.append(connection)
            self._arrived.notify_all()

    async def _ping(self, connection: Connection) -> None:
        while connection.live:
            await asyncio.sleep(self._slack.timing.ping)
            if not connection.silent:
                with contextlib.suppress(ConnectionError):
                    await connection.socket.ping(b"Ping from applink-test")

    async def _listen(self, connection: Connection) -> None:
        async for message in connection.socket:
            if message.type is WSMsgType.PING:
                if not connection.silent:
                    with contextlib.suppress(ConnectionError):
                        await connection.socket.pong(message.data)
            elif message.type is WSMsgType.TEXT:
                connection.received.append(message.data)
                self._acknowledge(connection, message.data)

    def _acknowledge(self, connection: Connection, text: str) -> None:
        try:
            frame = json.loads(text)
            envelope = frame["envelope_id"]
        except (ValueError, TypeError, KeyError):
            self._slack.violate("malformed_frame", text[:200])
            return
        for name in set(frame) - {"envelope_id", "payload"}:
            self._slack.violate("malformed_frame", f"unexpected {name}")
        self._slack.courier.acknowledged(envelope, frame.get("payload"), connection.id)

    async def any(self, timeout: float | None) -> Connection | None:
        """Any live connection, waited for if there is none."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout), self._arrived:
                await self._arrived.wait_for(lambda: bool(self.live))
                return self._slack.clock.random.choice(self.live)
        return None

    async def connected(self, count: int = 1, timeout: float = 10) -> None:
        """Waits for so many connections."""
        async with asyncio.timeout(timeout), self._arrived:
            await self._arrived.wait_for(lambda: len(self.live) >= count)

    async def disconnect(self, reason: Reason = "refresh_requested", *, after: float = 0.0) -> None:
        """Tells every connection to go, as before a refresh, and closes those ``after`` so many seconds; no warned one."""
        if reason == "link_disabled":
            self._slack.app.socket_mode = False
        told = self.live
        for connection in told:
            await connection.send(_disconnect(reason))
        if reason != "warning":
            closing = asyncio.create_task(_closed(told, after))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
            if not after:
                await closing

    async def close(self, code: int = 1001) -> None:
        """Closes every connection with a code."""
        for connection in self.live:
            await connection.socket.close(code=code)

    def drop(self) -> None:
        """Cuts every connection with no goodbye."""
        for connection in self.live:
            if connection.request.transport is not None:
                connection.request.transport.abort()

    def fall_silent(self, silent: bool = True) -> None:
        """Present connections and new ones accept everything and send nothing."""
        self.silent = silent
        for connection in self.live:
            connection.silent = silent


async def _closed(connections: list[Connection], after: float) -> None:
    await asyncio.sleep(after)
    for connection in connections:
        await connection.socket.close(code=1000)


def _disconnect(reason: str) -> dict[str, Any]:
    return {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-test"}}
