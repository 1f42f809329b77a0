"""The Web API over HTTP: reads a call, checks who calls and how often, answers, and keeps a record.

docs.slack.dev/apis/web-api
"""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.servers.slack import methods  # noqa: F401 - registers them
from tests.servers.slack.apps import Installation
from tests.servers.slack.call import METHODS, Call, Method
from tests.servers.slack.faults import Fault
from tests.servers.slack.limits import Tier
from tests.servers.slack.refusals import Refused, ratelimited

if TYPE_CHECKING:
    from tests.servers.slack.server import Slack

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
FOREVER = 3600.0


@dataclass
class Recorded:
    """One call as it arrived, and what came of it. ``error`` also names an injected fault: http_500, dropped, hung."""

    method: str
    arguments: dict[str, Any] = field(repr=False)
    token: str = field(repr=False)
    at: float
    ok: bool = False
    error: str | None = None
    status: int = 200
    answer: dict[str, Any] = field(default_factory=dict, repr=False)


class WebApi:
    def __init__(self, slack: Slack) -> None:
        self._slack = slack
        self.calls: list[Recorded] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["method"]
        recorded = Recorded(name, {}, "", self._slack.clock.now())
        self.calls.append(recorded)
        try:
            call = await _read(request, self._slack, name)
            recorded.arguments, recorded.token = call.args, call.token
            return await self._answer(request, call, recorded)
        except Refused as refusal:
            recorded.error, recorded.status = refusal.error, refusal.status
            recorded.answer = refusal.body()
            return web.json_response(recorded.answer, status=refusal.status, headers=refusal.headers)

    async def _answer(self, request: web.Request, call: Call, recorded: Recorded) -> web.StreamResponse:
        fault = self._slack.faults.take(call.method)
        if fault and not fault.applied:
            return await self._fail(request, call, fault, recorded)
        answer = {"ok": True, **self._perform(call)}
        recorded.ok, recorded.answer = True, answer
        if fault:
            return await self._fail(request, call, fault, recorded, answer)
        return web.json_response(answer, headers=_scopes(call))

    def _perform(self, call: Call) -> dict[str, Any]:
        known = METHODS.get(call.method)
        if known is None:
            raise Refused("unknown_method", req_method=call.method)
        self._authenticate(call, known)
        self._meter(call, known.tier)
        if known.token == "bot":
            call.need(*known.scopes)
        for name in set(call.args) - known.arguments - {"token", "team_id"}:
            if known.name != "api.test":
                self._slack.violate("undocumented_argument", f"{call.method}: {name}")
        return known.handler(call)

    def _authenticate(self, call: Call, known: Method) -> None:
        if known.token == "none":
            return
        if not call.token:
            raise Refused("not_authed")
        app = self._slack.app
        if call.token == app.app_token:
            if known.token != "app":
                raise Refused("not_allowed_token_type")
            if not set(known.scopes) <= set(app.app_scopes):
                raise Refused("missing_scope", needed=",".join(known.scopes), provided=",".join(app.app_scopes))
            return
        call.installation = self._holder(call.token)
        if known.token == "app":
            raise Refused("not_allowed_token_type")

    def _holder(self, token: str) -> Installation:
        installation = self._slack.tokens.get(token)
        if installation is None:
            raise Refused("invalid_auth")
        if installation.state == "revoked":
            raise Refused("token_revoked")
        if installation.state == "uninstalled":
            raise Refused("account_inactive")
        if self._slack.clock.now() >= installation.expires.get(token, float("inf")):
            raise Refused("token_expired")
        return installation

    def _meter(self, call: Call, tier: Tier) -> None:
        channel, now = str(call.args.get("channel", "")), self._slack.clock.now()
        if self._slack.meter.told_to_wait(call.method, call.token, channel, now):
            self._slack.violate("retried_too_early", call.method)
        wait = self._slack.meter.spend(call.method, tier, call.token, channel, now)
        if wait:
            raise ratelimited(wait)

    async def _fail(
        self,
        request: web.Request,
        call: Call,
        fault: Fault,
        recorded: Recorded,
        answer: dict[str, Any] | None = None,
    ) -> web.StreamResponse:
        if fault.hang is not None:
            recorded.error = None if answer else "hung"
            await asyncio.sleep(fault.hang)
            if answer is not None:
                return web.json_response(answer)
        if fault.drop or fault.hang is not None:
            recorded.error = "dropped"
            _cut(request)
            return web.Response(status=500)
        if fault.retry_after is not None:
            self._slack.meter.hold(call.method, call.token, fault.retry_after, self._slack.clock.now())
            raise ratelimited(fault.retry_after)
        if fault.error:
            raise Refused(fault.error)
        recorded.ok, recorded.status = False, fault.status or 500
        recorded.error = f"http_{recorded.status}"
        kind, text = fault.says or ("text/html", "<html>Server Error</html>")
        return web.Response(status=recorded.status, text=text, content_type=kind)


async def _read(request: web.Request, slack: Slack, name: str) -> Call:
    args: dict[str, Any] = dict(request.query)
    header = request.headers.get("Authorization", "")
    kind = request.content_type
    if request.method == "POST" and request.can_read_body:
        if kind == "application/json":
            args |= await _json(request)
        elif kind in FORMS:
            args |= {key: str(value) for key, value in (await request.post()).items()}
        elif kind != "text/plain":
            raise Refused("invalid_post_type")
    form_token = "" if kind == "application/json" else str(args.pop("token", ""))
    token = header.removeprefix("Bearer ").strip() if header.startswith("Bearer ") else form_token
    return Call(slack, name, args, token, basic=_basic(header))


async def _json(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.text())
    except ValueError:
        raise Refused("invalid_json") from None
    if not isinstance(body, dict):
        raise Refused("json_not_object")
    return body


def _basic(header: str) -> tuple[str, str] | None:
    if not header.startswith("Basic "):
        return None
    name, _, password = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
    return name, password


def _scopes(call: Call) -> dict[str, str]:
    held = call.installation.scopes if call.installation else ()
    accepted = METHODS[call.method].scopes
    return {"X-OAuth-Scopes": ",".join(held), "X-Accepted-OAuth-Scopes": ",".join(accepted)}


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
