"""Delivery over HTTP, signed. docs.slack.dev/authentication/verifying-requests-from-slack."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import aiohttp

if TYPE_CHECKING:
    from tests.servers.slack.server import Slack


@dataclass
class HttpAnswer:
    status: int = 0
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""
    """http_timeout, http_error or connection_failed: what X-Slack-Retry-Reason says."""

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300

    def parsed(self) -> Any:
        """The body, as JSON if it is; None if it is empty."""
        try:
            return json.loads(self.text) if self.text else None
        except ValueError:
            return self.text


def signature(secret: str, timestamp: str, body: str) -> str:
    basis = f"v0:{timestamp}:{body}".encode()
    return "v0=" + hmac.new(secret.encode(), basis, hashlib.sha256).hexdigest()


class Poster:
    def __init__(self, slack: Slack) -> None:
        self._slack = slack
        self._session: aiohttp.ClientSession | None = None

    async def post(
        self,
        url: str,
        kind: str,
        payload: dict[str, Any],
        *,
        retry: tuple[int, str] | None = None,
        signed: bool = True,
        skew: float = 0,
    ) -> HttpAnswer:
        """``signed=False`` signs with another secret; ``skew`` moves the timestamp (−600 is ten minutes old)."""
        body, content_type = _body(kind, payload)
        timestamp = str(int(self._slack.clock.now() + skew))
        secret = self._slack.app.signing_secret if signed else "not-the-secret"
        headers = {
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature(secret, timestamp, body),
        }
        if retry:
            headers |= {"X-Slack-Retry-Num": str(retry[0]), "X-Slack-Retry-Reason": retry[1]}
        return await self._send(url, body, headers)

    async def _send(self, url: str, body: str, headers: dict[str, str]) -> HttpAnswer:
        self._session = self._session or aiohttp.ClientSession()
        timeout = aiohttp.ClientTimeout(total=self._slack.timing.ack)
        try:
            async with self._session.post(
                url, data=body.encode(), headers=headers, timeout=timeout, allow_redirects=False
            ) as answer:
                text = await answer.text()
                good = 200 <= answer.status < 300
                return HttpAnswer(answer.status, text, answer.headers, "" if good else "http_error")
        except TimeoutError:
            return HttpAnswer(problem="http_timeout")
        except aiohttp.ClientError:
            return HttpAnswer(problem="connection_failed")

    async def verify(self, url: str) -> bool:
        """The url_verification challenge of the settings page."""
        challenge = self._slack.clock.secret()
        payload = {"token": self._slack.app.verification_token, "challenge": challenge, "type": "url_verification"}
        answer = await self.post(url, "events_api", payload)
        parsed = answer.parsed()
        echoed = parsed.get("challenge") if isinstance(parsed, dict) else parsed
        return answer.good and echoed == challenge

    async def stop(self) -> None:
        if self._session:
            await self._session.close()


def _body(kind: str, payload: dict[str, Any]) -> tuple[str, str]:
    form = "application/x-www-form-urlencoded"
    if kind == "interactive":
        return urlencode({"payload": json.dumps(payload)}), form
    if kind == "slash_commands":
        return urlencode(payload), form
    return json.dumps(payload), "application/json"
