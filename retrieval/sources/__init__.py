"""The port `Source`: where documents come from. One file a source.

A source lists what is there, cheaply, then reads one thing at a time. What it lists no longer is gone
and leaves the store too, unless the source ``keeps``. `read` raises `Unreadable` with the reason; that stops nothing else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from retrieval.documents import Document

READING = 4
"""Which way of reading and cutting made a document; it stands in every hash, so that another number reads everything anew."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One thing a source has: the document's id and the hash of its present content.

    ``away`` gives the reason why what lies under this id (a folder) can't be listed now; nothing under it is gone.
    """

    id: str
    content_hash: str
    size: int = 0
    away: str = ""


class Source(Protocol):
    name: str
    """Stable: documents are remembered under it (``folder:/home/mei/vault``)."""
    keeps: bool
    """Whether what it lists no longer stays: a feed shows only what is newest."""

    def list(self) -> AsyncIterator[Listed]:
        """Everything that is there now. Raises `Unreadable` where the source as a whole is away, `Deleted` if for good."""
        ...

    async def read(self, listed: Listed) -> Document: ...
