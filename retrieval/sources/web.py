"""A page of the web, or the pages of a site that its sitemap names; its robots.txt is obeyed.

An address that ends in ``/`` stands for what the site's sitemap has below it, one that ends in ``.xml`` is a sitemap
itself; any other is one page, and so is one below which no sitemap has anything.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from urllib.parse import urldefrag, urljoin, urlsplit

from retrieval.documents import Audience, Document, content_hash
from retrieval.errors import Away, Deleted, Unreadable
from retrieval.fetching import Fetched, shown
from retrieval.parsing import parse
from retrieval.parsing import robots as robots_txt
from retrieval.parsing.dates import timestamp
from retrieval.parsing.robots import Robots
from retrieval.parsing.sitemap import Sitemap
from retrieval.parsing.sitemap import read as read_sitemap
from retrieval.sources import READING, Listed
from retrieval.sources.fetcher import Fetcher

MAX_PAGES = 500
MAX_SITEMAPS = 50
SILENT = 5
"""Pages in a row without an answer, after which the site is taken for away."""
LONGEST_PAUSE = 30.0
_SUFFIXES = {"pdf": ".pdf", "html": ".html", "markdown": ".md"}
_GONE = 410


class WebSource:
    """A `Source`. A page that can't be had now keeps what was read; one that is gone for good (410) goes."""

    def __init__(self, address: str, fetcher: Fetcher, audience: Audience | None = None) -> None:
        self._address = urldefrag(address).url
        self._fetcher = fetcher
        self._audience = audience or Audience.everyone()
        self._robots = Robots()
        self._dates: dict[str, str] = {}
        self._since = float("inf")
        self.name = f"web:{self._address}"
        self.keeps = False

    async def list(self) -> AsyncIterator[Listed]:
        self._since = time.time()
        self._robots = await self._rules()
        self._dates = await self._site() if self._is_site else {}
        if not self._dates:
            self.keeps = self._is_site  # a sitemap that is not there today takes no page away
            yield await self._alone()
            return
        async for one in self._pages():
            yield one
        if len(self._dates) > MAX_PAGES:
            yield Listed(f"{self.name}#more", "", away=f"the site has more pages; the first {MAX_PAGES} are read")

    async def read(self, listed: Listed) -> Document:
        page = await self._page(listed.id)
        kind = page.content_type
        suffix = next((suffix for mark, suffix in _SUFFIXES.items() if mark in kind), ".txt")
        try:
            parsed = await parse(f"page{suffix}", page.readable)
        except Unreadable as error:
            raise Unreadable(shown(listed.id), error.reason) from error
        parts = urlsplit(page.url)
        return Document(
            id=listed.id,
            source=self.name,
            uri=page.url,
            title=parsed.title or f"{parts.netloc}{parts.path}".rstrip("/"),
            text=parsed.text,
            audience=self._audience,
            content_hash=listed.content_hash,
            headings=parsed.headings,
            links=tuple(dict.fromkeys(_absolute(page.url, parsed.links))),
            aliases=parsed.aliases,
            modified=parsed.written
            or timestamp(self._dates.get(listed.id, "") or page.headers.get("last-modified", "")),
            metadata=parsed.metadata,
            anchors=parsed.anchors,
            authors=parsed.authors,
        )

    async def _pages(self) -> AsyncIterator[Listed]:
        silent = 0
        for url in list(self._dates)[:MAX_PAGES]:
            try:
                yield await self._listed(url)
                silent = 0
            except Unreadable as error:
                silent = silent + 1 if isinstance(error, Away) and not error.status else 0
                if silent >= SILENT:
                    raise
                if not _is_gone(error):
                    yield Listed(url, "", away=error.reason)

    @property
    def _is_site(self) -> bool:
        return urlsplit(self._address).path.endswith(("/", ".xml", ".xml.gz")) or not urlsplit(self._address).path

    async def _page(self, url: str) -> Fetched:
        pause = min(self._robots.delay, LONGEST_PAUSE) or None
        return await self._fetcher.get(url, since=self._since, pause=pause)

    async def _rules(self) -> Robots:
        """A site without a robots.txt forbids nothing; one that can't say is not read now."""
        address = urljoin(self._address, "/robots.txt")
        try:
            got = await self._fetcher.get(address)
        except Away as error:
            if _is_missing(error):
                return Robots()
            raise
        return await asyncio.to_thread(self._obeyed, got.body)

    def _obeyed(self, body: bytes) -> Robots:
        robots = robots_txt.read(body.decode("utf-8-sig", "replace"))
        return replace(robots, sitemaps=[*self._first(robots.sitemaps)])

    async def _alone(self) -> Listed:
        try:
            return await self._listed(self._address)
        except Away as error:
            if _is_gone(error):
                raise Deleted(shown(self._address), error.reason) from error
            raise

    async def _listed(self, url: str) -> Listed:
        if not self._robots.allows(url):
            raise Unreadable(shown(url), "its robots.txt asks not to read it")
        if date := self._dates.get(url):
            return Listed(url, f"{READING}:{date}")
        page = await self._page(url)
        return Listed(url, f"{READING}:{content_hash(page.body)}", len(page.body))

    async def _site(self) -> dict[str, str]:
        """The pages below the address that the sitemaps name, and when each was written; empty where none does."""
        named = [self._address] if self._is_sitemap else self._robots.sitemaps
        waiting = deque(named or [urljoin(self._address, "/sitemap.xml")])
        seen: set[str] = set()
        pages: dict[str, str] = {}
        while waiting and len(seen) < MAX_SITEMAPS and len(pages) <= MAX_PAGES:
            url = waiting.popleft()
            if url not in seen:
                seen.add(url)
                sitemap = await self._sitemap(url, optional=not named)
                waiting += sitemap.sitemaps
                pages.update(sitemap.pages)
        if self._is_sitemap and not pages:
            raise Unreadable(shown(self._address), "this sitemap names no page of its own host")
        return pages

    async def _sitemap(self, url: str, *, optional: bool) -> Sitemap:
        try:
            got = await self._fetcher.get(url)
            return await asyncio.to_thread(self._ours, shown(url), got.body)
        except Unreadable as error:
            if optional and _is_missing(error):
                return Sitemap()
            raise

    def _ours(self, name: str, body: bytes) -> Sitemap:
        """What a sitemap names of this host, no more of it than is read. For a thread: a hostile one names a great deal."""
        sitemap = read_sitemap(name, body)
        below = "" if self._is_sitemap else _bare(self._address)
        pages = {one: date for one, date in sitemap.pages if self._is_here(one) and _bare(one).startswith(below)}
        return Sitemap(tuple(islice(pages.items(), MAX_PAGES + 1)), self._first(sitemap.sitemaps))

    def _first(self, sitemaps: Iterable[str]) -> tuple[str, ...]:
        return tuple(islice(dict.fromkeys(filter(self._is_here, sitemaps)), MAX_SITEMAPS))

    @property
    def _is_sitemap(self) -> bool:
        return self._address.endswith((".xml", ".xml.gz"))

    def _is_here(self, url: str) -> bool:
        return _host(url) == _host(self._address)


def _is_missing(error: Unreadable) -> bool:
    """Whether a host said that it has no such thing, or has something else there."""
    return not isinstance(error, Away) or (400 <= error.status < 500 and error.status != 429)


def _is_gone(error: Unreadable) -> bool:
    return isinstance(error, Away) and error.status == _GONE


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.lower().removeprefix("www.")
    except ValueError:
        return ""


def _bare(url: str) -> str:
    return url.partition("://")[2].removeprefix("www.")


def _absolute(base: str, links: tuple[str, ...]) -> Iterator[str]:
    for link in links:
        with suppress(ValueError):
            yield urljoin(base, link)
