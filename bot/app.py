"""The composition root: settings in, a running assistant out; started and stopped in order."""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from langgraph.checkpoint.base import BaseCheckpointSaver
from sqlalchemy.ext.asyncio import AsyncEngine

from agent.agent import Agent, Limits
from agent.approvals import Deciders, Ledger
from agent.decision_log import DecisionLog
from agent.graph import build_graph
from agent.models import ChatModel
from agent.models.metering import Ceilings, Metered, Scope
from agent.models.open import open_model
from agent.models.prices import price, unpriced
from agent.state import State
from agent.tools.post_message import post_message
from agent.tools.read_page import read_page
from agent.tools.registry import Toolbox
from agent.tools.remember import remember
from agent.tools.run_python import run_python
from agent.tools.search_knowledge import search_knowledge
from bot.attachments import Attachments
from bot.chat import Chats
from bot.databases import Databases, explained, open_checkpointer
from bot.desk import Desk
from bot.knowledge import Knowledge
from bot.logs import configure_logs
from bot.migrate import migrate
from bot.poster import ChatPoster
from bot.records import Records, open_engine
from bot.settings import Settings, SettingsInvalid
from retrieval.embedders import Embedder
from retrieval.embedders.choose import open_embedder
from retrieval.search import Searcher
from retrieval.sources import Source
from retrieval.sources.folder import FolderSource
from retrieval.sources.packages import PackagesSource
from retrieval.stores import Store
from retrieval.stores.lance import LanceStore

log = structlog.get_logger()


@dataclass(slots=True)
class App:
    """A running assistant. ``chats`` is filled by whoever starts platforms, before the first event comes in."""

    settings: Settings
    records: Records
    ledger: Ledger
    toolbox: Toolbox
    knowledge: Knowledge
    model: ChatModel | None
    desk: Desk
    chats: Chats


Resume = Callable[[str, str, str], Awaitable[None]]


@asynccontextmanager
async def open_app(
    settings: Settings, resume: Resume, *, model: ChatModel | None = None, replica: str = ""
) -> AsyncIterator[App]:
    """Everything but the inbox and the platforms. ``resume(run, place, cause)`` is told which runs can go on.

    ``model`` takes the place of the one that the settings name, such as a `ScriptedModel`. ``replica`` names a process
    that is the only one of this name (`bot.replicas`).

    Raises `SettingsInvalid`, `ModelMisconfigured`, `StoreUnavailable` or `EmbedderMismatch` with one line each.
    """
    quiet_libraries()
    configure_logs(settings.log)
    databases = Databases.of(settings)
    await asyncio.to_thread(_prepare, settings, databases)
    async with AsyncExitStack() as stack:
        engine = open_engine(databases.records)
        stack.push_async_callback(engine.dispose)
        saver = await stack.enter_async_context(open_checkpointer(databases))
        embedder = open_embedder(settings.embedder)
        store = await LanceStore.open(settings.lance_path)
        stack.push_async_callback(store.close)
        await store.bind(embedder.name, embedder.dimensions)
        model = model or open_settings_model(settings)
        if model is not None:
            stack.push_async_callback(model.close)
        app = _assemble(settings, engine, saver, store, embedder, model, resume, replica or uuid.uuid4().hex)
        stack.push_async_callback(app.knowledge.stop)
        yield app


