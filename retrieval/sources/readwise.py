"""Readwise (https://readwise.io/api_deets): one document a book or article, with its highlights and notes.

The whole export is asked for each time: ``updatedAfter`` gives a book's new highlights without its old ones and says
nothing of what was deleted, so that a document could not be made of it. What is unchanged is told by its hash.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode, urljoin

from pydantic import BaseModel, SecretStr

from retrieval.documents import Audience, Document, content_hash
from retrieval.errors import Away, Unreadable
from retrieval.parsing.dates import timestamp
from retrieval.sources import READING, Listed
from retrieval.sources.api import MAX_BYTES, decoded, shaped
from retrieval.sources.fetcher import Fetcher
from retrieval.sources.highlights import Highlight, written_out

MAX_PAGES = 200


class Mark(BaseModel):
    text: str = ""
    note: str | None = None
    location: int | None = None
    location_type: str | None = None
    highlighted_at: str | None = None
    updated_at: str | None = None
    is_deleted: bool = False

    @property
    def place(self) -> str:
        return (
            f"{self.location_type} {self.location}"
            if self.location and self.location_type in {"page", "location"}
            else ""
        )


class Book(BaseModel):
    user_book_id: int
    title: str | None = None
    author: str | None = None
    source_url: str | None = None
    readwise_url: str | None = None
    document_note: str | None = None
    highlights: list[Mark] = []
    is_deleted: bool = False


class Page(BaseModel):
    results: list[Any]
    nextPageCursor: str | int | None = None  # noqa: N815  # the API's name; its export counts with numbers


class ReadwiseSource:
    """A `Source`: everything that one account has marked."""

    name = "readwise"
    keeps = False

    def __init__(self, key: SecretStr, url: str, fetcher: Fetcher, audience: Audience | None = None) -> None:
        if not key:
            raise Unreadable("readwise", "it needs a key from readwise.io/access_token in FOOTNOTE_READWISE_KEY")
        self._key = key
        self._url = urljoin(url.rstrip("/") + "/", "export/")
        self._fetcher = fetcher
        self._audience = audience or Audience.everyone()
        self._books: dict[str, Book] = {}

    async def list(self) -> AsyncIterator[Listed]:
        self._books = {}
        async for row in self._rows():
            try:
                self._keep(shaped(Book, row, self.name))
            except Unreadable as error:
                number = row.get("user_book_id", "") if isinstance(row, dict) else ""
                yield Listed(f"readwise:{number}", "", away=error.reason)
        for id_, book in self._books.items():
            yield Listed(id_, f"{READING}:{content_hash(book.model_dump_json().encode())}")

    async def read(self, listed: Listed) -> Document:
        book = self._books[listed.id]
        text = written_out(Highlight(one.text.strip(), (one.note or "").strip(), one.place) for one in book.highlights)
        note = (book.document_note or "").strip()
        return Document(
            id=listed.id,
            source=self.name,
            uri=book.source_url or book.readwise_url or "",
            title=book.title or "Without a title",
            text=f"{note}\n\n{text}" if note else text,
            audience=self._audience,
            content_hash=listed.content_hash,
            modified=max(timestamp(one.updated_at or one.highlighted_at or "") for one in book.highlights),
            authors=tuple(
                name.strip() for name in (book.author or "").replace(" and ", ", ").split(",") if name.strip()
            ),
        )

    def _keep(self, book: Book) -> None:
        """A book that stands on two pages of the export is one."""
        id_ = f"readwise:{book.user_book_id}"
        book.highlights = [one for one in book.highlights if not one.is_deleted and (one.text.strip() or one.note)]
        if known := self._books.get(id_):
            known.highlights += book.highlights
        elif book.highlights and not book.is_deleted:
            self._books[id_] = book

    async def _rows(self) -> AsyncIterator[Any]:
        cursor = ""
        for _ in range(MAX_PAGES):
            page = await self._page(cursor)
            for row in page.results:
                yield row
            following = str(page.nextPageCursor or "")
            if following in {"", cursor}:
                return
            cursor = following
        raise Unreadable(self.name, f"its export has more than {MAX_PAGES} pages")

    async def _page(self, cursor: str) -> Page:
        address = f"{self._url}?{urlencode({'pageCursor': cursor})}" if cursor else self._url
        headers = {"Authorization": f"Token {self._key.get_secret_value()}", "Accept": "application/json"}
        try:
            got = await self._fetcher.get(address, headers, max_bytes=MAX_BYTES, trusted=True)
        except Away as error:
            if error.status in {401, 403}:
                reason = f"{error.reason}; check FOOTNOTE_READWISE_KEY"
                raise Away(error.what, reason, error.status, error.wait) from error
            raise
        return shaped(Page, await decoded(got), self._url)
