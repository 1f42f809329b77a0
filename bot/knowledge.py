"""What the assistant knows and from where: the sources that were added, syncing them, and how far that is."""

from __future__ import annotations

import asyncio
import platform
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Mapping
from contextvars import Context
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from sqlalchemy import ColumnElement, RowMapping, delete, or_, select, update
from sqlalchemy.exc import NoResultFound
from sqlalchemy.ext.asyncio import AsyncEngine

from agent.errors import place_of
from agent.tables import upsert
from bot.sources import EVERY, ON_DISK, label
from bot.tables import channels, said
from bot.tables import sources as table
from retrieval.documents import Audience, Document
from retrieval.embedders import Embedder
from retrieval.errors import Away, RetrievalError, Unreadable
from retrieval.fetching import shown
from retrieval.sources import Source
from retrieval.sources.fetcher import LONGEST_LEAVE
from retrieval.sources.marked import Marked, marked
from retrieval.stores import Counts, Store
from retrieval.sync import Progress, Summary, Syncer, embed_pending

Report = Callable[[Progress], None]
FIRST_PAUSE = 300.0
LONGEST_PAUSE = 6 * 3_600.0
"""Seconds until a source that failed is tried again: the first time, and at most."""
LONGEST_SYNC = 2 * 3_600.0
log = structlog.get_logger()


