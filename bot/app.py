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
from agent.approvals import Deciders
from agent.decision_log import DecisionLog
from agent.graph import build_graph
from agent.ledger import Ledger
from agent.models import ChatModel
from agent.models.metering import Ceilings, Metered, Scope
from agent.models.open import open_model
from agent.models.prices import price, unpriced
from agent.models.retrieval_meter import RetrievalMeter
from agent.state import State
from agent.tools.post_message import post_message
from agent.tools.read_page import read_page
from agent.tools.registry import Toolbox
from agent.tools.remember import remember
from agent.tools.remember_file import remember_file
from agent.tools.run_python import run_python
from agent.tools.search_knowledge import search_knowledge
from agent.writing import ProseWriter
from bot.attachments import Attachments
from bot.audiences import Audiences
from bot.channels.following import Following
from bot.channels.source import ChannelSource
from bot.channels.talk import Talk
from bot.chat import Mention, Press
from bot.chats import Chats
from bot.databases import Databases, explained, open_checkpointer
from bot.desk import Desk
from bot.digests.command import asks_for_digest, subscribing
from bot.digests.presses import PRESSED, DigestPresses
from bot.digests.service import Digests
from bot.digests.subscriptions import Subscription
from bot.digests.writing import Prose
from bot.held_files import HeldFiles
from bot.jobs import iso
from bot.knowledge import Knowledge
from bot.logs import configure_logs
from bot.migrate import migrate
from bot.nightly import PRESSED as NIGHTLY
from bot.nightly import Nightly
from bot.operators import Operators
from bot.poster import ChatPoster
from bot.records import Records, open_engine
from bot.reembedding import Reembedding, open_former
from bot.replicas import replica_of
from bot.schedule import Schedule
from bot.settings import Settings, SettingsInvalid
from bot.sources import Opener
from retrieval.embedders import Embedder
from retrieval.embedders.choose import connect_embedder
from retrieval.metering import Meter
from retrieval.rerankers import Reranker
from retrieval.rerankers.choose import open_reranker
from retrieval.search import Searcher
from retrieval.stores import Store
from retrieval.stores.choose import open_store
from retrieval.stores.place import Weaviate

log = structlog.get_logger()


@dataclass(slots=True)
class App:
    """A running assistant. ``chats`` is filled by whoever starts platforms, before the first event comes in."""

    settings: Settings
    records: Records
    ledger: Ledger
    toolbox: Toolbox
    knowledge: Knowledge
    store: Store
    embedder: Embedder
    searcher: Searcher
    model: ChatModel | None
    desk: Desk
    chats: Chats
    held: HeldFiles
    audiences: Audiences
    schedule: Schedule
    digests: Digests
    digest_presses: DigestPresses
    nightly: Nightly
    talk: Talk
    following: Following
    replica: str
    """The name of what runs on this home (`bot.replicas`)."""

    async def mention(self, mention: Mention) -> None:
        """What the inbox calls for a mention: one that asks for a digest subscribes, any other is answered."""
        words = asks_for_digest(mention.text)
        if words is None or mention.person.is_bot:
            await self.desk.mention(mention)
        else:
            await self.digest_presses.press(subscribing(mention, words))

    async def press(self, press: Press) -> None:
        """What the inbox calls for a press."""
        if press.action in NIGHTLY:
            await self.nightly.press(press)
            return
        await (self.digest_presses if press.action in PRESSED else self.desk).press(press)


Resume = Callable[[str, str, str], Awaitable[None]]


