"""Which documents there are, by their titles, as they are listed."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from retrieval.documents import Audience

Row = tuple[str, str, Iterable[str]]
"""The id of a document, its title and its audience's labels."""


class Titles:
    """The documents of one moment."""

    def __init__(self, documents: Iterable[Row]) -> None:
        audiences: dict[frozenset[str], frozenset[str]] = {}
        self._rows: list[tuple[str, str, frozenset[str]]] = []
        for document, title, labels in documents:
            seen_by = frozenset(labels)
            self._rows.append((title.casefold(), document, audiences.setdefault(seen_by, seen_by)))
        self._rows.sort(key=lambda row: row[:2])

    def having(self, words: str, audience: Audience, limit: int, offset: int) -> list[str]:
        """Ids of the documents whose title has these words somewhere, in the order of their titles."""
        folded = words.casefold()
        seen = (one for title, one, labels in self._rows if folded in title and audience.sees(labels))
        return list(islice(seen, offset, offset + limit))
