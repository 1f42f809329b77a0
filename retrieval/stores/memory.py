"""A store in this process's memory: for tests, yours too, and for trying things. Nothing is written anywhere."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from retrieval.documents import ANYTHING, Audience, Document, Filter, Hit, Passage
from retrieval.errors import EmbedderMismatch
from retrieval.links import called, fold, names_of
from retrieval.scripts import WORD
from retrieval.stemming import stem
from retrieval.stores import Counts, Holdings, Vector
from retrieval.stores.catalog import Catalog

_STOPWORDS = frozenset(
    {"a", "an", "and", "are", "as", "at", "by", "for", "in", "is", "it", "of", "on", "or", "the", "to", "was", "when"}
)


class InMemoryStore:
    """A `Store`, searched from end to end: good for some thousand passages."""

    name = "memory"

    def __init__(self) -> None:
        self._documents: dict[str, Document] = {}
        self._passages: dict[str, list[Passage]] = {}
        self._vectors: dict[str, list[float]] = {}
        """By what was embedded, so that unchanged words keep theirs."""
        self._bound: tuple[str, int] | None = None

    async def bind(self, embedder: str, dimensions: int) -> None:
        if self._bound and self._bound != (embedder, dimensions) and (await self.counts()).embedded:
            raise EmbedderMismatch(
                f"This store was embedded with {self._bound[0]}, not {embedder}: set FOOTNOTE_EMBEDDER back."
            )
        self._bound = (embedder, dimensions)

    async def answering(self) -> str:
        return self._bound[0] if self._bound else ""

    async def put(self, documents: Sequence[tuple[Document, Sequence[Passage]]]) -> None:
        for document, passages in documents:
            self._documents[document.id] = document
            self._passages[document.id] = list(passages)

    async def remove(self, documents: Collection[str]) -> None:
        for document in documents:
            self._documents.pop(document, None)
            self._passages.pop(document, None)

    async def hashes(self, source: str) -> dict[str, str]:
        return {one.id: one.content_hash for one in self._documents.values() if one.source == source}

    async def others(self, source: str) -> set[str]:
        return {one.id for one in self._documents.values() if one.source != source}

    async def documents(
        self, audience: Audience, *, query: str = "", limit: int = 1000, offset: int = 0
    ) -> list[Document]:
        every = ((one.id, one.title, (), one.audience.labels) for one in self._documents.values())
        wanted = Catalog(every).titled(query, audience, limit, offset)
        return [replace(self._documents[one], text="") for one in wanted]

    async def document(self, document: str, audience: Audience) -> Document | None:
        found = self._documents.get(document)
        return found if found and audience.sees(found.audience.labels) else None

    async def passages(self, documents: Collection[str], audience: Audience) -> list[Passage]:
        return [one for one in self._seen(audience) if one.document in documents]

    async def full_text(self, query: str, audience: Audience, limit: int, where: Filter = ANYTHING) -> list[Hit]:
        seen = self._seen(audience, where)
        bags = [Counter(_words(one.embeddable)) for one in seen]
        usual = sum(map(len, bags)) / len(bags) if bags else 1.0
        scores = dict.fromkeys(range(len(seen)), 0.0)
        for word in set(_words(query)):
            held = sum(word in bag for bag in bags)
            weight = math.log(1 + (len(bags) - held + 0.5) / (held + 0.5))
            for number, bag in enumerate(bags):
                scores[number] += weight * bag[word] * 2.2 / (bag[word] + 1.2 * (0.25 + 0.75 * len(bag) / usual))
        hits = [Hit(seen[number], score, via="text") for number, score in scores.items() if score > 0]
        return sorted(hits, key=lambda hit: -hit.score)[:limit]

    async def nearest(self, vector: Vector, audience: Audience, limit: int, where: Filter = ANYTHING) -> list[Hit]:
        hits = []
        for passage in self._seen(audience, where):
            kept = self._vectors.get(passage.embeddable)
            if kept is not None:
                similarity = float(np.dot(kept, vector) / (np.linalg.norm(kept) * np.linalg.norm(vector) or 1.0))
                hits.append(Hit(passage, similarity, similarity, "meaning"))
        return sorted(hits, key=lambda hit: -hit.score)[:limit]

    async def named(self, names: Collection[str], audience: Audience) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for one in self._documents.values():
            if audience.sees(one.audience.labels):
                for name in names_of(one.title, one.aliases) & set(names):
                    found.setdefault(name, []).append(one.id)
        return found

    async def unembedded(self, limit: int) -> list[Passage]:
        return [one for one in self._every() if one.embeddable not in self._vectors][:limit]

    async def vectors(self, passages: Collection[str]) -> dict[str, list[float]]:
        kept = [one for one in self._every() if one.id in passages and one.embeddable in self._vectors]
        return {one.id: self._vectors[one.embeddable] for one in kept}

    async def embed(self, vectors: Mapping[Passage, Vector]) -> None:
        present = {one.embeddable for one in self._every()}
        self._vectors |= {one.embeddable: list(vector) for one, vector in vectors.items() if one.embeddable in present}

    async def counts(self) -> Counts:
        every = self._every()
        embedded = sum(one.embeddable in self._vectors for one in every)
        return Counts(len(self._documents), len(every), embedded)

    async def holdings(self) -> Holdings:
        return Counter((one.source, one.audience) for one in self._documents.values())

    async def optimize(self) -> None:
        """Forget the vectors of words that are gone."""
        present = {one.embeddable for one in self._every()}
        self._vectors = {words: vector for words, vector in self._vectors.items() if words in present}

    async def close(self) -> None:
        """Nothing is open."""

    def _every(self) -> list[Passage]:
        return [passage for passages in self._passages.values() for passage in passages]

    def _seen(self, audience: Audience, where: Filter = ANYTHING) -> list[Passage]:
        kept = {one.id for one in self._documents.values() if audience.sees(one.audience.labels) and _fits(one, where)}
        named = where.mentions
        return [
            one for one in self._every() if one.document in kept and (not named or not named.isdisjoint(one.mentions))
        ]


def _fits(document: Document, where: Filter) -> bool:
    return (
        (where.documents is None or document.id in where.documents)
        and (
            not where.authors
            or not where.authors.isdisjoint(name for author in document.authors for name in called(author))
        )
        and (not where.channels or fold(document.channel) in where.channels)
        and (where.since is None or 0 < document.modified >= where.since)
        and (where.until is None or 0 < document.modified < where.until)
    )


def _words(text: str) -> list[str]:
    found = (word.casefold() for word in WORD.findall(text))
    return [stem(word) for word in found if word not in _STOPWORDS]
