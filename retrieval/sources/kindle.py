"""A Kindle's My Clippings.txt: one document a book, with its highlights and notes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

from retrieval.documents import Audience, Document, content_hash
from retrieval.errors import Unreadable, why
from retrieval.parsing import clippings
from retrieval.parsing.clippings import Clipping
from retrieval.sources import READING, Listed
from retrieval.sources.highlights import Highlight, written_out


class KindleSource:
    """A `Source`. A file that is away (the Kindle is not plugged in) takes nothing away."""

    keeps = False

    def __init__(self, path: Path, audience: Audience | None = None, max_bytes: int = 50_000_000) -> None:
        self._path = path
        self._audience = audience or Audience.everyone()
        self._max_bytes = max_bytes
        self._books: dict[str, list[Clipping]] = {}
        self.name = f"kindle:{path}"

    async def list(self) -> AsyncIterator[Listed]:
        self._books = {}
        for one in await asyncio.to_thread(lambda: [*self._listed()]):
            yield one

    async def read(self, listed: Listed) -> Document:
        marks = self._books[listed.id]
        first = marks[0]
        highlights = [
            Highlight("" if one.is_note else one.text, one.text if one.is_note else "", one.place) for one in marks
        ]
        return Document(
            id=listed.id,
            source=self.name,
            uri=self._path.as_uri(),
            title=first.title,
            text=await asyncio.to_thread(written_out, highlights),
            audience=self._audience,
            content_hash=listed.content_hash,
            modified=max(one.added for one in marks),
            authors=first.authors,
        )

    def _listed(self) -> Iterator[Listed]:
        for one in self._clippings():
            book = content_hash(repr((one.title, one.authors)).encode())
            self._books.setdefault(f"{self.name}#{book}", []).append(one)
        for id_, marks in self._books.items():
            yield Listed(id_, f"{READING}:{content_hash(repr(marks).encode())}")

    def _clippings(self) -> Sequence[Clipping]:
        try:
            if (size := self._path.stat().st_size) > self._max_bytes:
                raise Unreadable(str(self._path), f"it has {size / 1e6:,.0f} MB and the limit is FOOTNOTE_MAX_FILE_MB")
            return clippings.read(str(self._path), self._path.read_bytes())
        except OSError as error:
            raise Unreadable(str(self._path), why(error)) from error