@asynccontextmanager
async def open_app(
    settings: Settings,
    resume: Resume,
    *,
    model: ChatModel | None = None,
    replica: str = "",
    place: Path | Weaviate | None = None,
    clock: Callable[[], float] = time.time,
) -> AsyncIterator[App]:
    """Everything but the inbox and the platforms. ``resume(run, place, cause)`` is told which runs can go on.

    ``model`` takes the place of the one that the settings name, such as a `ScriptedModel`. ``replica`` names a process
    that is the only one of this name (`bot.replicas`). ``place`` is where the knowledge is, where not in the settings' own.
    ``clock`` says what time it is, so that days can pass at once.

    Raises `SettingsInvalid`, `ModelMisconfigured` or a `RetrievalError` with one line each.
    """
    quiet_libraries()
    configure_logs(settings.log)
    databases = Databases.of(settings)
    here = await asyncio.to_thread(_prepare, settings, databases)
    async with AsyncExitStack() as stack:
        engine = open_engine(databases.records)
        stack.push_async_callback(engine.dispose)
        saver = await stack.enter_async_context(open_checkpointer(databases))
        meter = RetrievalMeter(engine, ceilings_of(settings), clock)
        embedder = await open_settings_embedder(settings, meter)
        stack.push_async_callback(embedder.close)
        store = await open_store(place or settings.store_place)
        stack.push_async_callback(store.close)
        await store.bind(embedder.name, embedder.dimensions)
        searcher = await _open_searcher(settings, store, embedder, meter, stack)
        model = model or open_settings_model(settings)
        if model is not None:
            stack.push_async_callback(model.close)
        runner = replica or uuid.uuid4().hex
        app = _assemble(settings, engine, saver, store, embedder, searcher, model, resume, runner, here, clock)
        stack.push_async_callback(app.knowledge.stop)
        yield app


async def _open_searcher(
    settings: Settings, store: Store, embedder: Embedder, meter: Meter, stack: AsyncExitStack
) -> Searcher:
    """What searches, with the reranker that the settings name, if any."""
    reranker = open_settings_reranker(settings, meter)
    if reranker is not None:
        stack.push_async_callback(reranker.close)
    searcher = Searcher(store, embedder, reranker)
    former = await open_former(settings, store, embedder, meter, stack)
    return searcher if former is None else Reembedding(former, searcher, store, embedder.name)


def _assemble(
    settings: Settings,
    engine: AsyncEngine,
    saver: BaseCheckpointSaver[Any],
    store: Store,
    embedder: Embedder,
    searcher: Searcher,
    model: ChatModel | None,
    resume: Resume,
    runner: str,
    here: str,
    clock: Callable[[], float],
) -> App:
    chats, talk = Chats(), Talk(engine, clock)
    opener = Opener(settings, lambda location: ChannelSource(location, talk, chats, clock))
    records, decisions = Records(engine), DecisionLog(engine, clock)
    ledger = Ledger(engine, clock, settings.approval_hours * 3_600, runner)
    knowledge = Knowledge(store, embedder, engine, opener, here, clock)
    audiences = Audiences(store, chats)
    attachments = Attachments(embedder, settings.max_file_mb * 1_000_000)
    held = HeldFiles(engine, settings.uploads_path, attachments, chats, ledger, clock)
    toolbox = build_toolbox(settings, searcher, knowledge, ChatPoster(chats, records, clock), held)
    model_for = metered(settings, engine, model)
    agent = Agent(
        searcher,
        embedder,
        toolbox,
        ledger,
        decisions,
        model_for,
        _deciders(settings.approvers),
        Limits(steps=settings.run_steps, window=settings.model_window),
        clock,
    )
    desk = Desk(
        build_graph(agent, saver),
        saver,
        records,
        ledger,
        toolbox,
        decisions,
        chats,
        attachments,
        audiences,
        resume,
        clock,
        run_seconds=settings.run_seconds,
        max_question_chars=settings.max_question_chars,
    )
    operators = Operators(settings.operators, chats, records, clock)
    schedule = Schedule(engine, clock, operators)
    nightly = Nightly(settings, engine, operators, chats, clock)
    if (job := nightly.job()) is not None:
        schedule.add(job)
    prose = _prose_of(model_for, clock)
    digests = Digests(engine, embedder, searcher, audiences, opener.news, chats, records, clock, prose)
    schedule.add_all(digests)
    return App(
        settings,
        records,
        ledger,
        toolbox,
        knowledge,
        store,
        embedder,
        searcher,
        model,
        desk,
        chats,
        held,
        audiences,
        schedule,
        digests,
        DigestPresses(digests, schedule, desk.mention, chats, settings.zone),
        nightly,
        talk,
        Following(talk, knowledge, chats, records, clock),
        here,
    )


