"""A strict SearXNG on loopback, as docs.searxng.org/dev/search_api describes it: ``q`` is required, a format must be switched on.

What it refuses it answers as the server does: 400 for a parameter that can't be, 403 for a format that is off.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.servers.running import running

KNOWN = {"q", "categories", "engines", "language", "pageno", "time_range", "format", "safesearch"}
RANGES = {"day", "week", "month", "year"}


@dataclass
class SearXNG:
    """``found`` are the results of each query; ``formats`` those that are on; ``silent`` the engines that fail, and why."""

    url: str = ""
    found: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    formats: set[str] = field(default_factory=lambda: {"html", "json"})
    silent: list[tuple[str, str]] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)

    def find(self, query: str, *results: tuple[str | None, str | None, str | None, str | None]) -> None:
        """What a query finds from now on: title, address, words and date of each page."""
        self.found[query] = [_result(*one, place) for place, one in enumerate(results, 1)]

    async def search(self, request: Request) -> Response:
        asked = dict(request.query_params)
        self.asked.append(asked)
        if not asked.get("q"):
            return Response("No query", 400)
        if asked.get("format", "html") not in self.formats:
            return Response("Forbidden", 403)
        if set(asked) - KNOWN or asked.get("time_range", "day") not in RANGES:
            return Response("Invalid settings", 400)
        return JSONResponse(
            {
                "query": asked["q"],
                "number_of_results": 0,
                "results": self.found.get(asked["q"], []),
                "answers": [],
                "corrections": [],
                "infoboxes": [],
                "suggestions": [],
                "unresponsive_engines": self.silent,
            }
        )


def _result(
    title: str | None, url: str | None, content: str | None, published: str | None, place: int
) -> dict[str, Any]:
    about = {"engine": "duckduckgo", "engines": ["duckduckgo"], "positions": [place], "score": 1.0 / place}
    return {
        "url": url,
        "title": title,
        "content": content,
        "publishedDate": published,
        "category": "general",
        "template": "default.html",
        **about,
    }


@contextmanager
def searxng() -> Iterator[SearXNG]:
    made = SearXNG()
    with running(Starlette(routes=[Route("/search", made.search, methods=["GET", "POST"])])) as url:
        made.url = url
        yield made
