"""A feed (RSS, Atom): each entry is a document. What has left the feed's window stays known: a feed shows what is newest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from urllib.parse import urljoin

from retrieval.documents import Audience, Document, content_hash
from retrieval.errors import Unreadable
from retrieval.fetching import shown
from retrieval.parsing import feed as feeds
from retrieval.parsing import parse
from retrieval.parsing.feed import Feed, Item
from retrieval.parsing.parsed import Parsed
from retrieval.sources import READING, Listed
from retrieval.sources.fetcher import Fetcher

MAX_ITEMS = 1_000


class FeedSource:
    """A `Source`. An entry goes by its guid, or else by its link."""

    keeps = True

    def __init__(self, address: str, fetcher: Fetcher, audience: Audience | None = None) -> None:
        self._address = address
        self._fetcher = fetcher
        self._audience = audience or Audience.everyone()
        self._title = ""
        self._items: dict[str, Item] = {}
        self.name = f"feed:{address}"

    async def list(self) -> AsyncIterator[Listed]:
        feed = await self._feed()
        self._title = feed.title
        for item in feed.items[:MAX_ITEMS]:
            self._items.setdefault(f"{self.name}#{item.id}", item)
        for id_, item in self._items.items():
            yield Listed(id_, f"{READING}:{content_hash(repr(item).encode())}")

    async def read(self, listed: Listed) -> Document:
        item = self._items[listed.id]
        parsed = await _parsed(listed.id, item)
        return Document(
            id=listed.id,
            source=self.name,
            uri=self._absolute(item.link),
            title=item.title or parsed.title or self._title or shown(self._address),
            text=parsed.text,
            audience=self._audience,
            content_hash=listed.content_hash,
            headings=parsed.headings,
            links=parsed.links,
            modified=item.modified,
            metadata={"feed": self._title} if self._title else {},
            authors=item.authors,
        )

    def _absolute(self, link: str) -> str:
        """Never with what follows the feed's own ``?``, which may be a secret; empty where there is no link."""
        with suppress(ValueError):
            return link and urljoin(self._address.partition("?")[0], link)
        return link

    async def _feed(self) -> Feed:
        got = await self._fetcher.get(self._address)
        return await asyncio.to_thread(feeds.read, shown(self._address), got.body)


async def _parsed(name: str, item: Item) -> Parsed:
    """The entry's text; its title where it has nothing more."""
    if not item.content.strip():
        if not item.title:
            raise Unreadable(shown(name), "this entry says nothing")
        return Parsed(item.title, item.title)
    page = f"<html><body><article>{item.content}</article></body></html>" if item.is_html else item.content
    try:
        return await parse("entry.html" if item.is_html else "entry.txt", page.encode())
    except Unreadable as error:
        if item.title:
            return Parsed(item.title, item.title)
        raise Unreadable(shown(name), error.reason) from error
