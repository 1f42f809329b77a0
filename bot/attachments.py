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
from retrieval.parsing import Parsed, parse

MAX_FILES = 10
"""Files that one mention may bring."""
MOST_TEXT = 5_000_000
"""Characters that are read of all of them together, about a thousand pages; the knowledge base reads more."""
PASSAGES = 8
_KEEP = "“keep this file” has all of it searched"
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
        left = MOST_TEXT
        for file in mention.files[:MAX_FILES]:
            try:
                parsed, content = await self._parsed(chat, mention.place, file)
                if not left:
                    raise Unreadable(file.name, f"the files before it are as long as I read; {_KEEP}")
            except (Unreadable, ChatError) as error:
                attached.notes.append(f"Not read: {file.name}: {getattr(error, 'reason', error)}")
                continue
            if (total := len(parsed.text)) > left:
                attached.notes.append(f"I read the first {left:,} of the {total:,} characters of {file.name}; {_KEEP}.")
                parsed = _first(parsed, left)
            left -= len(parsed.text)
            document = _document(mention.place, file, parsed, content)
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

    async def _parsed(self, chat: Chat, place: Place, file: File) -> tuple[Parsed, str]:
        """What is in a file, and the hash of it."""
        data = await self.fetch(chat, place, file)
        return await parse(file.name, data), await asyncio.to_thread(content_hash, data)


def _first(parsed: Parsed, characters: int) -> Parsed:
    headings = tuple(heading for heading in parsed.headings if heading.start < characters)
    return replace(parsed, text=parsed.text[:characters], headings=headings)


def _document(place: Place, file: File, parsed: Parsed, content: str) -> Document:
    return Document(
        id=f"attached:{place.key}/{file.reference}",
        source="attached",
        uri="",
        title=file.name,
        text=parsed.text,
        audience=Audience.of(f"channel:{place.channel_key}"),
        content_hash=content,
        headings=parsed.headings,
    )
