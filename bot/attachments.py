"""Files that came with a mention: read within bounds, and of their passages those that fit the question."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from agent.answerability import comparable
from agent.evidence import Evidence, from_hit
from agent.reading import fitting
from bot.chat import Chat, ChatError, File, Mention, Place
from retrieval.chunking import chunk
from retrieval.documents import Audience, Document, Hit, content_hash
from retrieval.embedders import Embedder
from retrieval.errors import Unreadable
from retrieval.parsing import parse

MAX_FILES = 10
"""Files that one mention may bring."""
PASSAGES = 8
FIRST = 2.0
"""What somebody attaches to a question ranks before what is found for it."""


@dataclass(slots=True)
class Attached:
    """What the files hold that fits, and a line for each that could not be read."""

    evidence: list[Evidence] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Attachments:
    """``max_bytes`` is the size of the largest file that is read."""

    def __init__(self, embedder: Embedder | None, max_bytes: int) -> None:
        self._embedder = embedder
        self._max_bytes = max_bytes

    async def read(self, chat: Chat, mention: Mention) -> Attached:
        """Everything that came with a mention; what can't be read is named and stops nothing."""
        attached = Attached()
        if len(mention.files) > MAX_FILES:
            attached.notes.append(f"I read the first {MAX_FILES} of the {len(mention.files)} files.")
        hits: list[Hit] = []
        for file in mention.files[:MAX_FILES]:
            try:
                document = await self._document(chat, mention, file)
            except (Unreadable, ChatError) as error:
                attached.notes.append(f"Not read: {file.name}: {getattr(error, 'reason', error)}")
                continue
            hits += [Hit(passage, 0.0, via="file") for passage in await asyncio.to_thread(chunk, document)]
        fit: Sequence[Hit] = await fitting(mention.text, hits, self._embedder, PASSAGES) if hits else []
        known = comparable(self._embedder)
        attached.evidence = [from_hit(replace(hit, score=FIRST + hit.score), comparable=known) for hit in fit]
        return attached

    async def fetch(self, chat: Chat, place: Place, file: File) -> bytes:
        """What is in a file. Raises `Unreadable` where it is too large, or `ChatError`."""
        if file.size > self._max_bytes:
            limit = self._max_bytes / 1e6
            raise Unreadable(file.name, f"it has {file.size / 1e6:,.0f} MB and I read {limit:,.0f} at most")
        data = await chat.read(place, file)
        if len(data) > self._max_bytes:
            raise Unreadable(file.name, "it is larger than it said")
        return data

    async def _document(self, chat: Chat, mention: Mention, file: File) -> Document:
        data = await self.fetch(chat, mention.place, file)
        parsed = await parse(file.name, data)
        return Document(
            id=f"attached:{mention.place.key}/{file.reference}",
            source="attached",
            uri="",
            title=file.name,
            text=parsed.text,
            audience=Audience.of(f"channel:{mention.place.channel_key}"),
            content_hash=content_hash(data),
            headings=parsed.headings,
        )
