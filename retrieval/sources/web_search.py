"""The web, by the search API of a SearXNG server (https://docs.searxng.org/dev/search_api.html): what it found lately.

Whoever runs the assistant names the server; its settings must list json among ``search.formats``, or it answers 403.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from urllib.parse import urlencode

from pydantic import BaseModel

from retrieval.documents import Audience, Document, content_hash
from retrieval.errors import Away, Unreadable
from retrieval.sources import READING, Listed
from retrieval.sources.api import MAX_BYTES, decoded, shaped
from retrieval.sources.fetcher import Fetcher

LATELY = "week"
"""What the server is asked for; a digest leaves out what it has shown."""
UNCONFIGURED = "no search server is configured: whoever runs me names one with FOOTNOTE_SEARCH_URL"
CLOSED = "its search server gives no JSON: add json to search.formats in its settings.yml"
SILENT = "its search engines did not answer: "
NAMED, LONG = 5, 60
"""How many of the engines that did not answer are named, and in how many characters each."""


class Result(BaseModel):
    """One page that was found. Its own date, which many engines don't give, says nothing of when it could be found."""

    url: str | None = None
    title: str | None = None
    content: str | None = None


class Results(BaseModel):
    """An engine that did not answer stands with its reason among ``unresponsive_engines``."""

    results: list[Result]
    unresponsive_engines: list[list[str]] = []


class WebSearchSource:
    """A `Source`. A page goes by its address; it is what the search says of it, and is not fetched itself."""

    keeps = True

    def __init__(self, query: str, url: str, fetcher: Fetcher, audience: Audience | None = None) -> None:
        self.name = f"search:{query}"
        self._query = query
        self._url = url.rstrip("/")
        self._fetcher = fetcher
        self._audience = audience or Audience.everyone()
        self._found: dict[str, Result] = {}

    async def list(self) -> AsyncIterator[Listed]:
        if not self._url:
            raise Unreadable(self.name, UNCONFIGURED)
        asked = urlencode({"q": self._query, "format": "json", "time_range": LATELY})
        try:
            got = await self._fetcher.get(f"{self._url}/search?{asked}", max_bytes=MAX_BYTES, trusted=True)
        except Away as error:
            raise Unreadable(self.name, CLOSED if error.status == 403 else error.reason) from error
        page = shaped(Results, await decoded(got), self.name)
        pages = [one for one in page.results if one.title and (one.url or "").startswith(("http://", "https://"))]
        if not pages and page.unresponsive_engines:
            raise Unreadable(self.name, SILENT + _engines(page.unresponsive_engines))
        self._found = {f"{self.name}#{one.url}": one for one in reversed(pages)}
        for id_, one in reversed(self._found.items()):
            yield Listed(id_, f"{READING}:{content_hash(f'{one.title}{one.content}'.encode())}")

    async def read(self, listed: Listed) -> Document:
        found = self._found[listed.id]
        title = found.title or ""
        return Document(
            id=listed.id,
            source=self.name,
            uri=found.url or "",
            title=title,
            text=found.content or title,
            audience=self._audience,
            content_hash=listed.content_hash,
            modified=0.0,
        )


def _engines(silent: Sequence[Sequence[str]]) -> str:
    """Each with its reason: google (CAPTCHA), bing (timeout) and 2 more."""
    named = [f"{one[0]} ({', '.join(one[1:])})"[:LONG] for one in silent[:NAMED] if one]
    more = len(silent) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")