@dataclass(slots=True)
class SourceState:
    """One source as a person sees it."""

    name: str
    label: str
    documents: int = 0
    synced_at: float | None = None
    elsewhere: str = ""
    """The host of the other machine that it lies on and is read by."""
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
    """``open_source(kind, location)`` makes a source of a kind (`bot.sources`); ``machine`` names where this runs.

    What lies on a disk belongs to the machine where it was added: no other one reads it, or finds it gone.
    """

    def __init__(
        self,
        store: Store,
        embedder: Embedder | None,
        engine: AsyncEngine,
        open_source: Callable[[str, str], Source],
        machine: str,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._engine = engine
        self._open_source = open_source
        self._machine = machine
        self._clock = clock
        self._syncer = Syncer(store)
        self._running: dict[str, Progress] = {}
        self._embedding: Progress | None = None
        self._turns: dict[str, asyncio.Lock] = {}
        self._embed_lock = asyncio.Lock()
        self._tasks: set[asyncio.Task[object]] = set()
        self._held: tuple[Counts | None, Counter[str]] = (None, Counter())

    async def add(self, kind: str, location: str) -> str:
        """Remember a source; returns its name. One that is known already is no error; raises `Unreadable` for no such path."""
        name, row = self.name_of(kind, location), {"kind": kind, "location": location}
        if kind in ON_DISK:
            if location and not await asyncio.to_thread(Path(location).exists):
                raise Unreadable(location, "there is no such file or folder")
            row |= {"machine": self._machine, "host": platform.node()}
        if not await self._remember({**row, "name": name}):
            name = marked(name, self._machine)
            await self._remember({**row, "name": name})
        return name

    async def _remember(self, row: Mapping[str, str]) -> bool:
        """Whether the source of this name is this machine's own, or nobody's in particular."""
        own = {"machine": row.get("machine"), "host": row.get("host")}
        insert = upsert(self._engine.dialect)(table).values(**row)
        insert = insert.on_conflict_do_update(index_elements=["name"], set_=own, where=self._is_own())
        async with self._engine.begin() as connection:
            return (await connection.execute(insert.returning(table.c.name))).first() is not None

    def _is_own(self) -> ColumnElement[bool]:
        return or_(table.c.machine.is_(None), table.c.machine == self._machine)

    async def find(self, kind: str, location: str) -> str | None:
        """What a source that was added goes by, the one on this machine first; None where it never was."""
        name, known = self.name_of(kind, location), await self.names()
        return next((one for one in (marked(name, self._machine), name) if one in known), None)

    def name_of(self, kind: str, location: str) -> str:
        """What a source goes by. Raises `Unreadable` where the location can be none of this kind."""
        return self._open_source(kind, location).name

    async def remove(self, name: str) -> int:
        """Forget a source and everything that was read from it; returns how many documents that were."""
        documents = await self._store.hashes(name)
        await self._store.remove(documents.keys())
        async with self._engine.begin() as connection:
            await connection.execute(delete(table).where(table.c.name == name))
            for kept in (channels, said):
                await connection.execute(delete(kept).where(kept.c.source == name))
        return len(documents)

    async def sync(self, name: str, report: Report | None = None) -> Summary:
        """Read what is new and changed in one source, forget what is gone. Raises `RetrievalError` where it is away."""

        def tell(progress: Progress) -> None:
            self._running[name] = progress
            if report:
                report(progress)

        async with self._turns.setdefault(name, asyncio.Lock()):
            row = await self._row(name)
            if elsewhere := self._elsewhere(row):
                raise Unreadable(label(row["kind"], row["location"]), f"it lies on {elsewhere}, which reads it")
            tell(Progress("listing", 0, 0))
            await self._begin(name)
            try:
                summary = await self._syncer.sync(self._source(row), tell)
            except RetrievalError as error:
                await self._note_failure(row, str(error), error.wait if isinstance(error, Away) else None)
                raise
            finally:
                self._running.pop(name, None)
            unreadable = [list(pair) for pair in summary.unreadable]
            if not await self._note(name, {"unreadable": unreadable, "error": ""}, synced_at=self._clock()):
                await self._store.remove((await self._store.hashes(name)).keys())  # it was removed meanwhile
        return summary

    def _source(self, row: RowMapping) -> Source:
        source = self._open_source(row["kind"], row["location"])
        return source if row["name"] != marked(source.name, self._machine) else Marked(source, self._machine)

    def _elsewhere(self, row: RowMapping) -> str:
        """The host that a source lies on, if that is another machine."""
        return row["host"] if row["machine"] not in (None, self._machine) else ""

    async def due(self, kinds: Collection[str] = EVERY.keys(), *, at_once: bool = False) -> list[str]:
        """The sources of these kinds whose time has come, or all of them; the one that waits longest first.

        Not those that lie on another machine.
        """
        async with self._engine.connect() as connection:
            rows = (await connection.execute(select(table).where(self._is_own()))).mappings().all()
        waited = {row["name"]: 0.0 if at_once else _due_at(row) for row in rows if row["kind"] in kinds}
        return sorted((name for name, at in waited.items() if at <= self._clock()), key=lambda name: waited[name])

    async def refresh(self, name: str) -> None:
        """Sync one source; what goes wrong stands beside it, and decides when it is tried again."""
        try:
            async with asyncio.timeout(LONGEST_SYNC):
                await self.sync(name)
        except RetrievalError as error:
            log.warning("sync failed", source=shown(name), reason=str(error))
        except NoResultFound:
            return  # it was removed meanwhile
        except TimeoutError:
            await self._note_failure(
                await self._row(name), "Reading it takes too long; the rest is read the next time."
            )
        except Exception as error:  # noqa: BLE001  # one source that breaks must not keep the others from being read
            log.error("sync broke", source=shown(name), what=place_of(error))
            broke = f"Reading it broke off ({place_of(error)}); what was read before is kept."
            await self._note_failure(await self._row(name), broke)

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

    def start(self, name: str) -> None:
        """Sync one source and embed, behind everything else."""

        async def work() -> None:
            await self.refresh(name)
            await self._embed_quietly()

        self._behind(work())

    def start_embedding(self) -> None:
        """Embed what lacks a vector, behind everything else; nothing where that is under way."""
        if not self._embed_lock.locked():
            self._behind(self._embed_quietly())

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
            named = (await connection.execute(select(channels.c.source, channels.c.name))).all()
        called = {source: f"#{channel}" for source, channel in named}
        counts = await self._store.counts()
        if counts != self._held[0]:
            held = Counter[str]()
            for (source, _), documents in (await self._store.holdings()).items():
                held[source] += documents
            self._held = (counts, held)
        states = []
        for row in rows:
            summary = row["summary"] or {}
            states.append(
                SourceState(
                    name=row["name"],
                    label=called.get(row["name"]) or label(row["kind"], row["location"]),
                    documents=self._held[1][row["name"]],
                    synced_at=row["synced_at"],
                    elsewhere=self._elsewhere(row),
                    running=self._running.get(row["name"]),
                    unreadable=[
                        (what if row["kind"] in ON_DISK else shown(what), reason)
                        for what, reason in summary.get("unreadable", [])
                    ],
                    error=summary.get("error", ""),
                )
            )
        return KnowledgeState(states, counts, self._embedding)

    async def counts(self) -> Counts:
        return await self._store.counts()

    async def documents(self, audience: Audience, query: str = "", limit: int = 100, offset: int = 0) -> list[Document]:
        """Documents by title, without their texts; ``query`` is looked for in titles."""
        return await self._store.documents(audience, query=query, limit=limit, offset=offset)

    async def document(self, document: str, audience: Audience) -> Document | None:
        return await self._store.document(document, audience)

    def _behind(self, work: Coroutine[object, object, None]) -> None:
        # in a context of its own: it goes on after the run that began it, and is not on that run's bill
        task: asyncio.Task[object] = asyncio.create_task(work, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _embed_quietly(self) -> None:
        try:
            await self.embed()
        except RetrievalError as error:
            log.warning("embedding failed", reason=str(error))

    async def _row(self, name: str) -> RowMapping:
        async with self._engine.connect() as connection:
            return (await connection.execute(select(table).where(table.c.name == name))).mappings().one()

    async def _note_failure(self, row: RowMapping, error: str, wait: float | None = None) -> None:
        """What was known of a source stays; the next try is later each time, and as late as its host may ask for."""
        before = row["summary"] or {}
        failures = before.get("failures", 0) + 1
        pause = max(min(wait or 0.0, LONGEST_LEAVE), min(FIRST_PAUSE * 2.0 ** min(failures - 1, 10), LONGEST_PAUSE))
        now = {"error": error, "failures": failures, "retry_at": self._clock() + pause}
        await self._note(row["name"], {"unreadable": before.get("unreadable", []), **now})

    async def _begin(self, name: str) -> None:
        """What happens from now on makes it due again."""
        async with self._engine.begin() as connection:
            await connection.execute(update(table).where(table.c.name == name).values(due_at=None))

    async def _note(self, name: str, summary: dict[str, object], **columns: float) -> bool:
        """Whether there is such a source."""
        statement = update(table).where(table.c.name == name).values(summary=summary, **columns)
        async with self._engine.begin() as connection:
            return (await connection.execute(statement)).rowcount > 0


def _due_at(row: RowMapping) -> float:
    """When a source is to be read again, in seconds since 1970."""
    if retry_at := (row["summary"] or {}).get("retry_at"):
        return float(retry_at)
    regular = float(row["synced_at"] or 0.0) + EVERY[row["kind"]]
    return regular if row["due_at"] is None else min(regular, float(row["due_at"]))
