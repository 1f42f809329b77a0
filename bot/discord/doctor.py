"""What `footnote doctor` says of Discord: whether it takes the token, and whether the bot may read what people write."""

from __future__ import annotations

from collections.abc import AsyncIterator

from bot.discord.connect import may_read_content, prepare_library
from bot.doctor import Finding
from bot.settings import Settings, SettingsInvalid

_INTENT = "discord.com/developers/applications → your application → Bot → Message Content Intent."


async def examine_discord(settings: Settings) -> AsyncIterator[Finding]:
    """Every finding about how Discord is configured; it changes nothing there."""
    prepare_library(settings)
    try:
        reads = await may_read_content(settings)
    except SettingsInvalid as error:
        yield Finding("Discord", "wrong", str(error))
        return
    if reads:
        yield Finding("Discord", "ok", "the token is taken; follow-ups in a thread need no mention")
    else:
        advice = f"With the message content intent, follow-ups in a thread need no mention: {_INTENT}"
        yield Finding("Discord", "missing", "the token is taken; every question needs a mention", advice)
