"""The Bolt app: which part of the adapter handles what Slack delivers, once it is kept."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Awaitable, Callable

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.async_context import AsyncBoltContext

from bot.slack.calls import Json
from bot.slack.clients import Clients
from bot.slack.events import Events, Where
from bot.slack.forms import CALLBACK
from bot.slack.home import Home
from bot.slack.interactions import Interactions
from bot.slack.slash import REMEMBER, Slash

Gone = Callable[[str, str, bool, float], Awaitable[None]]
"""Told that the app is uninstalled, or its token taken back: the workspace, its organisation, whether in all of that, and
until when that was."""
EVENTS = (
    "agent_session_stopped",
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
    "tokens_revoked",
)
"""What the app subscribes to; the manifest lists the same."""


def bolt_app(
    clients: Clients, events: Events, interactions: Interactions, slash: Slash, home: Home, gone: Gone
) -> AsyncApp:
    """An app that handles what it is given before it returns, and raises what goes wrong."""

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult | None:
        return await clients.authorize(enterprise_id, team_id)  # Bolt looks at a function's names, and takes no method

    app = AsyncApp(
        name="footnote",
        logger=logging.getLogger("bot.slack"),
        client=clients.make(),
        authorize=authorize,  # type: ignore[arg-type]  # it may say that the app is not installed
        process_before_response=True,
        request_verification_enabled=False,
        attaching_function_token_enabled=False,
        attaching_conversation_kwargs_enabled=False,
    )
    app.error(_raised)
    _listen_to_events(app, events, home, gone)
    app.action(re.compile(".*"))(_acknowledged(interactions.pressed))
    app.view(CALLBACK)(_acknowledged(interactions.submitted))
    app.shortcut(REMEMBER)(_acknowledged(slash.remember))
    for name, command in slash.commands.items():
        app.command(name)(_acknowledged(slash.ask if command.run is None else slash.run))
    return app


def _listen_to_events(app: AsyncApp, events: Events, home: Home, gone: Gone) -> None:
    async def posted(body: Json, context: AsyncBoltContext) -> None:
        await events.message(Where.of(body, str(context.bot_user_id)), body["event"])

    async def stopped(body: Json, context: AsyncBoltContext) -> None:
        await events.stopped(Where.of(body, str(context.bot_user_id)), body["event"])

    async def opened(body: Json, context: AsyncBoltContext) -> None:
        await home.opened(Where.of(body, str(context.bot_user_id)), body["event"])

    async def uninstalled(body: Json, context: AsyncBoltContext) -> None:
        at = float(body.get("event_time") or math.inf) + 1  # Slack tells whole seconds
        await gone(context.team_id or "", context.enterprise_id or "", bool(context.is_enterprise_install), at)

    async def revoked(body: Json, context: AsyncBoltContext) -> None:
        if (body["event"].get("tokens") or {}).get("bot"):
            await uninstalled(body, context)

    app.event("message")(posted)
    app.event("app_mention")(posted)
    app.event("agent_session_stopped")(stopped)
    app.event("app_home_opened")(opened)
    app.event("app_uninstalled")(uninstalled)
    app.event("tokens_revoked")(revoked)


def _acknowledged(handle: Callable[[Json], Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """A listener in Bolt's form. Slack has had its acknowledgement; Bolt wants one too."""

    async def listener(ack: Callable[[], Awaitable[object]], body: Json) -> None:
        await ack()
        await handle(body)

    return listener


async def _raised(error: Exception) -> None:
    raise error
