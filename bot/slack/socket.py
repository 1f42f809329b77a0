"""Slack over Socket Mode: a connection that is replaced before Slack ends it, and after it is cut or falls silent.

docs.slack.dev/apis/events-api/using-socket-mode. The SDK's client would close a connection before it opens the next,
and try an address for ever that is good for a moment; so each client here has one connection and never another.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from agent.errors import place_of
from bot.errors import STORAGE
from bot.settings import SettingsInvalid
from bot.slack.calls import Json, code_of

PING_SECONDS = 10.0
"""Between two pings; where nothing came back for four times as long the connection is dead."""
LOOK_SECONDS = 1.0
OPENING = 20.0
LEAVING = 60.0
"""For how long a connection that Slack wants gone is heard, if Slack does not close it."""
LONGEST = 60.0
BRIEF = 5.0
"""A connection that ended sooner is not replaced at once."""
REFUSED = {"invalid_auth", "not_authed", "not_allowed_token_type", "missing_scope", "account_inactive", "token_revoked"}
Receive = Callable[[str, Json], Awaitable[Json | None]]
log = structlog.get_logger()


@asynccontextmanager
async def listening(token: str, web: AsyncWebClient, receive: Receive) -> AsyncIterator[Line]:
    """Connected for as long as this is open; a Slack that is away is waited for. Raises `SettingsInvalid`."""
    line = Line(token, web, receive)
    keeping: asyncio.Task[None] | None = None
    try:
        await line.open()
        keeping = asyncio.create_task(line.keep())
        yield line
    finally:
        if keeping:
            keeping.cancel()
        await line.close()


class _Connection(SocketModeClient):
    """``ending`` is set when Slack says `disconnect` or closes it."""

    def __init__(self, token: str, web: AsyncWebClient) -> None:
        logger = logging.getLogger("bot.slack.socket")
        super().__init__(token, logger, web, auto_reconnect_enabled=False, ping_interval=PING_SECONDS)
        self.ending = asyncio.Event()
        self.on_close_listeners.append(self._closed)

    async def connect_to_new_endpoint(self, force: bool = False) -> None:
        """What the SDK calls at `disconnect`: then somebody else opens the next one."""
        if force:
            self.ending.set()
        else:
            await super().connect_to_new_endpoint()

    async def connect(self) -> None:
        self.current_session = await self.aiohttp_client_session.ws_connect(
            self.wss_uri or "", autoping=False, heartbeat=self.ping_interval, proxy=self.proxy
        )
        self.message_receiver = asyncio.create_task(self.receive_messages())
        self.current_session_monitor = asyncio.create_task(self.monitor_current_session())

    async def ends(self) -> None:
        """Wait until it is to be replaced."""
        while not self.ending.is_set() and await self.is_connected():
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self.ending.wait()

    async def hear_out(self) -> None:
        """Go on hearing until Slack closes it, and close it."""
        until = time.monotonic() + LEAVING
        while await self.is_connected() and time.monotonic() < until:  # noqa: ASYNC110  # one that is cut tells nobody
            await asyncio.sleep(LOOK_SECONDS)
        await self.close()  # type: ignore[no-untyped-call]  # the SDK's

    async def _closed(self, _: Any) -> None:
        self.ending.set()


class Line:
    """One connection after the other; two while the older is heard out."""

    def __init__(self, token: str, web: AsyncWebClient, receive: Receive) -> None:
        self._token = token
        self._web = web
        self._receive = receive
        self.since: float | None = None
        """Since when one connection or another was open without a break, in seconds since 1970; None while none is."""
        self._current: _Connection | None = None
        self._leaving: dict[_Connection, asyncio.Task[None]] = {}

    async def open(self) -> None:
        """The first connection, where Slack is there. Raises `SettingsInvalid`."""
        try:
            self._current = await self._opened()
            self.since = time.time()
        except Exception as error:  # noqa: BLE001  # of what a proxy says in Slack's place the SDK raises anything
            code = _why(error)
            if code in REFUSED:
                raise SettingsInvalid(
                    f"FOOTNOTE_SLACK_APP_TOKEN: Slack says {code}. "
                    "Make an app-level token (xapp-…) with connections:write."
                ) from None
            log.warning("Slack opens no connection", what=code)

    async def keep(self) -> None:
        """Have a connection open from now on."""
        wait, since = 0.0, time.monotonic()
        while True:
            if self._current:
                await self._current.ends()
            await self._notice()
            wait = min(max(1.0, 2 * wait), LONGEST) if time.monotonic() - since < BRIEF else 0.0
            await asyncio.sleep(wait)
            since = time.monotonic()
            try:
                opened = await self._opened()
            except Exception as error:  # noqa: BLE001  # or nobody would be heard from now on
                log.warning("Slack opens no connection", what=_why(error))
                continue
            await self._notice()
            if self._current:
                self._leave(self._current)
            self._current, self.since = opened, self.since or time.time()

    async def _notice(self) -> None:
        """Whether the connection is cut before there is another."""
        if self._current is None or not await self._current.is_connected():
            self.since = None

    async def close(self) -> None:
        for hearing in self._leaving.values():
            hearing.cancel()
        for connection in (*self._leaving, self._current):
            if connection:
                await connection.close()  # type: ignore[no-untyped-call]  # the SDK's

    async def _opened(self) -> _Connection:
        connection = _Connection(self._token, self._web)
        connection.socket_mode_request_listeners.append(self._heard)
        try:
            async with asyncio.timeout(OPENING):
                await connection.connect_to_new_endpoint()
        except BaseException:
            await connection.close()  # type: ignore[no-untyped-call]  # the SDK's
            raise
        return connection

    def _leave(self, old: _Connection) -> None:
        self._leaving[old] = asyncio.create_task(old.hear_out())
        self._leaving[old].add_done_callback(lambda _: self._leaving.pop(old))

    async def _heard(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        try:
            answer = await self._receive(request.type, request.payload)
        except STORAGE as error:
            # Not acknowledged, it is delivered again: three times over an hour, if the records are back by then.
            log.error("a delivery could not be kept", what=place_of(error))
            return
        response = SocketModeResponse(request.envelope_id, payload=answer)
        try:
            await client.send_socket_mode_response(response)
        except ConnectionError:
            if self._current is client or self._current is None:
                raise
            await self._current.send_socket_mode_response(response)


def _why(error: Exception) -> str:
    """Slack's own word for it, or where it broke."""
    return code_of(error) or place_of(error)
