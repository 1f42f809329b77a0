"""What the assistant knows and from where: the sources that were added, syncing them, and how far that is."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.chat import Person
from bot.records import upsert
from bot.tables import sources as table
from retrieval.documents import Audience, Document
from retrieval.embedders import Embedder
from retrieval.errors import RetrievalError
from retrieval.sources import Source
from retrieval.stores import Counts, Store
from retrieval.sync import Progress, Summary, Syncer, embed_pending

Report = Callable[[Progress], None]
log = structlog.get_logger()


@dataclass(slots=True)
class SourceState:
    """One source as a person sees it."""

    name: str
    label: str
    documents: int = 0
    synced_at: float | None = None
    running: Progress | None = None
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    error: str = ""


@dataclass(frozen=True, slots=True)
class KnowledgeState:
    """Everything that is known, and what is being read or embedded at the moment."""

    sources: list[SourceState]
    counts: Counts
    embedding: Progress | None


class Knowledge:
    """``open_source(kind, location)`` makes a source; kinds are ``folder`` and ``packages``."""

    def __init__(
        self,
        store: Store,
        embedder: Embedder | None,
        engine: AsyncEngine,
        open_source: Callable[[str, str], Source],
        uploads: Path,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._engine = engine
        self._open_source = open_source
        self._uploads = uploads
        self._clock = clock
        self._syncer = Syncer(store)
        self._running: dict[str, Progress] = {}
        self._embedding: Progress | None = None
        self._embed_lock = asyncio.Lock()
        self._tasks: set[asyncio.Task[object]] = set()

    async def add(self, kind: str, location: str) -> str:
        """Remember a source; returns its name. One that is known already is no error."""
        name = self._open_source(kind, location).name
        row = {"name": name, "kind": kind, "location": location}
        async with self._engine.begin() as connection:
            await connection.execute(upsert(self._engine.dialect)(table).values(row).on_conflict_do_nothing())
        return name

    async def sync(self, name: str, report: Report | None = None) -> Summary:
        """Read what is new and changed in one source, forget what is gone. Raises `RetrievalError` where it is away."""
        async with self._engine.connect() as connection:
            row = (await connection.execute(select(table).where(table.c.name == name))).mappings().one()

        def tell(progress: Progress) -> None:
            self._running[name] = progress
            if report:
                report(progress)

        try:
            summary = await self._syncer.sync(self._open_source(row["kind"], row["location"]), tell)
        except RetrievalError as error:
            await self._note(name, {"error": str(error)})
            raise
        finally:
            self._running.pop(name, None)
        await self._note(name, {"unreadable": [list(pair) for pair in summary.unreadable], "error": ""})
        return summary

    async def embed(self, report: Report | None = None) -> None:
        """Fill in the vectors that are missing, with progress; full text answers meanwhile."""
        if self._embedder is None:
            return

        def tell(progress: Progress) -> None:
            self._embedding = progress
            if report:
                report(progress)

        async with self._embed_lock:
            try:
                await embed_pending(self._store, self._embedder, tell)
                await self._store.optimize()
            finally:
                self._embedding = None

    def start(self, name: str | None = None) -> None:
        """Sync one source, or all of them, and embed, behind everything else."""
        task: asyncio.Task[object] = asyncio.create_task(self._behind(name))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """End what runs behind; the next sync goes on where it was."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def names(self) -> list[str]:
        async with self._engine.connect() as connection:
            return list((await connection.execute(select(table.c.name).order_by(table.c.name))).scalars())

    async def state(self) -> KnowledgeState:
        async with self._engine.connect() as connection:
            rows = (await connection.execute(select(table).order_by(table.c.name))).mappings().all()
        states = []
        for row in rows:
            summary = row["summary"] or {}
            states.append(
                SourceState(
                    name=row["name"],
                    label=_label(row["kind"], row["location"]),
                    documents=len(await self._store.hashes(row["name"])),
                    synced_at=row["synced_at"],
                    running=self._running.get(row["name"]),
                    unreadable=[(what, reason) for what, reason in summary.get("unreadable", [])],
                    error=summary.get("error", ""),
                )
            )
        return KnowledgeState(states, await self._store.counts(), self._embedding)

    async def counts(self) -> Counts:
        return await self._store.counts()

    async def documents(self, audience: Audience, query: str = "", limit: int = 100, offset: int = 0) -> list[Document]:
        """Documents by title, without their texts; ``query`` is looked for in titles."""
        if not query:
            return await self._store.documents(audience, limit=limit, offset=offset)
        everything = await self._store.documents(audience, limit=100_000)
        folded = query.casefold()
        return [document for document in everything if folded in document.title.casefold()][offset : offset + limit]

    async def document(self, document: str, audience: Audience) -> Document | None:
        return await self._store.document(document, audience)

    async def add_files(self, files: Sequence[tuple[str, bytes]], person: Person) -> Summary:
        """Keep dropped files under home and sync them. A name is made harmless; a file of the same name is replaced."""
        await asyncio.to_thread(self._keep, files)
        name = await self.add("folder", str(self._uploads))
        summary = await self.sync(name)
        self.start(name)
        log.info("files added", count=len(files), by=person.id)
        return summary

    def _keep(self, files: Sequence[tuple[str, bytes]]) -> None:
        self._uploads.mkdir(parents=True, exist_ok=True)
        for name, data in files:
            (self._uploads / _harmless(name)).write_bytes(data)

    async def _behind(self, name: str | None) -> None:
        for each in [name] if name else await self.names():
            try:
                await self.sync(each)
            except RetrievalError as error:
                log.warning("sync failed", source=each, error=str(error))
        try:
            await self.embed()
        except RetrievalError as error:
            log.warning("embedding failed", error=str(error))

    async def _note(self, name: str, summary: dict[str, object]) -> None:
        async with self._engine.begin() as connection:
            values = {"synced_at": self._clock(), "summary": summary}
            await connection.execute(update(table).where(table.c.name == name).values(values))


def _label(kind: str, location: str) -> str:
    return "Installed Python packages" if kind == "packages" else location


def _harmless(name: str) -> str:
    """A file name that stays in its folder and hides nothing."""
    plain = re.sub(r"[\x00-\x1f<>:\"/\\|?*]", "_", name.replace("\\", "/").rsplit("/", 1)[-1]).lstrip(".")
    return plain[-200:] or "file"
