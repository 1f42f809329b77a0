"""What lies under the same path on several machines, and goes into one store: names and ids say whose it is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

from retrieval.documents import Document
from retrieval.sources import Listed, Source

SHOWN = 8
"""Characters of a machine's name that tell it from the others."""


def marked(name: str, machine: str) -> str:
    """The name that a source has as this machine's own."""
    return f"{name}@{machine[:SHOWN]}"


class Marked:
    """The source of one machine: the same documents under ids of their own."""

    def __init__(self, source: Source, machine: str) -> None:
        self._source = source
        self._prefix = f"{machine[:SHOWN]}:"
        self.name = marked(source.name, machine)
        self.keeps = source.keeps

    async def list(self) -> AsyncIterator[Listed]:
        async for one in self._source.list():
            yield replace(one, id=self._prefix + one.id)

    async def read(self, listed: Listed) -> Document:
        document = await self._source.read(replace(listed, id=listed.id.removeprefix(self._prefix)))
        return replace(document, id=listed.id, source=self.name)
