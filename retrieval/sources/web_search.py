"""The web, by the search API of a SearXNG server (https://docs.searxng.org/dev/search_api.html): what it found lately.

Whoever runs the assistant names the server; its settings must list json among ``search.formats``, or it answers 403.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import urlencode

from pydantic import BaseModel

from retrieval.documents import Audience, Document, content_hash
from retrieval.errors import Away, Unreadable
from retrieval.parsing.dates import timestamp
from retrieval.sources import READING, Listed
from retrieval.sources.api import MAX_BYTES, decoded, shaped
from retrieval.sources.fetcher import Fetcher

LATELY = "week"
"""What the server is asked for; a digest leaves out what it has shown."""
UNCONFIGURED = "no search server is configured: whoever runs me names one with FOOTNOTE_SEARCH_URL"
CLOSED = "its search server gives no JSON: add json to search.formats in its settings.yml"


class Result(BaseModel):
    """One page that was found. Many engines give no date."""

    url: str
    title: str = ""
    content: str | None = ""
    publishedDate: str | None = None  # noqa: N815  # as the API has it


class Results(BaseModel):
    results: list[Result]


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
        pages = [one for one in page.results if one.title and one.url.startswith(("http://", "https://"))]
        self._found = {f"{self.name}#{one.url}": one for one in reversed(pages)}
        for id_, one in reversed(self._found.items()):
            yield Listed(id_, f"{READING}:{content_hash(f'{one.title}{one.content}'.encode())}")

    async def read(self, listed: Listed) -> Document:
        found = self._found[listed.id]
        return Document(
            id=listed.id,
            source=self.name,
            uri=found.url,
            title=found.title,
            text=found.content or found.title,
            audience=self._audience,
            content_hash=listed.content_hash,
            modified=timestamp(found.publishedDate or ""),
        )