def _assemble(
    settings: Settings,
    engine: AsyncEngine,
    saver: BaseCheckpointSaver[Any],
    store: Store,
    embedder: Embedder,
    model: ChatModel | None,
    resume: Resume,
    runner: str,
) -> App:
    chats = Chats()
    records, decisions = Records(engine), DecisionLog(engine, time.time)
    ledger = Ledger(engine, time.time, settings.approval_hours * 3_600, runner)
    searcher = Searcher(store, embedder)
    knowledge = Knowledge(store, embedder, engine, _source_opener(settings), settings.uploads_path, time.time)
    toolbox = build_toolbox(settings, searcher, knowledge, ChatPoster(chats, records, time.time))
    agent = Agent(
        searcher,
        embedder,
        toolbox,
        ledger,
        decisions,
        _metered(settings, engine, model),
        _deciders(settings.approvers),
        Limits(steps=settings.run_steps),
    )
    desk = Desk(
        build_graph(agent, saver),
        saver,
        records,
        ledger,
        toolbox,
        decisions,
        chats,
        Attachments(embedder, settings.max_file_mb * 1_000_000),
        resume,
        time.time,
        run_seconds=settings.run_seconds,
        max_question_chars=settings.max_question_chars,
    )
    return App(settings, records, ledger, toolbox, knowledge, model, desk, chats)


def build_toolbox(settings: Settings, searcher: Searcher, knowledge: Knowledge, poster: ChatPoster) -> Toolbox:
    """Every tool there is."""

    async def index(path: Path) -> None:
        name = await knowledge.add("folder", str(settings.notes_path))
        await knowledge.sync(name)
        knowledge.start(name)

    hosts = [host.strip() for host in settings.allow_private_hosts.split(",") if host.strip()]
    return Toolbox(
        [
            search_knowledge(searcher),
            read_page(hosts),
            run_python(),
            remember(settings.notes_path, index, time.time),
            post_message(poster),
        ]
    )


def open_settings_model(settings: Settings) -> ChatModel | None:
    """The chat model that the settings name. Raises `ModelMisconfigured`."""
    return open_model(settings.model, url=settings.model_url, key=settings.model_key)


def _metered(settings: Settings, engine: AsyncEngine, model: ChatModel | None) -> Callable[[State], ChatModel | None]:
    """The model of a run, with every call on the cost ledger and under the ceilings."""
    if model is None:
        return lambda state: None
    ceilings = Ceilings(
        settings.budget_run, settings.budget_person, settings.budget_channel, settings.budget_day, settings.run_tokens
    )
    known = price(model.name, settings.model_url) or (0.0, 0.0)
    if settings.model_price_in is None and (words := unpriced(model.name, settings.model_url)):
        log.warning("no price", reason=words)
    rates = (
        known[0] if settings.model_price_in is None else settings.model_price_in,
        known[1] if settings.model_price_out is None else settings.model_price_out,
    )

    def metered(state: State) -> ChatModel:
        scope = Scope(state["run"], state["person"], state["channel"])
        return Metered(model, engine, scope, ceilings, rates, time.time)

    return metered


def _deciders(approvers: str) -> Deciders:
    match approvers:
        case "place" | "asker" | "others":
            return Deciders(approvers)
        case _:
            return Deciders("named", tuple(person.strip() for person in approvers.split(",") if person.strip()))


def _source_opener(settings: Settings) -> Callable[[str, str], Source]:
    def open_source(kind: str, location: str) -> Source:
        if kind == "packages":
            return PackagesSource()
        return FolderSource(Path(location), max_bytes=settings.max_file_mb * 1_000_000)

    return open_source


def _prepare(settings: Settings, databases: Databases) -> None:
    """Make the home, readable by its owner alone, and bring the records to their newest form."""
    try:
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SettingsInvalid(
            f"FOOTNOTE_HOME: {settings.home} can't be written ({error.strerror}); choose another folder."
        ) from error
    with explained(databases.records):
        migrate(databases.records)


def quiet_libraries() -> None:
    """Turn every library's telemetry off, unless the environment says otherwise. Call before they are imported."""
    for name, value in {
        "LANGSMITH_TRACING": "false",
        "LANGGRAPH_STRICT_MSGPACK": "true",
        "DEEPEVAL_TELEMETRY_OPT_OUT": "1",
        "ANONYMIZED_TELEMETRY": "false",
        "DO_NOT_TRACK": "1",
    }.items():
        os.environ.setdefault(name, value)
