"""The REST side: authorization, rate limits, failures on demand, and a record of every request."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.servers.discord import routes
from tests.servers.discord.errors import ApiError, Form, refusal
from tests.servers.discord.failures import Failure, Failures
from tests.servers.discord.forms import Upload
from tests.servers.discord.limits import Limits, refusal_headers
from tests.servers.discord.router import ROUTES, Answer, Call, Handler, is_open
from tests.servers.discord.world import World

CDN = "GET /attachments/{channel_id}/{attachment_id}/{filename}"
WORDS = {
    20028: "The write action you are performing on the channel has hit the write rate limit.",
    40062: "Service resource is being rate limited.",
}
assert routes


@dataclass
class Request:
    """One request as it came, and the status it was answered with (None: not yet, or never)."""

    method: str
    route: str
    """``POST /channels/{channel_id}/messages``: the name that limits and failures go by."""
    path: dict[str, str] = field(repr=False)
    query: dict[str, str]
    json: Any
    files: dict[int, Upload]
    at: float
    status: int | None = None
    answer: Any = None
    ignored: list[str] = field(default_factory=list)
    """What it carried without any effect: unknown keys, flags that can't be set here."""


class Rest:
    def __init__(self, world: World) -> None:
        self.world = world
        self.limits = Limits(world.clock, world.settings.global_limit, world.settings.rate_limits)
        self.failures = Failures()
        self.requests: list[Request] = []
        self.crashed: list[Exception] = []
        """Mistakes of this server itself; they are raised when it stops."""
        self.free = asyncio.Event()
        """Set to let go of the requests that hang."""

    def add_to(self, app: web.Application) -> None:
        ordered = sorted(ROUTES, key=lambda one: [part.startswith("{") for part in one[1].split("/")])
        for method, path, handler in ordered:
            app.router.add_route(method, f"/api/v10{path}", self._wrap(f"{method} {path}", handler))
        app.router.add_get(CDN.removeprefix("GET "), self._cdn)
        app.router.add_route("*", "/api/{version}/{rest:.*}", self._nowhere)

    def _wrap(self, name: str, handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            record = Request(
                *(request.method, name, dict(request.match_info), dict(request.query), None, {}),
                at=self.world.clock.now(),
            )
            self.requests.append(record)
            failure = self.failures.draw(name)
            try:
                return await self._perform(request, record, failure, handler)
            except Exception as error:
                self.crashed.append(error)
                raise
            finally:
                self.world.changed()

        return handle

    async def _perform(
        self, request: web.Request, record: Request, failure: Failure | None, handler: Handler
    ) -> web.StreamResponse:
        body: Any = None
        error: ApiError | None = None
        try:
            body, record.files = await read_body(request, self.world)
            record.json = body
        except ApiError as refused:
            error = refused
        if self.world.settings.latency:
            await asyncio.sleep(self.world.settings.latency)
        if failure is not None and not failure.after:
            spoiled = await self._spoil(request, record, failure)
            if spoiled is not None:
                return spoiled
        headers, answer = await self._answer(request, record, body, error, handler)
        record.status, record.answer = answer.status, answer.body
        if failure is not None and failure.after:
            return await self._spoil(request, record, failure) or reply(answer, headers)
        return reply(answer, headers)

    async def _answer(
        self, request: web.Request, record: Request, body: Any, error: ApiError | None, handler: Handler
    ) -> tuple[dict[str, str], Answer]:
        free = is_open(record.route)
        if not free and request.headers.get("Authorization") != f"Bot {self.world.settings.token}":
            return {}, Answer(401, {"message": "401: Unauthorized", "code": 0})
        verdict = self.limits.take(record.route, record.path, is_open=free)
        if verdict.refused:
            text = {"message": "You are being rate limited.", "retry_after": round(verdict.retry_after, 3)}
            return verdict.headers, Answer(429, text | {"global": verdict.scope == "global"})
        try:
            if error is not None:
                raise error
            call = Call(self.world, record.method, record.path, record.query, body, record.files, record.ignored)
            result = await handler(call)
        except ApiError as refused:
            return verdict.headers, Answer(refused.status, refused.body())
        if isinstance(result, Answer):
            return verdict.headers, result
        return verdict.headers, Answer(204 if result is None else 200, result)

    async def _spoil(self, request: web.Request, record: Request, failure: Failure) -> web.StreamResponse | None:
        """The failed answer; None once a hanging request is let go."""
        if failure.how == "hang":
            await self.free.wait()
            return None
        if failure.how == "drop":
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        record.status = failure.how
        if failure.how == 429:
            message = WORDS.get(failure.code or 0, "You are being rate limited.")
            body = {"message": message, "retry_after": failure.retry_after, "global": failure.scope == "global"}
            body |= {"code": failure.code} if failure.code else {}
            return reply(Answer(429, body), refusal_headers(failure.retry_after, failure.scope))
        if failure.how == 500:
            return reply(Answer(500, {"message": "500: Internal Server Error", "code": 0}), {})
        return web.Response(status=failure.how, text="<html>bad gateway</html>", content_type="text/html")

    async def _cdn(self, request: web.Request) -> web.StreamResponse:
        """A file, if the signature is right and not older than a day."""
        failure = self.failures.draw(CDN)
        record = Request("GET", CDN, dict(request.match_info), dict(request.query), None, {}, self.world.clock.now())
        self.requests.append(record)
        if failure is not None and (spoiled := await self._spoil(request, record, failure)):
            return spoiled
        expires = request.query.get("ex", "")
        when = int(expires, 16) if re.fullmatch(r"[0-9a-f]{1,16}", expires) else 0
        one = self.world.attachments.get(int(request.match_info["attachment_id"]))
        signed = request.query.get("hm") == self.world.sign(request.path, when)
        if one is None or not signed or when < self.world.clock.now():
            record.status = 404
            return web.Response(status=404, text="This content is no longer available.")
        record.status = 200
        return web.Response(body=one.data, content_type=one.content_type)

    async def _nowhere(self, request: web.Request) -> web.StreamResponse:
        record = Request(request.method, f"{request.method} {request.path}", {}, {}, None, {}, self.world.clock.now())
        record.status = 404
        self.requests.append(record)
        if request.match_info["version"] != "v10":
            return reply(Answer(400, {"message": "Invalid API version", "code": 50041}), {})
        return reply(Answer(404, {"message": "404: Not Found", "code": 0}), {})


def reply(answer: Answer, headers: dict[str, str]) -> web.Response:
    if answer.status == 204:
        return web.Response(status=204, headers=headers)
    body = json.dumps(answer.body).encode()
    return web.Response(status=answer.status, body=body, content_type="application/json", headers=headers)


async def read_body(request: web.Request, world: World) -> tuple[Any, dict[int, Upload]]:
    """JSON, or multipart with payload_json and files[n] (developers/reference#uploading-files)."""
    if not request.body_exists:
        return None, {}
    if request.content_type == "multipart/form-data":
        return await _read_parts(request, world)
    raw = await request.read()
    if len(raw) > world.settings.request_limit:
        raise refusal(40005)
    if not raw:
        return None, {}
    if request.content_type != "application/json":
        form = Form()
        expected = "Expected \"Content-Type\" header to be one of {'application/json', 'multipart/form-data'}."
        form.wrong("", "CONTENT_TYPE_INVALID", expected)
        form.check()
    return _parse(raw), {}


async def _read_parts(request: web.Request, world: World) -> tuple[Any, dict[int, Upload]]:
    body: Any = {}
    files: dict[int, Upload] = {}
    parts = await request.post()
    if (request.content_length or 0) > world.settings.request_limit:
        raise refusal(40005)
    for name, value in parts.items():
        found = re.fullmatch(r"files\[(\d+)\]", name)
        if isinstance(value, web.FileField):
            data = value.file.read()
            if len(data) > world.settings.attachment_limit:
                raise refusal(40005)
            files[int(found.group(1)) if found else len(files)] = Upload(value.filename, data, value.content_type)
        elif name == "payload_json":
            body = _parse(value if isinstance(value, bytes) else str(value).encode())
    return body, files


def _parse(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        raise refusal(50109) from None
