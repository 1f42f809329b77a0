"""Footnote on Discord, connected and put together."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import discord
import structlog
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from agent.errors import place_of
from bot.app import App
from bot.chat import Chat, ChatError
from bot.commands import commands
from bot.digests.command import digest_command
from bot.discord.catching_up import GAP, CatchingUp
from bot.discord.chat import DiscordChat
from bot.discord.commands import Tree
from bot.discord.errors import persistently
from bot.discord.events import Listener
from bot.discord.history import Overhearing
from bot.discord.intake import Intake
from bot.discord.pace import Pace
from bot.heard import Heard
from bot.inbox import Inbox
from bot.settings import Settings, SettingsInvalid

READY_SECONDS = 60.0
LOGIN = (1.0, 2.0, 5.0, 10.0)
"""Seconds between tries to log in while Discord answers with 5xx."""
LONGEST_LIMIT = 60.0
"""Seconds that a rate limit may take before what was asked for counts as not possible now."""
NO_CONTENT = (
    "Discord's message content intent is off: I hear mentions, replies to me, direct messages and commands, but no "
    "follow-ups without a mention. Turn it on at discord.com/developers/applications → your application → Bot → "
    "Message Content Intent, then restart me."
)
log = structlog.get_logger()


@asynccontextmanager
async def connect(app: App, inbox: Inbox) -> AsyncIterator[Chat]:
    """The chat, while the client is connected; what was said while nobody was (`bot.heard`) is caught up with.

    Raises `SettingsInvalid` in one line where Discord refuses the settings.
    """
    settings = app.settings
    prepare_library(settings)
    async with logged_in(settings) as probe:
        content = may_read_content(probe)
    if not content:
        log.warning(NO_CONTENT)
    pace = Pace(time.monotonic)
    client = Listener(
        app.records,
        follow_ups=settings.follow_ups and content,
        intents=intents(content=content),
        http_trace=paced(pace),
        max_ratelimit_timeout=LONGEST_LIMIT,
        guild_ready_timeout=1.0,
        chunk_guilds_at_startup=False,
    )
    chat = DiscordChat(
        client, app.records, pace, public_url=settings.public_url, max_bytes=settings.max_file_mb * 1_000_000
    )
    intake = Intake(client, chat, app.records, inbox, app.replica)
    heard = Heard(app.records.engine, chat.platform, time.time)
    catching_up = CatchingUp(client, app.records, intake, client.hear, heard, await heard.until())
    client.prepare(intake, chat.whispers, Overhearing(client, app.talk), catching_up)
    digest = digest_command(app.digests, inbox.accept, settings.zone, time.time)
    hint = "" if content else f"⚠️ {NO_CONTENT}"
    tree = Tree(client, commands(app.knowledge, app.audiences, digest, hint, app.following))
    await _logged_in(client, settings)
    running = asyncio.create_task(_run(client))
    try:
        await _ready(client, running)
        client.intake.start()
        await _sync(tree, client.application_id or 0)
        async with heard.kept(catching_up.since, GAP, catching_up.again):
            yield chat
    finally:
        await chat.close()
        await client.intake.stop()
        await client.close()
        await asyncio.gather(running, return_exceptions=True)


def intents(*, content: bool) -> discord.Intents:
    """The least that is needed: servers and their channels, messages there and direct ones."""
    return discord.Intents(guilds=True, guild_messages=True, dm_messages=True, message_content=content)


@asynccontextmanager
async def logged_in(settings: Settings) -> AsyncIterator[discord.Client]:
    """A client that asks and hears nothing. Raises `SettingsInvalid` where the token is refused."""
    async with discord.Client(intents=discord.Intents.none(), max_ratelimit_timeout=LONGEST_LIMIT) as probe:
        await _logged_in(probe, settings)
        yield probe


def may_read_content(client: discord.Client) -> bool:
    """Whether the application has the message content intent."""
    application: Any = client.application
    return bool(application.flags.gateway_message_content or application.flags.gateway_message_content_limited)


async def _logged_in(client: discord.Client, settings: Settings) -> None:
    try:
        await persistently(lambda: client.login(settings.discord_token.get_secret_value()), LOGIN)
    except discord.LoginFailure:
        raise SettingsInvalid(
            "FOOTNOTE_DISCORD_TOKEN: Discord refuses it. Copy the bot's token from "
            "discord.com/developers/applications → your application → Bot → Reset Token."
        ) from None
    except ChatError as error:
        raise SettingsInvalid(f"FOOTNOTE_DISCORD_API_URL: {settings.discord_api_url}: {error}") from None


def prepare_library(settings: Settings) -> None:
    """Where Discord is, for the whole process; and the library's own log, whose lines name tokens in addresses, is off."""
    Route.BASE = settings.discord_api_url.rstrip("/")
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(settings.discord_gateway_url)
    logging.getLogger("discord").setLevel(logging.CRITICAL)


def paced(pace: Pace) -> aiohttp.TraceConfig:
    """Every request waits for its turn when it is sent: the library does not know of the limit over all routes.

    Answers to interactions stand outside of that limit, and must not wait.
    """

    async def start(session: object, context: object, request: aiohttp.TraceRequestStartParams) -> None:
        if "/interactions/" not in request.url.path:
            await pace.turn()

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(start)
    return trace


async def _run(client: Listener) -> None:
    """Until the client is closed; what ends it for good is said, for nothing is answered from then on."""
    try:
        await client.connect()
    except (discord.PrivilegedIntentsRequired, discord.ConnectionClosed) as error:
        log.error("Discord closed the connection for good: run footnote doctor", what=place_of(error))
        raise


async def _ready(client: Listener, running: asyncio.Task[None]) -> None:
    waiting = asyncio.create_task(client.wait_until_ready())
    await asyncio.wait({running, waiting}, timeout=READY_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if running.done() and (error := running.exception()) is not None:
        raise SettingsInvalid(f"FOOTNOTE_DISCORD_TOKEN: Discord closed the connection ({place_of(error)}).") from None


async def _sync(tree: Tree, application: int) -> None:
    try:
        if await tree.sync_if_changed(application):
            log.info("commands told to Discord")
    except (ChatError, discord.app_commands.CommandSyncFailure) as error:
        log.warning("Discord did not take the commands; they stay as they were", what=place_of(error))
