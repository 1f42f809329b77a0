"""What `footnote doctor` says of Discord: the token, what the bot may read, and what it may do in each server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import discord

from agent.text import counted, joined
from bot.chat import ChatError
from bot.discord.connect import logged_in, may_read_content, prepare_library
from bot.discord.errors import ONCE, persistently
from bot.discord.invitation import NEEDED, SPARED, Standing, has_commands, invitation, standing
from bot.discord.membership import SERVERS
from bot.doctor import Finding, some
from bot.settings import Settings, SettingsInvalid

SECONDS = 10.0
"""What Discord has to answer of one server."""
_INTENT = "discord.com/developers/applications → your application → Bot → Message Content Intent."


async def examine_discord(settings: Settings) -> AsyncIterator[Finding]:
    """Every finding about how Discord is configured; it changes nothing there."""
    prepare_library(settings)
    try:
        async with logged_in(settings) as client:
            yield _token(client)
            async for finding in _servers(client):
                yield finding
    except SettingsInvalid as error:
        yield Finding("Discord", "wrong", str(error))


def _token(client: discord.Client) -> Finding:
    if may_read_content(client):
        return Finding("Discord", "ok", "the token is taken; follow-ups in a thread need no mention")
    advice = f"With the message content intent, follow-ups in a thread need no mention: {_INTENT}"
    return Finding("Discord", "missing", "the token is taken; every question needs a mention", advice)


async def _servers(client: discord.Client) -> AsyncIterator[Finding]:
    invite = invitation(client.application_id or 0)
    try:
        async with asyncio.timeout(SECONDS):
            guilds = await persistently(lambda: _guilds(client), ONCE)
    except (ChatError, TimeoutError):
        yield Finding("Discord", "wrong", "it does not say in which servers the bot is", "Try again in a minute.")
        return
    if not guilds:
        yield Finding("Discord", "wrong", "it is in no server", f"Whoever manages a server opens {invite}")
    if len(guilds) > SERVERS:
        yield Finding("Discord", "ok", f"it is in more than {SERVERS} servers; of so many is told here")
    for guild in guilds[:SERVERS]:
        for finding in await _server(client, guild, invite):
            yield finding


async def _guilds(client: discord.Client) -> list[discord.Guild]:
    return [one async for one in client.fetch_guilds(limit=SERVERS + 1, with_counts=False)]


async def _server(client: discord.Client, guild: discord.Guild, invite: str) -> list[Finding]:
    """What is to be said of one server."""
    where = f"in “{guild.name}”"
    try:
        async with asyncio.timeout(SECONDS):
            found = [_may(await standing(client, guild.id), where, invite)]
            commands = await has_commands(client, guild.id)
    except (ChatError, TimeoutError):
        return [Finding("Discord", "wrong", f"it does not say what the bot may do {where}", "Try again in a minute.")]
    if not commands:
        words = f"{where} people have no slash commands of it"
        found.append(Finding("Discord", "missing", words, f"Whoever manages the server opens {invite}"))
    return found


def _may(here: Standing, where: str, invite: str) -> Finding:
    if here.lacking:
        state = "missing" if SPARED.issuperset(here.lacking) else "wrong"
        names = joined([NEEDED[name] for name in here.lacking])
        advice = f"Allow its role this under Server Settings → Roles, or open {invite}"
        return Finding("Discord", state, f"{where} it lacks {names}", advice)
    if not here.seen:
        advice = "Add it, or its role, to a channel: Edit Channel → Permissions."
        return Finding("Discord", "wrong", f"{where} it sees no channel", advice)
    if here.closed:
        names = ", ".join(
            f"{NEEDED[name]} in {some([f'#{one}' for one in there])}" for name, there in here.closed.items()
        )
        advice = "Allow its role this under Edit Channel → Permissions, where it is to answer."
        return Finding("Discord", "missing", f"{where} it lacks {names}", advice)
    hidden = f"; {here.hidden} it does not see" if here.hidden else ""
    found = f"{where} it may do all that it needs, in {counted(here.seen, 'channel')}{hidden}"
    return Finding("Discord", "ok", found)
