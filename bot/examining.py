"""What `footnote eval` examines under some settings: which cases, asked of which knowledge, by which models."""

from __future__ import annotations

import hashlib
import math
import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import agent
import evals
import retrieval
from agent.agent import Limits
from agent.models.metering import Ceilings
from agent.models.retrieval_meter import RetrievalMeter
from agent.state import State
from agent.tools.run_python import run_python
from agent.tools.search_knowledge import search_knowledge
from bot.app import App, ceilings_of, metered, open_app, open_settings_reranker
from bot.growing import grow
from bot.settings import Settings, load_settings
from evals.blocking import sealed
from evals.casebook import CaseBook
from evals.cases import Case, CaseFile, Standing, load
from evals.nights import Group
from evals.pinned import pin
from evals.running import PERSON, Subject, channel
from retrieval.chunking import chunk
from retrieval.documents import EVERYONE, PUBLIC, Audience
from retrieval.rerankers import Reranker
from retrieval.search import Searcher
from retrieval.stores import Store
from retrieval.stores.choose import open_store
from retrieval.stores.lance import LanceStore
from retrieval.sync import Report, embed_pending

GOLDENS = Path(evals.__file__).parent / "goldens"
"""The cases that ship."""
ROOMS = (agent, retrieval)


@dataclass(frozen=True, slots=True)
class Examined:
    """``about`` says in words what is examined, ``configuration`` is the hash of that and of every case."""

    app: App
    groups: Sequence[Group]
    about: dict[str, Any]
    configuration: str
    version: str
    problems: list[str]

    @property
    def cases(self) -> dict[str, Case]:
        return {case.id: case for group in self.groups for case in group.cases}


async def nobody_waits(run: str, place: str, cause: str) -> None:
    """An evaluation starts no runs that somebody could approve."""


@asynccontextmanager
async def examined(
    settings: Settings, files: Sequence[Path], report: Report, clock: Callable[[], float], *, tried: str = ""
) -> AsyncIterator[Examined]:
    """Everything ready to be asked: the cases of these files, or else those that ship, the team's and those that grew.

    ``tried`` names settings that are only tried: other nights are not compared with such a one, and what is the team's own
    stays as it is.

    Raises `CasesInvalid`, and what `open_app` raises.
    """
    named = list(files) or [*sorted(GOLDENS.glob("*.yaml")), *sorted((settings.home / "goldens").glob("*.yaml"))]
    loaded = await load(named)
    copy = _copy_place(settings) if tried else None
    # The examiner is no person, and a night no channel: what it may spend is FOOTNOTE_BUDGET_NIGHT.
    settings = settings.model_copy(update={"budget_person": math.inf, "budget_channel": math.inf})
    async with open_app(settings, nobody_waits, place=copy) as app, AsyncExitStack() as stack:
        if copy is not None:
            await _copied(settings, app, report)
        if not files:
            team = _subject(app, app.store, app.searcher)
            scope: State = {"run": f"growing:{clock():.0f}", "person": PERSON, "channel": channel("growing")}
            await grow(app.records.engine, app.store, clock, team.model_for(scope))
            loaded.append(CaseFile(await CaseBook(app.records.engine, clock).cases(Standing.ACCEPTED)))
        problems = [line for one in loaded for line in one.problems]
        groups: list[Group] = []
        prints: list[str] = []
        for file in loaded:
            if not file.cases:
                continue
            if not file.sources:
                groups.append(Group(_accepted(file.cases), _subject(app, app.store, app.searcher)))
                prints.append(await _fingerprint(app.store))
                continue
            store, reranker = await _pinned_store(app, file.sources, stack)
            pinned = await pin(store, app.embedder, file.sources, report)
            problems += [f"{name} is not on this machine; its cases are left out." for name in pinned.absent]
            kept = [case for case in file.cases if not any(one.document in pinned.absent for one in case.evidence)]
            groups.append(Group(_accepted(kept), _subject(app, store, Searcher(store, app.embedder, reranker))))
            prints.append(pinned.fingerprint)
        about = _about(settings, app, groups, prints) | {"files": [path.name for path in files], "tried": tried}
        yield Examined(app, groups, about, _configuration(about, groups), str(about["footnote"]), problems)


