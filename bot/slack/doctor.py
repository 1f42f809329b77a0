"""What `footnote doctor` says of Slack: each token's kind and scopes, whether Slack takes it, and what to do next."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.doctor import Finding
from bot.settings import Settings
from bot.slack.calls import LOST, code_of
from bot.slack.manifest import scopes

SECONDS = 10.0
_BOT = "Copy the Bot User OAuth Token (xoxb-…) under Install App into FOOTNOTE_SLACK_BOT_TOKEN."
_APP = "Make an app-level token (xapp-…) with connections:write under Basic Information, for FOOTNOTE_SLACK_APP_TOKEN."
_AWAY = "Look at this machine's network, a proxy (HTTPS_PROXY), or FOOTNOTE_SLACK_API_URL."


async def examine_slack(settings: Settings) -> AsyncIterator[Finding]:
    """Every finding about how Slack is configured; it changes nothing there."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS)) as session:
        client = AsyncWebClient(base_url=settings.slack_api_url, session=session, retry_handlers=[])
        if settings.slack_client_id:
            yield _installing(settings)
        else:
            yield await _bot_token(settings.slack_bot_token.get_secret_value(), client)
        if token := settings.slack_app_token.get_secret_value():
            yield await _app_token(token, client)
        else:
            found = f"over HTTP, at /slack/events on port {settings.slack_port}"
            yield Finding(
                "Slack's way in", "ok", found, "Put HTTPS in front, and enter its address in the app's settings."
            )


def _installing(settings: Settings) -> Finding:
    if not settings.slack_client_secret.get_secret_value():
        return Finding("Slack's OAuth", "wrong", "no client secret", "Set FOOTNOTE_SLACK_CLIENT_SECRET.")
    if not settings.public_url:
        return Finding("Slack's OAuth", "wrong", "no public address", "Set FOOTNOTE_PUBLIC_URL to https://….")
    return Finding("Slack's OAuth", "ok", f"install at {settings.public_url.rstrip('/')}/slack/install")


async def _bot_token(token: str, client: AsyncWebClient) -> Finding:
    what = "Slack's bot token"
    if not token.startswith(("xoxb-", "xoxe.xoxb-")):
        return Finding(what, "wrong", "none" if not token else "it is another kind of token", _BOT)
    try:
        answer = await client.auth_test(token=token)
    except (SlackApiError, *LOST) as error:
        return _wrong(what, error, _BOT)
    held = set(str(answer.headers.get("x-oauth-scopes", "")).split(","))
    if missing := [scope for scope in scopes() if scope not in held]:
        advice = "Paste bot/slack/manifest.json into the app's manifest, and install it again."
        return Finding(what, "wrong", f"scopes are missing: {', '.join(missing)}", advice)
    return Finding(what, "ok", f"{answer['user']} in {answer['team']}, with every scope")


async def _app_token(token: str, client: AsyncWebClient) -> Finding:
    what = "Slack's app token"
    if not token.startswith("xapp-"):
        return Finding(what, "wrong", "it is another kind of token", _APP)
    try:
        await client.apps_connections_open(app_token=token)
    except (SlackApiError, *LOST) as error:
        return _wrong(what, error, _APP)
    return Finding(what, "ok", "Socket Mode connects; no public address is needed")


def _wrong(what: str, error: Exception, advice: str) -> Finding:
    """What Slack says, and the advice for that; or that what answered was not Slack, if anything did."""
    if code := code_of(error):
        return Finding(what, "wrong", f"Slack says {code}", advice)
    return Finding(what, "wrong", f"Slack can't be reached ({type(error).__name__})", _AWAY)
