"""Slack over HTTP, on a port of its own: signed deliveries at /slack/events, installations at /slack/install.

docs.slack.dev/authentication/verifying-requests-from-slack, docs.slack.dev/authentication/installing-with-oauth.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl, urljoin

import aiohttp
import structlog
from aiohttp import web
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from agent.errors import place_of
from bot.errors import STORAGE
from bot.settings import Settings, SettingsInvalid
from bot.slack.calls import Json
from bot.slack.installations import Installations
from bot.slack.manifest import scopes
from bot.slack.states import States

INSTALL, BACK, EVENTS = "/slack/install", "/slack/oauth_redirect", "/slack/events"
LARGEST = 4_000_000
"""Bytes of one delivery."""
Receive = Callable[[str, Json], Awaitable[Json | None]]
log = structlog.get_logger()


@asynccontextmanager
async def serving(settings: Settings, flow: AsyncOAuthFlow | None, receive: Receive) -> AsyncIterator[None]:
    """Listens for as long as this is open; with a ``flow`` it installs too. Raises `SettingsInvalid` where the port is taken."""
    application = web.Application(client_max_size=LARGEST)
    if secret := settings.slack_signing_secret.get_secret_value():
        application.router.add_post(EVENTS, _Deliveries(SignatureVerifier(secret), receive).handle)
    if flow is not None:
        application.router.add_get(INSTALL, _by(flow.handle_installation))
        application.router.add_get(BACK, _by(flow.handle_callback))
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.host, settings.slack_port).start()
    except OSError as error:
        await runner.cleanup()
        raise SettingsInvalid(
            f"FOOTNOTE_SLACK_PORT: {settings.slack_port} can't be used ({error.strerror}); choose another port."
        ) from error
    try:
        yield
    finally:
        await runner.cleanup()


class _Deliveries:
    """A delivery is read only once its signature is found good; it must be younger than five minutes."""

    def __init__(self, verifier: SignatureVerifier, receive: Receive) -> None:
        self._verifier = verifier
        self._receive = receive

    async def handle(self, request: web.Request) -> web.Response:
        data = await request.read()
        if not self._is_signed(data, request):
            return web.json_response({"error": "invalid request"}, status=401)
        try:
            kind, body = _parsed(request.content_type, data.decode())
        except ValueError:
            return web.json_response({"error": "not understood"}, status=400)
        if body.get("type") == "url_verification":
            return web.json_response({"challenge": body.get("challenge", "")})
        if "ssl_check" in body:
            return web.Response()
        try:
            answer = await self._receive(kind, body)
        except STORAGE as error:
            log.error("a delivery could not be kept", what=place_of(error))
            return web.Response(status=503)
        return web.Response() if answer is None else web.json_response(answer)

    def _is_signed(self, data: bytes, request: web.Request) -> bool:
        try:
            return self._verifier.is_valid_request(data, dict(request.headers))
        except (ValueError, TypeError):
            return False  # a time that is none, a signature or a body that is no text


def _parsed(content_type: str, text: str) -> tuple[str, Json]:
    """What kind of delivery it is, and its payload. Raises `ValueError`."""
    if content_type == "application/json":
        kind, body = "events_api", json.loads(text)
    else:
        fields = dict(parse_qsl(text, keep_blank_values=True))
        interactive = "payload" in fields
        kind, body = ("interactive", json.loads(fields["payload"])) if interactive else ("slash_commands", fields)
    if not isinstance(body, dict) or (kind == "slash_commands" and not {"command", "ssl_check"} & set(body)):
        raise ValueError(kind)
    return kind, body


def oauth_flow(
    settings: Settings, session: aiohttp.ClientSession, installations: Installations, states: States
) -> AsyncOAuthFlow:
    """Bolt's way through an installation, from the page that begins it to the one that Slack leads back to."""
    public = settings.public_url.rstrip("/")
    return AsyncOAuthFlow(
        client=AsyncWebClient(base_url=settings.slack_api_url, session=session, retry_handlers=[]),
        logger=None,
        settings=AsyncOAuthSettings(
            client_id=settings.slack_client_id,
            client_secret=settings.slack_client_secret.get_secret_value(),
            scopes=scopes(),
            install_path=INSTALL,
            redirect_uri_path=BACK,
            redirect_uri=f"{public}{BACK}" if public else None,
            authorization_url=urljoin(settings.slack_api_url, "/oauth/v2/authorize"),
            installation_store=installations,
            state_store=states,
            install_page_rendering_enabled=False,
        ),
    )


def _by(
    handle: Callable[[AsyncBoltRequest], Awaitable[BoltResponse]],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """One of Bolt's pages as aiohttp's."""

    async def page(request: web.Request) -> web.Response:
        asked = AsyncBoltRequest(body="", query=dict(request.query), headers=dict(request.headers))
        try:
            made = await handle(asked)
        except STORAGE as error:
            log.error("an installation could not be kept", what=place_of(error))
            return web.Response(status=503, text="The records can't be reached just now. Try again in a minute.")
        answer = web.Response(status=made.status, text=made.body, content_type="text/html")
        for name, values in made.headers.items():
            for value in values if name.lower() != "content-type" else ():
                answer.headers.add(name, value)
        return answer

    return page
