"""The chat platforms that are configured; each SDK is imported only where its platform is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from bot.app import App
from bot.chat import Mention, Press, Withdrawal
from bot.inbox import Inbox
from bot.settings import Settings

Accept = Callable[[Mention | Press | Withdrawal], Awaitable[None]]
"""`Inbox.accept`, to those who need no more of it."""


def configured(settings: Settings) -> list[str]:
    """The platforms that the settings name."""
    return ["slack"] * settings.has_slack + ["discord"] * settings.has_discord


@asynccontextmanager
async def connected(app: App, inbox: Inbox) -> AsyncIterator[list[str]]:
    """Every configured platform's `Chat` in ``app.chats`` while it runs; gives their names.

    Raises `SettingsInvalid` where a platform refuses what is configured.
    """
    async with AsyncExitStack() as stack:
        names = []
        if app.settings.has_slack:
            from bot.slack.connect import connect as connect_slack

            app.chats["slack"] = await stack.enter_async_context(connect_slack(app, inbox.accept))
            names.append("Slack")
        if app.settings.has_discord:
            from bot.discord.connect import connect as connect_discord

            app.chats["discord"] = await stack.enter_async_context(connect_discord(app, inbox))
            names.append("Discord")
        yield names
