"""A host on loopback with pages, feeds and APIs on it, which says what it was asked for and in which way.

A page with an ETag answers 304 to whoever has it already. A path that is not there answers 404.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tests.servers.running import running

Answer = Response | Callable[[Request], Response]


@dataclass(frozen=True)
class Asked:
    """One request: path with its query, headers, when it came, and what was answered."""

    path: str
    headers: dict[str, str]
    at: float
    status: int


@dataclass
class WebSources:
    address: str = ""
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    def put(self, path: str, body: str | bytes, kind: str = "text/html", etag: bool = True, **headers: str) -> None:
        """A page; it may name the host's own address as ``HERE``."""
        data = (body.encode() if isinstance(body, str) else body).replace(b"HERE", self.address.encode())
        said = {name.replace("_", "-"): value.replace("HERE", self.address) for name, value in headers.items()}
        if etag:
            said["etag"] = f'"{hashlib.md5(data).hexdigest()}"'

        def answer(request: Request) -> Response:
            if etag and request.headers.get("if-none-match") == said["etag"]:
                return Response(status_code=304, headers=said)
            return Response(data, media_type=kind, headers=said)

        self.answers[path] = answer

    def put_json(self, path: str, body: Any, **headers: str) -> None:
        self.put(path, json.dumps(body), "application/json", **headers)

    def put_feed(self, path: str, *items: tuple[str, str, str, float | None]) -> str:
        """A feed of (title, link, text, date), as XML; returns its address."""
        entries = "".join(
            f"<item><title>{title}</title><link>{link}</link><guid>{link}</guid><description>{text}</description>"
            + (f"<pubDate>{formatdate(at)}</pubDate>" if at is not None else "")
            + "</item>"
            for title, link, text, at in items
        )
        rss = f'<rss version="2.0"><channel><title>N</title>{entries}</channel></rss>'
        self.put(path, rss, "application/rss+xml")
        return f"{self.address}{path}"

    def fail(self, path: str, status: int, **headers: str) -> None:
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[path] = Response(b"no", status, said)

    def endless(self, path: str) -> None:
        self.answers[path] = lambda request: StreamingResponse(_forever(), media_type="text/html")

    def paths(self, status: int | None = None) -> list[str]:
        return [one.path for one in self.asked if status in (None, one.status)]

    async def answer(self, request: Request) -> Response:
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        found = self.answers.get(path) or self.answers.get(request.url.path) or Response(b"nothing here", 404)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0.005)
        self.at_once -= 1
        response = found(request) if not isinstance(found, Response) else found
        self.asked.append(Asked(path, dict(request.headers), time.monotonic(), response.status_code))
        return response


async def _forever() -> AsyncIterator[bytes]:
    while True:
        yield b"<p>and on</p>" * 10_000
        await asyncio.sleep(0)


@contextmanager
def web_sources() -> Iterator[WebSources]:
    made = WebSources()
    application = Starlette(routes=[Route("/{path:path}", made.answer)])
    with running(application) as address:
        made.address = address
        yield made
