"""Slack over Socket Mode: a connection that is replaced when Slack asks for it, closes it, or falls silent.

docs.slack.dev/apis/events-api/using-socket-mode. The SDK's client pings every ``PING_SECONDS`` and takes a
connection on which nothing came for that long, pongs included, for dead.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import STORAGE, place_of
from bot.settings import SettingsInvalid
from bot.slack.calls import Json

PING_SECONDS = 10.0
LONGEST = 60.0
REFUSED = {"invalid_auth", "not_authed", "not_allowed_token_type", "missing_scope", "account_inactive", "token_revoked"}
AWAY = (aiohttp.ClientError, OSError, TimeoutError)
Receive = Callable[[str, Json], Awaitable[Json | None]]
log = structlog.get_logger()


@asynccontextmanager
async def listening(token: str, web: AsyncWebClient, receive: Receive) -> AsyncIterator[None]:
    """Connected for as long as this is open; a Slack that is away is waited for. Raises `SettingsInvalid`."""
    client = SocketModeClient(
        token, logger=logging.getLogger("bot.slack.socket"), web_client=web, ping_interval=PING_SECONDS
    )

    async def heard(_: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        try:
            answer = await receive(request.type, request.payload)
        except STORAGE as error:
            # Not acknowledged, it is delivered again: three times over an hour, if the records are back by then.
            log.error("a delivery could not be kept", what=place_of(error))
            return
        await client.send_socket_mode_response(SocketModeResponse(request.envelope_id, payload=answer))

    client.socket_mode_request_listeners.append(heard)
    connecting: asyncio.Task[None] | None = None
    try:
        connecting = await _connect(client)
        yield
    finally:
        if connecting:
            connecting.cancel()
        await client.close()  # type: ignore[no-untyped-call]  # the SDK's


async def _connect(client: SocketModeClient) -> asyncio.Task[None] | None:
    """Connect, or go on trying in the background where Slack is away. From then on the client reconnects by itself."""
    try:
        await client.connect_to_new_endpoint()
    except SlackApiError as error:
        code = error.response.get("error") if isinstance(error.response.data, dict) else ""
        if code in REFUSED:
            raise SettingsInvalid(
                f"FOOTNOTE_SLACK_APP_TOKEN: Slack says {code}. Make an app-level token (xapp-…) with connections:write."
            ) from None
    except AWAY as error:
        log.warning("Slack is away", what=place_of(error))
    else:
        return None
    return asyncio.create_task(_go_on(client))


async def _go_on(client: SocketModeClient) -> None:
    wait = 1.0
    while True:
        await asyncio.sleep(wait)
        try:
            await client.connect_to_new_endpoint()
        except (SlackApiError, *AWAY) as error:
            log.warning("Slack is away", what=place_of(error), again_in=wait)
            wait = min(2 * wait, LONGEST)
        else:
            return
