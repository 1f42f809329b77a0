"""arXiv: what a search there finds, newest first; title, authors and abstract are a document. Found once, it stays."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from urllib.parse import urlencode

from retrieval.documents import Audience, Document, content_hash
from retrieval.errors import Unreadable
from retrieval.parsing import feed as feeds
from retrieval.parsing.feed import Item
from retrieval.sources import READING, Listed
from retrieval.sources.fetcher import Fetcher

PAUSE = 3.0
"""Seconds between two requests, as https://info.arxiv.org/help/api/tou.html asks."""
PAGE = 100
MOST = 300
"""Papers that one search is read for."""
_VERSION = re.compile(r"v\d+$")


class ArxivSource:
    """A `Source`. A new version of a paper replaces the old one."""

    keeps = True

    def __init__(self, query: str, url: str, fetcher: Fetcher, audience: Audience | None = None) -> None:
        self.name = f"arxiv:{query}"
        self._query = query
        self._url = url
        self._fetcher = fetcher
        self._audience = audience or Audience.everyone()
        self._papers: dict[str, Item] = {}

    async def list(self) -> AsyncIterator[Listed]:
        self._papers = {}
        for start in range(0, MOST, PAGE):
            page = await self._page(start)
            for paper in page:
                number = _VERSION.sub("", paper.id.rpartition("/abs/")[2])
                self._papers.setdefault(f"{self.name}#{number}", paper)
            if len(page) < PAGE:
                break
        for id_, paper in self._papers.items():
            yield Listed(id_, f"{READING}:{content_hash(repr(paper).encode())}")

    async def read(self, listed: Listed) -> Document:
        paper = self._papers[listed.id]
        return Document(
            id=listed.id,
            source=self.name,
            uri=paper.link or paper.id,
            title=paper.title,
            text=f"{paper.title}\n\n{', '.join(paper.authors)}\n\n{' '.join(paper.content.split())}",
            audience=self._audience,
            content_hash=listed.content_hash,
            modified=paper.modified,
            metadata={"arxiv": listed.id.rpartition("#")[2]},
            authors=paper.authors,
        )

    async def _page(self, start: int) -> tuple[Item, ...]:
        asked = {
            "search_query": self._query,
            "start": str(start),
            "max_results": str(PAGE),
            "sortBy": "submittedDate",
            "sortOrder": "descending",
        }
        got = await self._fetcher.get(f"{self._url}?{urlencode(asked)}", pause=PAUSE, trusted=True)
        items = (await asyncio.to_thread(feeds.read, self.name, got.body)).items
        if items and "/api/errors" in items[0].id:  # arXiv says what is wrong with a query in an entry
            raise Unreadable(self.name, f"arXiv says: {' '.join(items[0].content.split())[:200]}")
        return items
