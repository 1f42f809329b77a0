"""Slack put together: clients, the port, what listens, and the way in that the settings choose."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import aiohttp
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_sdk.oauth.token_rotation.async_rotator import AsyncTokenRotator
from slack_sdk.web.async_client import AsyncWebClient

from bot.app import App
from bot.arrivals import Arrivals
from bot.commands import commands
from bot.digests.command import digest_command
from bot.heard import Heard
from bot.posts import Posts
from bot.settings import SettingsInvalid
from bot.slack import socket, web
from bot.slack.blocks import Links
from bot.slack.calls import Calls
from bot.slack.catching_up import REPEATED, CatchingUp
from bot.slack.chat import SlackChat
from bot.slack.clients import Clients
from bot.slack.delivery import Delivery, dispatch
from bot.slack.events import Accept, Events
from bot.slack.files import Files
from bot.slack.history import History, Overhearing
from bot.slack.home import Home
from bot.slack.installations import Installations, open_seal
from bot.slack.interactions import Interactions
from bot.slack.listeners import bolt_app
from bot.slack.messages import Messages
from bot.slack.pace import Pace
from bot.slack.people import People
from bot.slack.slash import Slash
from bot.slack.states import States

SECONDS = 30.0
"""What one call of the Web API may take."""


@asynccontextmanager
async def connect(app: App, accept: Accept) -> AsyncIterator[SlackChat]:
    """Slack's `Chat` while it is connected; ``accept`` keeps what people do. Raises `SettingsInvalid`.

    What was said while nobody was (`bot.heard`) is caught up with.
    """
    settings = app.settings
    async with AsyncExitStack() as stack:
        timeout = aiohttp.ClientTimeout(total=SECONDS)
        session = await stack.enter_async_context(aiohttp.ClientSession(timeout=timeout))
        installations = _installations(app, session) if settings.slack_client_id else None
        token = settings.slack_bot_token.get_secret_value()
        if not token and installations is None:
            raise SettingsInvalid("FOOTNOTE_SLACK_BOT_TOKEN: set it (xoxb-…), or FOOTNOTE_SLACK_CLIENT_ID for OAuth.")
        clients = Clients(session, settings.slack_api_url, token, installations)
        await clients.check()
        calls = Calls(clients, Pace())
        people = People(calls)
        messages = Messages(calls, Posts(app.records.engine), clients.user)
        files = Files(session, settings.slack_api_url, settings.max_file_mb * 1_000_000)
        history = History(calls, clients, people)
        links = Links(settings.public_url)
        chat = SlackChat(calls, clients, messages, people, files, history, links, app.records.awaits)
        stack.push_async_callback(chat.close)
        digest = digest_command(app.digests, accept, settings.zone, time.time)
        known = commands(app.knowledge, app.audiences, digest, following=app.following)
        home = Home(calls, app.ledger, app.records, people, known)
        stack.push_async_callback(home.close)
        overhearing = Overhearing(app.talk, history)
        events = Events(accept, app.records, people, chat, overhearing, follow_ups=settings.follow_ups)
        interactions = Interactions(accept, app.records, app.ledger, app.toolbox, calls, people, chat)
        stack.push_async_callback(interactions.close)
        slash = Slash(accept, known, chat, messages, people, time.time)
        bolt = bolt_app(clients, events, interactions, slash, home, clients.gone)
        handle = partial(dispatch, bolt, clients)
        arrivals = Arrivals(app.records.engine, app.replica, chat.platform, handle, time.time)
        arrivals.start()
        stack.push_async_callback(arrivals.stop)
        receive = partial(Delivery(interactions, slash).receive, arrivals)
        line, begun = None, time.time()
        if app_token := settings.slack_app_token.get_secret_value():
            line = await stack.enter_async_context(socket.listening(app_token, clients.make(), receive))
        if not app_token or installations is not None:
            await stack.enter_async_context(web.serving(settings, _flow(app, session, installations), receive))
        catching_up = CatchingUp(calls, clients, app.records, arrivals.keep, oauth=installations is not None)
        heard = Heard(app.records.engine, chat.platform, time.time)
        listening = (lambda: line.since) if line else (lambda: begun)
        await stack.enter_async_context(heard.kept(listening, REPEATED, catching_up.run))
        yield chat


def _flow(app: App, session: aiohttp.ClientSession, installations: Installations | None) -> AsyncOAuthFlow | None:
    if installations is None:
        return None
    return web.oauth_flow(app.settings, session, installations, States(app.records.engine, time.time))


def _installations(app: App, session: aiohttp.ClientSession) -> Installations:
    settings = app.settings
    rotator = AsyncTokenRotator(
        client_id=settings.slack_client_id,
        client_secret=settings.slack_client_secret.get_secret_value(),
        client=AsyncWebClient(base_url=settings.slack_api_url, session=session, retry_handlers=[]),
    )
    return Installations(app.records.engine, open_seal(settings), rotator, time.time)
