"""Who the assistant is in each workspace, and a client that calls as that: one token, or an installation each."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from http import HTTPStatus

import aiohttp
import structlog
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.errors import SlackApiError
from slack_sdk.oauth.installation_store import Bot
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from agent.errors import place_of
from bot.settings import SettingsInvalid
from bot.slack.calls import LOST, PASSING, Away, Closed, Json, code_of
from bot.slack.installations import Installations

_TRIES = 3
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Identity:
    """The assistant's own user in a workspace. ``enterprise`` is empty outside a Grid."""

    token: str
    workspace: str
    enterprise: str
    user: str
    bot: str


class Clients:
    """With ``token`` everything is one workspace's; else ``installations`` tells."""

    def __init__(
        self, session: aiohttp.ClientSession, api_url: str, token: str, installations: Installations | None
    ) -> None:
        self._session = session
        self._api_url = api_url
        self._token = token
        self._installations = installations
        self._identity: Identity | None = None
        self._clients: dict[str, AsyncWebClient] = {}

    def make(self, token: str | None = None) -> AsyncWebClient:
        """A client that never tries again by itself: the SDK would post twice where an answer was lost."""
        return AsyncWebClient(token=token, base_url=self._api_url, session=self._session, retry_handlers=[])

    async def check(self) -> None:
        """Whether Slack takes the one token. Raises `SettingsInvalid`; a Slack that is away is no reason."""
        if self._token:
            try:
                await self.identity("")
            except Away:
                return
            except Closed as refused:
                raise SettingsInvalid(
                    f"FOOTNOTE_SLACK_BOT_TOKEN: {refused}. Copy the Bot User OAuth Token (xoxb-…) of your app."
                ) from None

    async def client(self, workspace: str) -> AsyncWebClient:
        """The client of a workspace. Raises `ChatGone` where the app is not installed there."""
        token = self._token or (await self._bot(workspace)).bot_token
        if token not in self._clients:
            self._clients[token] = self.make(token)
        return self._clients[token]

    async def respond(self, url: str, message: Json) -> bool:
        """Answer an interaction at its ``response_url``, for the eyes of whoever caused it; whether Slack took that.

        docs.slack.dev/interactivity/handling-user-interaction#message_responses: up to five times, for thirty minutes.
        """
        client = AsyncWebhookClient(url, session=self._session, retry_handlers=[])
        try:
            answer = await client.send_dict({"response_type": "ephemeral", **message})
        except LOST as error:
            log.info("Slack took no response", what=place_of(error))
            return False
        return answer.status_code == HTTPStatus.OK and '"ok":false' not in answer.body.replace(" ", "")

    def forget(self, workspace: str) -> None:
        """A token of this workspace is good no longer."""
        if self._installations is not None:
            self._installations.forget(workspace)

    async def identity(self, workspace: str, enterprise: str = "") -> Identity:
        """Who the assistant is there. Raises `ChatGone` or `ChatRefused`."""
        if not self._token:
            bot = await self._bot(workspace, enterprise)
            return Identity(
                str(bot.bot_token), workspace, bot.enterprise_id or "", str(bot.bot_user_id), str(bot.bot_id)
            )
        if self._identity is None:
            self._identity = await self._who()
        return self._identity

    async def meet(self, workspace: str, enterprise: str) -> None:
        """Something came from this workspace: where its organisation's installation serves it, that is kept."""
        if self._installations is not None and workspace:
            await self._installations.bot(workspace, enterprise)

    async def user(self, workspace: str) -> str:
        """The assistant's own user id in a workspace."""
        return (await self.identity(workspace)).user

    async def gone(self, workspace: str, enterprise: str, whole: bool, at: float = math.inf) -> None:
        """The app was uninstalled there, or its token taken back: in a ``whole`` organisation, or in one workspace.

        ``at``: what was installed after that is another installation.
        """
        if self._installations is not None:
            await self._installations.remove(enterprise if whole else workspace, at)

    async def authorize(self, enterprise_id: str | None, team_id: str | None) -> AuthorizeResult | None:
        """Bolt's question: who the assistant is where something came from; None where it is nobody."""
        try:
            mine = await self.identity(team_id or "", enterprise_id or "")
        except Closed:
            return None
        return AuthorizeResult(
            enterprise_id=enterprise_id,
            team_id=team_id,
            bot_id=mine.bot,
            bot_user_id=mine.user,
            bot_token=mine.token,
        )

    async def _bot(self, workspace: str, enterprise: str = "") -> Bot:
        found = await self._installations.bot(workspace, enterprise) if self._installations else None
        if found is None:
            raise Closed("any call", "no_installation")
        return found

    async def _who(self) -> Identity:
        for attempt in range(_TRIES):
            try:
                answer = await self.make(self._token).auth_test()
            except SlackApiError as error:
                code = code_of(error)
                if code and code not in PASSING and error.response.status_code < 429:
                    raise Closed("auth.test", code) from None
            except LOST:
                pass
            else:
                return Identity(
                    self._token,
                    str(answer["team_id"]),
                    str(answer.get("enterprise_id") or ""),
                    str(answer["user_id"]),
                    str(answer["bot_id"]),
                )
            await asyncio.sleep(0.5 * (attempt + 1))
        raise Away("Slack did not say who the bot is.")
