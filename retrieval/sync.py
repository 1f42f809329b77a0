"""Sources into the store, incrementally: hashes tell what is new, changed and gone; vectors fill in behind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from retrieval.chunking import chunk
from retrieval.documents import Document, Passage
from retrieval.embedders import Embedder
from retrieval.errors import Deleted, EmbedderAway, Empty, Unreadable
from retrieval.sources import Listed, Source
from retrieval.stores import Store

AHEAD = 8
"""Documents read at once."""
COUNTED = 10
"""Things listed between two reports of how many they are."""
WRITE = 128
"""Documents written in one go."""
EMBED = 64
"""Passages embedded in one go."""
EMBED_TRIES = 6
LONGEST_WAIT = 60.0
"""Seconds between two tries of an embedder that is away."""
WRITE_VECTORS = 512
"""Vectors written in one go: each write is a version of the table, which costs time and memory."""
WINDOW = 1024
"""Passages looked at in one go, the short ones first: texts of one length are embedded fastest together."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far something is: ``done`` of ``total``, at the moment with ``name``; ``rate`` is what it does a second."""

    stage: str
    done: int
    total: int
    name: str = ""
    rate: float = 0.0

    @property
    def seconds_left(self) -> float | None:
        return (self.total - self.done) / self.rate if self.rate > 0 else None


@dataclass(slots=True)
class Summary:
    """What a sync did. What can't be read keeps its last good version, and is named with the reason."""

    new: int = 0
    changed: int = 0
    gone: int = 0
    unchanged: int = 0
    passages: int = 0
    seconds: float = 0.0
    unreadable: list[tuple[str, str]] = field(default_factory=list)


Report = Callable[[Progress], None]


class Syncer:
    """Brings the store to what a source has now. Safe to cut off, and to run twice at once.

    Of sources that overlap, the one that had a document first keeps it for as long as it lists it.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def sync(self, source: Source, report: Report) -> Summary:
        """Raises `Unreadable` where the source as a whole is away (nothing is removed then), or `StoreUnavailable`."""
        started = time.monotonic()
        known = await self._store.hashes(source.name)
        listed = await _listed(source, known, report)
        away = {one.id: one.away for one in listed if one.away}
        listed = [one for one in listed if not one.away]
        gone = set() if source.keeps else known.keys() - {one.id for one in listed}
        gone = {one for one in gone if not one.startswith(tuple(away))}
        fresh = [one for one in listed if known.get(one.id) != one.content_hash]
        if fresh:
            others = await self._store.others(source.name)
            fresh = [one for one in fresh if one.id not in others]
        summary = Summary(unchanged=len(listed) - len(fresh), gone=len(gone), unreadable=list(away.items()))
        await self._store.remove(gone)
        await self._read(source, fresh, known, summary, report)
        if fresh or gone:
            await self._store.optimize()
        summary.seconds = time.monotonic() - started
        return summary

    async def _read(
        self, source: Source, fresh: list[Listed], known: dict[str, str], summary: Summary, report: Report
    ) -> None:
        """Read what is new or changed into the store, counting it in the summary."""
        started, done = time.monotonic(), 0
        batch: list[tuple[Document, list[Passage]]] = []
        async for one, outcome in _read_ahead(source, fresh):
            done += 1
            report(Progress("reading", done, len(fresh), one.id, done / max(time.monotonic() - started, 1e-6)))
            if isinstance(outcome, Unreadable):
                summary.unreadable.append((outcome.what, outcome.reason))
                continue
            batch.append(outcome)
            summary.passages += len(outcome[1])
            if one.id in known:
                summary.changed += 1
            else:
                summary.new += 1
            if len(batch) >= WRITE:
                await self._store.put(batch)
                batch = []
        if batch:
            await self._store.put(batch)


async def _listed(source: Source, known: dict[str, str], report: Report) -> list[Listed]:
    """What the source has, each id once; nothing where it was deleted, unless it was never there at all.

    Nothing either where it is empty and always was; where it had something, that may only be away.
    """
    listed: dict[str, Listed] = {}
    try:
        async for one in source.list():
            listed.setdefault(one.id, one)
            if len(listed) % COUNTED == 0:
                report(Progress("listing", len(listed), 0))
    except Deleted:
        if known:
            return []
        raise
    except Empty:
        if known:
            raise
    return list(listed.values())


Outcome = tuple[Document, list[Passage]] | Unreadable


async def _read_ahead(source: Source, fresh: list[Listed]) -> AsyncIterator[tuple[Listed, Outcome]]:
    """Read a bounded number of documents at once, in order."""

    async def read(one: Listed) -> Outcome:
        try:
            document = await source.read(one)
            return document, await asyncio.to_thread(chunk, document)
        except Unreadable as error:
            return error

    waiting = iter(fresh)
    tasks = [(one, asyncio.create_task(read(one))) for one in islice(waiting, AHEAD)]
    try:
        while tasks:
            one, task = tasks.pop(0)
            yield one, await task
            if (following := next(waiting, None)) is not None:
                tasks.append((following, asyncio.create_task(read(following))))
    finally:
        for _, task in tasks:
            task.cancel()


async def embed_pending(store: Store, embedder: Embedder, report: Report) -> int:
    """Give every passage that lacks one its vector; returns how many. What is cut off goes on at the next call.

    A passage that the store does not take is tried once. Raises `EmbedderAway` where an embedder stays away.
    """
    started, done = time.monotonic(), 0
    tried: set[int] = set()
    while passages := await _untried(store, tried):
        tried.update(map(hash, passages))
        counts = await store.counts()
        total = done + counts.passages - counts.embedded
        passages.sort(key=lambda passage: len(passage.text))
        for group in _groups(passages, WRITE_VECTORS):
            vectors: dict[Passage, list[float]] = {}
            for batch in _groups(group, EMBED):
                embedded = await _patiently(embedder, [passage.embeddable for passage in batch])
                vectors.update(zip(batch, embedded.tolist(), strict=True))
                done += len(batch)
                rate = done / max(time.monotonic() - started, 1e-6)
                report(Progress("embedding", done, max(total, done), batch[-1].title, rate))
            await store.embed(vectors)
    return done


async def _patiently(embedder: Embedder, texts: list[str]) -> NDArray[np.float32]:
    """The vectors, waited for: nobody sits and waits, and a limit by the minute passes."""
    for attempt in range(1, EMBED_TRIES):
        try:
            return await embedder.passages(texts, behind=True)
        except EmbedderAway as error:
            if error.wait is None or error.wait > LONGEST_WAIT:
                raise
            await asyncio.sleep(min(max(error.wait, 2.0**attempt), LONGEST_WAIT))
    return await embedder.passages(texts, behind=True)


async def _untried(store: Store, tried: set[int]) -> list[Passage]:
    """Some passages without a vector, behind those that were tried in vain, however many these are."""
    limit = WINDOW
    while True:
        waiting = await store.unembedded(limit)
        fresh = [passage for passage in waiting if hash(passage) not in tried]
        if fresh or len(waiting) < limit:
            return fresh
        limit *= 2


def _groups(passages: list[Passage], size: int) -> list[list[Passage]]:
    return [passages[start : start + size] for start in range(0, len(passages), size)]
