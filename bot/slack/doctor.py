"""What `footnote doctor` says of Slack: each token and secret, where the bot is, the way in, and what to do next."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.databases import Databases
from bot.doctor import LOOPBACK, Finding, some
from bot.errors import UNUSABLE
from bot.records import open_engine
from bot.settings import Settings
from bot.slack.calls import LOST, Json, code_of
from bot.slack.installations import installed
from bot.slack.manifest import scopes
from bot.slack.web import BACK, EVENTS, INSTALL

SECONDS = 10.0
_BOT = "Copy the Bot User OAuth Token (xoxb-…) under Install App into FOOTNOTE_SLACK_BOT_TOKEN."
_APP = "Make an app-level token (xapp-…) with connections:write under Basic Information, for FOOTNOTE_SLACK_APP_TOKEN."
_SIGNING = "Copy Basic Information → Signing Secret into FOOTNOTE_SLACK_SIGNING_SECRET."
_CLIENT = "Copy Client ID and Client Secret under Basic Information, for FOOTNOTE_SLACK_CLIENT_ID and …_CLIENT_SECRET."
_AWAY = "Look at this machine's network, a proxy (HTTPS_PROXY), or FOOTNOTE_SLACK_API_URL."
_NO_CODE = "asked-by-footnote-doctor"
"""What Slack is shown in place of a code: of a client that it knows it says that this is none."""
_OF_CLIENT = {"invalid_client_id", "bad_client_secret"}


async def examine_slack(settings: Settings) -> AsyncIterator[Finding]:
    """Every finding about how Slack is configured; it changes nothing there."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS)) as session:
        client = AsyncWebClient(base_url=settings.slack_api_url, session=session, retry_handlers=[])
        token = settings.slack_bot_token.get_secret_value()
        findings = _installing(settings, client) if settings.slack_client_id else _bot_token(token, client)
        async for finding in findings:
            yield finding
        if token := settings.slack_app_token.get_secret_value():
            yield await _app_token(token, client)
        else:
            yield _over_http(settings)


async def _installing(settings: Settings, client: AsyncWebClient) -> AsyncIterator[Finding]:
    """The way in which many workspaces install it, and which have."""
    public = settings.public_url.rstrip("/")
    yield await _oauth(settings, public, client)
    try:
        engine = open_engine(Databases.of(settings).records)
        try:
            where = await installed(engine)
        finally:
            await engine.dispose()
    except UNUSABLE:
        return  # what is said of the database says why
    if where:
        yield Finding("Slack's OAuth", "ok", f"installed in {some(where)}")
    else:
        advice = f"With footnote up running, open {public}{INSTALL} as an admin of the workspace."
        yield Finding("Slack's OAuth", "missing", "nobody has installed it yet", advice)


async def _oauth(settings: Settings, public: str, client: AsyncWebClient) -> Finding:
    what, secret = "Slack's OAuth", settings.slack_client_secret.get_secret_value()
    if settings.slack_bot_token.get_secret_value():
        advice = "Unset FOOTNOTE_SLACK_BOT_TOKEN, or FOOTNOTE_SLACK_CLIENT_ID for one workspace."
        return Finding(
            what, "wrong", "with a bot token too, every workspace is taken for the one of that token", advice
        )
    if not secret:
        return Finding(what, "wrong", "no client secret", "Set FOOTNOTE_SLACK_CLIENT_SECRET.")
    if not _is_public(public):
        found = f"{public} is not where Slack finds it" if public else "no public address"
        return Finding(what, "wrong", found, "Set FOOTNOTE_PUBLIC_URL to https://….")
    try:
        await client.oauth_v2_access(
            client_id=settings.slack_client_id, client_secret=secret, code=_NO_CODE, redirect_uri=f"{public}{BACK}"
        )
    except (SlackApiError, *LOST) as error:
        if not code_of(error) or code_of(error) in _OF_CLIENT:
            return _wrong(what, error, _CLIENT)
    advice = f"{public}{BACK} must be among the app's redirect URLs, under OAuth & Permissions."
    return Finding(what, "ok", f"install at {public}{INSTALL}", advice)


