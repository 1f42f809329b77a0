"""Which documents there are, by the names they go by and by their titles: what is read of every one of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import islice

from retrieval.documents import Audience

Row = tuple[str, str, Iterable[str], Iterable[str]]
"""The id of a document, its title, its folded names and its audience's labels."""


class Catalog:
    """The documents of one moment."""

    def __init__(self, documents: Iterable[Row]) -> None:
        self._by_name: dict[str, list[tuple[str, frozenset[str]]]] = {}
        self._by_title: list[tuple[str, str, frozenset[str]]] = []
        audiences: dict[frozenset[str], frozenset[str]] = {}
        for document, title, names, labels in documents:
            seen_by = frozenset(labels)
            seen_by = audiences.setdefault(seen_by, seen_by)
            self._by_title.append((title.casefold(), document, seen_by))
            for name in names:
                self._by_name.setdefault(name, []).append((document, seen_by))
        self._by_title.sort(key=lambda row: row[:2])

    def named(self, names: Collection[str], audience: Audience) -> dict[str, list[str]]:
        """Those of these names that documents go by which this audience may see, with their ids."""
        known = {name: self._by_name[name] for name in self._by_name.keys() & names}
        seen = {name: [one for one, labels in found if audience.sees(labels)] for name, found in known.items()}
        return {name: documents for name, documents in seen.items() if documents}

    def titled(self, query: str, audience: Audience, limit: int, offset: int) -> list[str]:
        """Ids of the documents whose title has these words somewhere, in the order of their titles."""
        folded = query.casefold()
        seen = (one for title, one, labels in self._by_title if folded in title and audience.sees(labels))
        return list(islice(seen, offset, offset + limit))