def _accepted(cases: Sequence[Case]) -> list[Case]:
    return [case for case in cases if case.state is Standing.ACCEPTED]


def _copy_place(settings: Settings) -> Path | None:
    """Where a copy of the knowledge is for an embedder that is only tried: a store has the vectors of one, the team's own."""
    if settings.embedder == load_settings().embedder:
        return None
    name = re.sub(r"[^\w.-]+", "-", settings.embedder)
    return settings.home / "evals" / f"knowledge-{name}"


async def _copied(settings: Settings, app: App, report: Report) -> None:
    """Bring the copy to what everyone may see of the team's knowledge, with vectors of the embedder that is tried."""
    everyone = Audience.of(PUBLIC, EVERYONE)
    own = await open_store(settings.store_place)
    try:
        wanted = {one.id: one.content_hash for one in await own.documents(everyone, limit=100_000)}
        there = {one.id: one.content_hash for one in await app.store.documents(everyone, limit=100_000)}
        await app.store.remove(there.keys() - wanted.keys())
        for name in (name for name, content in wanted.items() if there.get(name) != content):
            if document := await own.document(name, everyone):
                await app.store.put([(document, chunk(document))])
    finally:
        await own.close()
    await embed_pending(app.store, app.embedder, report)


async def _pinned_store(app: App, sources: Sequence[str], stack: AsyncExitStack) -> tuple[Store, Reranker | None]:
    """A store of its own for each embedder and each choice of documents, kept for the nights to come."""
    slug = re.sub(r"\W+", "-", app.embedder.name).strip("-")
    chosen = hashlib.blake2b("\n".join(sorted(sources)).encode(), digest_size=4).hexdigest()
    store = await LanceStore.open(app.settings.home / "evals" / f"{slug}-{chosen}")
    stack.push_async_callback(store.close)
    meter = RetrievalMeter(app.records.engine, ceilings_of(app.settings), time.time)
    reranker = open_settings_reranker(app.settings, meter)
    if reranker is not None:
        stack.push_async_callback(reranker.close)
    return store, reranker


def _subject(app: App, store: Store, searcher: Searcher) -> Subject:
    settings = app.settings
    toolbox = sealed(app.toolbox, [search_knowledge(searcher), run_python()])
    # What a night may spend is looked at between two cases (evals.nights), so that none is cut in its middle.
    ceilings = Ceilings(settings.budget_run, math.inf, math.inf, settings.budget_day, settings.run_tokens)
    engine = app.records.engine
    model_for = metered(settings, engine, app.model, ceilings)
    return Subject(store, searcher, app.embedder, toolbox, model_for, engine, Limits(steps=settings.run_steps))


def _about(settings: Settings, app: App, groups: Sequence[Group], prints: Sequence[str]) -> dict[str, Any]:
    return {
        "footnote": metadata.version("footnote"),
        "code": _code(),
        "model": app.model.name if app.model else "none",
        "embedder": app.embedder.name,
        "reranker": settings.reranker,
        "judge": settings.judge,
        "knowledge": hashlib.blake2b("\n".join(prints).encode(), digest_size=6).hexdigest(),
        "cases": sum(len(group.cases) for group in groups),
    }


async def _fingerprint(store: Store) -> str:
    """Changes with what is known that everyone may see."""
    known = await store.documents(Audience.of(PUBLIC, EVERYONE), limit=100_000)
    told = "\n".join(sorted(f"{one.id} {one.content_hash}" for one in known))
    return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()


def _configuration(about: dict[str, Any], groups: Sequence[Group]) -> str:
    told = [str(sorted(about.items())), *(case.model_dump_json() for group in groups for case in group.cases)]
    return hashlib.blake2b("\n".join(told).encode(), digest_size=12).hexdigest()


def _code() -> str:
    """The hash of the rooms that answer, prompts included: a version number alone does not change with each commit."""
    made = hashlib.blake2b(digest_size=6)
    for room in ROOMS:
        folder = Path(str(room.__file__)).parent
        for path in sorted(one for one in folder.rglob("*") if one.suffix in {".py", ".md"}):
            made.update(path.read_bytes())
    return made.hexdigest()
