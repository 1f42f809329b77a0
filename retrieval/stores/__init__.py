"""The port `Store`: where documents, passages and vectors are kept. One file an adapter.

What every adapter promises (tests/contract/test_store.py holds it to this):

* `put` replaces a document and all its passages at once: a reader, or the next process after a
  kill -9, sees the old one whole or the new one whole, never a mixture and never two.
* A passage can be found by `full_text` as soon as `put` returns; by `nearest` once it has a vector.
* Everything that reads takes an `Audience` and returns only what shares a label with it. An empty
  audience gets nothing.
* Two processes may write at once; neither loses what the other wrote.
* A store remembers the embedder it was filled with: once it holds vectors, `bind` with another one raises
  `EmbedderMismatch`, or keeps the new vectors apart until they are complete (`answering`).
* All methods are coroutines that never block the event loop; a failure is a `StoreUnavailable`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from retrieval.documents import ANYTHING, Audience, Document, Filter, Hit, Passage

Vector = Sequence[float]


Holdings = Mapping[tuple[str, Audience], int]
"""Source and audience to a number of documents."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How much a store holds; ``embedded`` of ``passages`` have their vector."""

    documents: int
    passages: int
    embedded: int


class Store(Protocol):
    name: str

    async def bind(self, embedder: str, dimensions: int) -> None:
        """Say which embedder the vectors come from. Raises `EmbedderMismatch` rather than mixing two."""
        ...

    async def answering(self) -> str:
        """The embedder whose vectors are complete; until that is the bound one, questions are for a store bound to this."""
        ...

    async def put(self, documents: Sequence[tuple[Document, Sequence[Passage]]]) -> None:
        """Add or replace whole documents with their passages, without vectors."""
        ...

    async def remove(self, documents: Collection[str]) -> None:
        """Remove documents by id, and their passages. Unknown ids are no error."""
        ...

    async def hashes(self, source: str) -> dict[str, str]:
        """Document id to content hash, for every document of this source."""
        ...

    async def others(self, source: str) -> set[str]:
        """Ids of the documents of every other source."""
        ...

    async def documents(
        self, audience: Audience, *, query: str = "", limit: int = 1000, offset: int = 0
    ) -> list[Document]:
        """What is there, without texts (`Document.text` is empty), by title: ``limit`` of it behind the first ``offset``.

        With ``query`` only what has these words somewhere in its title, whatever their case.
        """
        ...

    async def document(self, document: str, audience: Audience) -> Document | None:
        """One document with its text, or None where there is none that this audience may see."""
        ...

    async def passages(self, documents: Collection[str], audience: Audience) -> list[Passage]:
        """All passages of these documents, in the order of the text."""
        ...

    async def full_text(self, query: str, audience: Audience, limit: int, where: Filter = ANYTHING) -> list[Hit]:
        """BM25 over titles, headings and texts, best first, in any language."""
        ...

    async def nearest(self, vector: Vector, audience: Audience, limit: int, where: Filter = ANYTHING) -> list[Hit]:
        """Passages by cosine similarity (set on each hit), best first; those without a vector are left out."""
        ...

    async def named(self, names: Collection[str], audience: Audience) -> dict[str, list[str]]:
        """Which documents go by these names (titles and aliases, folded by `retrieval.links.fold`): name to ids."""
        ...

    async def unembedded(self, limit: int) -> list[Passage]:
        """Passages that still lack a vector, any audience (this one feeds the embedder and nobody else)."""
        ...

    async def vectors(self, passages: Collection[str]) -> dict[str, list[float]]:
        """Passage id to vector, for those that have one."""
        ...

    async def embed(self, vectors: Mapping[Passage, Vector]) -> None:
        """Passage to vector. Those that are gone, or have changed meanwhile, are passed over."""
        ...

    async def counts(self) -> Counts: ...

    async def holdings(self) -> Holdings:
        """What there is for whom: of each source and each audience, how many documents (this names nobody's documents)."""
        ...

    async def optimize(self) -> None:
        """Compact and index; cheap when there is nothing to do."""
        ...

    async def close(self) -> None: ...
