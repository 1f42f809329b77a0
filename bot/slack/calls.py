"""One way to call Slack's Web API: for a workspace, within its budgets, tried again while that may help.

Nothing is tried again blindly: where a call may have taken effect though its answer was lost, `Unclear` says so to
whoever can look. docs.slack.dev/apis/web-api.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Protocol

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.chat import ChatAway, ChatError, ChatGone, ChatRefused
from bot.slack.pace import Pace

Json = dict[str, Any]
PATIENCE = 900.0
"""Seconds for which what must be said is tried again."""
QUICK = 5.0
"""Seconds for which something is asked that can be done without."""
LONGEST = 30.0
"""Seconds between tries, at most."""
UNSAID = 30.0
"""Seconds to wait after a 429 that does not say how many."""
LIMITED = {"ratelimited", "rate_limited", "message_limit_exceeded"}
PASSING = {
    "external_channel_migrating",
    "fatal_error",
    "internal_error",
    "org_login_required",
    "request_timeout",
    "service_unavailable",
    "team_added_to_org",
}
REVOKED = {"account_inactive", "token_revoked", "invalid_auth", "not_authed", "token_expired", "no_installation"}
CLOSED = {
    *REVOKED,
    "access_denied",
    "channel_not_found",
    "ekm_access_denied",
    "enterprise_is_restricted",
    "is_archived",
    "is_inactive",
    "not_in_channel",
    "messages_tab_disabled",
    "restricted_action",
    "restricted_action_non_threadable_channel",
    "restricted_action_read_only_channel",
    "restricted_action_thread_locked",
    "restricted_action_thread_only_channel",
    "team_access_not_granted",
    "team_not_found",
    "thread_not_found",
}
"""What says that the assistant can't speak there any more."""

LOST = (aiohttp.ClientError, TimeoutError, ConnectionError, AttributeError, UnicodeDecodeError)
"""What is raised where no answer came; the last two by the SDK, of what a proxy says in Slack's place."""
log = structlog.get_logger()


class Refused(ChatRefused):
    """Slack refused a call; ``code`` is its name for why."""

    def __init__(self, method: str, code: str, needed: str = "") -> None:
        scope = f" (the app lacks the scope {needed}: install it again from its manifest)" if needed else ""
        super().__init__(f"Slack refused {method}: {code}{scope}")
        self.code = code


class Closed(ChatGone):
    """The same, where the place is closed to the assistant."""

    def __init__(self, method: str, code: str) -> None:
        super().__init__(f"Slack refused {method}: {code}")
        self.code = code


class Unclear(ChatError):
    """The answer to a call was lost: it may or may not have taken effect."""


class Away(ChatAway):
    """Slack could not be reached for as long as it was tried."""


class Tokens(Protocol):
    """Who calls in a workspace."""

    async def client(self, workspace: str) -> AsyncWebClient: ...

    def forget(self, workspace: str) -> None: ...


class Calls:
    """``await calls(workspace, "chat.update", channel=…, ts=…)`` gives the answer."""

    def __init__(self, tokens: Tokens, pace: Pace) -> None:
        self._tokens = tokens
        self._told: set[tuple[str, str, str]] = set()
        self.pace = pace

    async def __call__(
        self,
        workspace: str,
        method: str,
        *,
        patience: float = PATIENCE,
        blindly: bool = True,
        paid: bool = False,
        **arguments: Any,
    ) -> Json:
        """Call until it is answered, for ``patience`` seconds; ``paid`` where its place in the budget was taken before.

        Raises `ChatGone`, `ChatRefused`, or `Unclear` where it must not be tried again ``blindly``.
        """
        deadline, wait = time.monotonic() + patience, 1.0
        while True:
            channel, left = str(arguments.get("channel", "")), deadline - time.monotonic()
            if not await self.pace.turn(workspace, method, channel, within=left, paid=paid):
                raise Away(f"Slack takes no {method} for the next {left:.0f} seconds.")
            paid = False
            try:
                return await self._once(workspace, method, arguments)
            except _Limited:
                continue  # its turn comes when Slack said
            except Unclear:
                if not blindly:
                    raise
            if time.monotonic() + wait > deadline:
                raise Away(f"Slack did not answer {method} for {patience:.0f} seconds.")
            await asyncio.sleep(wait)
            wait = min(2 * wait, LONGEST)

    async def offer(
        self, workspace: str, method: str, *, count: int = 1, spare: int = 0, **arguments: Any
    ) -> Json | None:
        """Call once if the budget has room for ``count`` such calls and ``spare`` more; None where nothing happened.

        Raises as a call does, and `Unclear`.
        """
        channel = str(arguments.get("channel", ""))
        if not self.pace.take(workspace, method, channel, count=count, spare=spare):
            return None
        try:
            return await self._once(workspace, method, arguments)
        except _Limited:
            return None

    async def _once(self, workspace: str, method: str, arguments: Json) -> Json:
        try:
            client = await self._tokens.client(workspace)
            answer = await getattr(client, method.replace(".", "_"))(**arguments)
        except SlackApiError as error:
            self._explain(workspace, method, error)
        except LOST as error:
            raise Unclear(f"The answer of Slack to {method} was lost ({type(error).__name__}).") from error
        return dict(answer.data)

    def _explain(self, workspace: str, method: str, error: SlackApiError) -> None:
        status, code = getattr(error.response, "status_code", 500), code_of(error)
        if status == 429 or code in LIMITED:
            self.pace.hold(workspace, method, _retry_after(error))
            raise _Limited from None
        if status >= 500 or code in PASSING or not code:
            raise Unclear(f"Slack failed at {method} (status {status}).") from None
        needed = str(error.response.get("needed", "")) if code == "missing_scope" else ""
        if code in REVOKED or needed:
            self._tell(workspace, code, needed)
        if code in REVOKED:
            self._tokens.forget(workspace)
        if code in CLOSED:
            raise Closed(method, code) from None
        raise Refused(method, code, needed) from None

    def _tell(self, workspace: str, code: str, needed: str) -> None:
        """Say, once, what only somebody who installs the app can mend."""
        if (workspace, code, needed) not in self._told:
            self._told.add((workspace, code, needed))
            log.error("Slack refuses the app: install it again", workspace=workspace, why=code, scope=needed or None)


class _Limited(Exception):
    """Slack said 429; the pace holds such calls until they may be made."""


def code_of(error: Exception) -> str:
    """Slack's own word for it; empty where what answered was not Slack."""
    data = getattr(error.response, "data", None) if isinstance(error, SlackApiError) else None
    return str(data.get("error") or "") if isinstance(data, dict) else ""


def _retry_after(error: SlackApiError) -> float:
    try:
        return max(1.0, float(error.response.headers["Retry-After"]))
    except (KeyError, ValueError):
        return UNSAID