async def _bot_token(token: str, client: AsyncWebClient) -> AsyncIterator[Finding]:
    what = "Slack's bot token"
    if not token.startswith(("xoxb-", "xoxe.xoxb-")):
        yield Finding(what, "wrong", "none" if not token else "it is another kind of token", _BOT)
        return
    try:
        answer = await client.auth_test(token=token)
    except (SlackApiError, *LOST) as error:
        yield _wrong(what, error, _BOT)
        return
    held = set(str(answer.headers.get("x-oauth-scopes", "")).split(","))
    if missing := [scope for scope in scopes() if scope not in held]:
        advice = "Paste bot/slack/manifest.json into the app's manifest, and install it again."
        yield Finding(what, "wrong", f"scopes are missing: {', '.join(missing)}", advice)
        return
    yield Finding(what, "ok", f"{answer['user']} in {answer['team']}, with every scope")
    if not answer.get("is_enterprise_install"):
        yield await _channels(token, str(answer["user"]), client)


async def _channels(token: str, name: str, client: AsyncWebClient) -> Finding:
    what = "Slack's channels"
    try:
        answer = await client.users_conversations(
            token=token, types="public_channel,private_channel", exclude_archived=True, limit=200
        )
    except (SlackApiError, *LOST) as error:
        return _wrong(what, error, "Try again in a minute.")
    channels: list[Json] = answer["channels"]
    if not channels:
        return Finding(what, "missing", "it is in no channel", f"In a channel, write /invite @{name}")
    names = [f"#{one['name']}" for one in channels]
    return Finding(what, "ok", f"it is in {some(names)}")


async def _app_token(token: str, client: AsyncWebClient) -> Finding:
    what = "Slack's app token"
    if not token.startswith("xapp-"):
        return Finding(what, "wrong", "it is another kind of token", _APP)
    try:
        await client.apps_connections_open(app_token=token)
    except (SlackApiError, *LOST) as error:
        return _wrong(what, error, _APP)
    return Finding(what, "ok", "Socket Mode connects; no public address is needed")


def _over_http(settings: Settings) -> Finding:
    what, secret = "Slack's way in", settings.slack_signing_secret.get_secret_value()
    if not secret:
        return Finding(
            what, "wrong", "neither an app-level token nor a signing secret", f"{_APP} Or, over HTTP: {_SIGNING}"
        )
    if secret.startswith("xox") or secret == settings.slack_client_secret.get_secret_value():
        return Finding(what, "wrong", "the signing secret is another kind of secret", _SIGNING)
    if not settings.slack_port:
        return Finding(what, "wrong", "over HTTP, on another port each time", "Set FOOTNOTE_SLACK_PORT, such as 3000.")
    public = settings.public_url.rstrip("/")
    address = f"{public if _is_public(public) else 'https://…'}{EVENTS}"
    found = f"over HTTP, at {EVENTS} on {settings.host}, port {settings.slack_port}"
    advice = (
        f"Put HTTPS in front, and enter {address} for events, interactivity and each command in the app's settings."
    )
    if not re.fullmatch("[0-9a-f]{32}", secret):
        return Finding(
            what, "missing", f"{found}; the signing secret has not the form of Slack's", f"{_SIGNING} {advice}"
        )
    return Finding(what, "ok", found, advice)


def _is_public(address: str) -> bool:
    """Whether Slack could come to an address: it comes to HTTPS alone, and not to this machine's own."""
    parts = urlsplit(address)
    return parts.scheme == "https" and bool(parts.hostname) and parts.hostname not in LOOPBACK


def _wrong(what: str, error: Exception, advice: str) -> Finding:
    """What Slack says, and the advice for that; or that what answered was not Slack, if anything did."""
    if code := code_of(error):
        return Finding(what, "wrong", f"Slack says {code}", advice)
    return Finding(what, "wrong", f"Slack can't be reached ({type(error).__name__})", _AWAY)