def build_toolbox(
    settings: Settings, searcher: Searcher, knowledge: Knowledge, poster: ChatPoster, held: HeldFiles
) -> Toolbox:
    """Every tool there is."""

    async def index(folder: Path) -> None:
        name = await knowledge.add("folder", str(folder))
        await knowledge.sync(name)
        knowledge.start(name)

    return Toolbox(
        [
            search_knowledge(searcher),
            read_page(settings.private_hosts),
            run_python(),
            remember(settings.notes_path, index, time.time),
            remember_file(held, lambda: index(settings.uploads_path)),
            post_message(poster),
        ]
    )


def open_settings_model(settings: Settings) -> ChatModel | None:
    """The chat model that the settings name. Raises `ModelMisconfigured`."""
    return open_model(settings.model, url=settings.model_url, key=settings.model_key)


async def open_settings_embedder(settings: Settings, meter: Meter | None = None) -> Embedder:
    """The embedder that the settings name; ``meter`` is told what it takes. Raises `EmbedderUnknown` or `EmbedderAway`."""
    key, url = settings.key_for_cohere, settings.cohere_url
    return await connect_embedder(settings.embedder, settings.vectors_path, key=key, url=url, meter=meter)


def open_settings_reranker(settings: Settings, meter: Meter | None = None) -> Reranker | None:
    """The reranker that the settings name; ``meter`` is told what it takes. Raises `RerankerUnknown`."""
    return open_reranker(settings.reranker, key=settings.key_for_cohere, url=settings.cohere_url, meter=meter)


def ceilings_of(settings: Settings) -> Ceilings:
    """What a run, a person, a channel and a day may take."""
    return Ceilings(
        settings.budget_run, settings.budget_person, settings.budget_channel, settings.budget_day, settings.run_tokens
    )


def metered(
    settings: Settings, engine: AsyncEngine, model: ChatModel | None, ceilings: Ceilings | None = None
) -> Callable[[State], ChatModel | None]:
    """The model of a run, with every call on the cost ledger and under the ceilings, by default those of the settings."""
    if model is None:
        return lambda state: None
    ceilings = ceilings or ceilings_of(settings)
    known = price(model.name, settings.model_url) or (0.0, 0.0)
    if settings.model_price_in is None and (words := unpriced(model.name, settings.model_url)):
        log.warning("no price", reason=words)
    rates = (
        known[0] if settings.model_price_in is None else settings.model_price_in,
        known[1] if settings.model_price_out is None else settings.model_price_out,
    )

    def of_run(state: State) -> ChatModel:
        scope = Scope(state["run"], state["person"], state["channel"])
        return Metered(model, engine, scope, ceilings, rates, time.time)

    return of_run


def _prose_of(
    pay: Callable[[State], ChatModel | None], clock: Callable[[], float]
) -> Callable[[Subscription], Prose | None]:
    """What writes a digest, on the bill of whoever subscribed, each day a run of its own; None where it is quoted."""

    def of_subscription(subscription: Subscription) -> Prose | None:
        run, place = f"digest-{subscription.id}-{iso(clock())[:10]}", subscription.place.channel_key
        paid = pay(State(run=run, person=subscription.owner.id, channel=place))
        return None if paid is None else Prose(ProseWriter(paid), subscription.language)

    return of_subscription


def _deciders(approvers: str) -> Deciders:
    match approvers:
        case "place" | "asker" | "others":
            return Deciders(approvers)
        case _:
            return Deciders("named", tuple(person.strip() for person in approvers.split(",") if person.strip()))


def _prepare(settings: Settings, databases: Databases) -> str:
    """Make the home, readable by its owner alone, and bring the records to their newest form; gives the home's name."""
    try:
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        here = replica_of(settings.home)
    except OSError as error:
        raise SettingsInvalid(
            f"FOOTNOTE_HOME: {settings.home} can't be written ({error.strerror}); choose another folder."
        ) from error
    with explained(databases.records):
        migrate(databases.records)
    return here


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
