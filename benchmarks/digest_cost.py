"""What one morning costs as subscriptions to the same topics and sources grow: tokens, embedded texts, fetches.

    make bench-digest-cost

Four feeds on a real host tell of 15 new stories each a day, as long as the abstract of a paper. Every subscription is in a
channel of its own, a third of each length, and its people mark stories at random for three mornings, so that channels order
the stories differently. The fourth morning is measured: all its digests are written at once, by what `footnote up` runs.
Only the model (a function that retells the first sentences), the embedder (hashed words) and the clock are not the real
ones. Tokens are those on the product's own cost ledger, estimated there as for any model that reports none.

The last row is the other end: as many subscriptions, each with a topic of its own beside those of all, so that no text
fits two of them.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from agent.models import Completion, Request
from agent.models.metering import Ceilings, Metered, Scope
from agent.models.scripted import ScriptedModel
from agent.tables import metadata as agent_metadata
from agent.tables import usage
from agent.writing import ProseWriter
from benchmarks.report import Row, publish
from bot.audiences import Audiences
from bot.chat import Action, Person, Place
from bot.digests.editions import Edition
from bot.digests.service import Digests
from bot.digests.subscriptions import Length, Subscription
from bot.digests.writing import Prose
from bot.records import Records, open_engine, sqlite_url
from bot.settings import Settings
from bot.sources import Opener
from bot.tables import metadata
from retrieval.embedders.hashing import Hashing
from retrieval.search import Searcher
from retrieval.sentences import sentences
from retrieval.sources.copies import Copies
from retrieval.sources.fetcher import Fetcher
from retrieval.stores.memory import InMemoryStore
from tests.servers.web_sources import WebSources, web_sources

COUNTS = (1, 5, 20, 50)
FEEDS, STORIES, MARKED_MORNINGS = 4, 15, 3
TOPICS = ("retrieval", "rerankers", "evaluation")
START, DAY = 1_772_434_800.0, 86_400.0
MARKS = 0.6
OWNER = Person("sim/mei", "Mei")
SYLLABLES = ("ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu", "va", "we", "xi")


class Counting(Hashing):
    """The embedder, which counts what it is given."""

    def __init__(self) -> None:
        self.embedded = 0

    async def passages(self, texts: Sequence[str], *, behind: bool = False) -> NDArray[np.float32]:
        self.embedded += len(texts)
        return await super().passages(texts, behind=behind)


@dataclass(frozen=True, slots=True)
class Mornings:
    """A team's digests, and what is read of what they took."""

    engine: AsyncEngine
    digests: Digests
    host: WebSources
    embedder: Counting
    clock: list[float]
    rng: random.Random

    async def write(self, subscriptions: Sequence[Subscription]) -> list[Edition]:
        """The next morning's editions, all at once; its stories are told an hour before."""
        self.clock[0] += DAY
        for feed in range(FEEDS):
            self.host.put(f"/{feed}", _feed(feed, self.clock[0] - 3_600), "application/rss+xml")
        await asyncio.gather(*(self.digests.write(one, self.clock[0]) for one in subscriptions))
        return [(await self.digests.editions.newest(one.id, 1))[0] for one in subscriptions]

    async def mark(self, edition: Edition) -> None:
        for number, entry in enumerate(edition.content["items"]):
            if self.rng.random() < MARKS:
                said = self.rng.choice((Action.MORE, Action.LESS)).value
                story, vector = f"{edition.id}:{number}", edition.vectors[number]
                await self.digests.editions.mark(
                    story, OWNER.id, edition.place, said, entry["source"], vector, self.clock[0]
                )

    async def spent(self) -> tuple[int, int]:
        """Calls of the model on this morning, and their tokens."""
        tokens = func.sum(usage.c.input_tokens + usage.c.output_tokens)
        query = select(func.count(), tokens).where(usage.c.at == self.clock[0])
        async with self.engine.connect() as connection:
            calls, total = (await connection.execute(query)).one()
        return calls, total or 0


def _feed(feed: int, at: float) -> str:
    entries = (_entry(random.Random(f"{feed}/{at}/{number}"), feed, number, at) for number in range(STORIES))
    return f'<rss version="2.0"><channel><title>{feed}</title>{"".join(entries)}</channel></rss>'


def _entry(rng: random.Random, feed: int, number: int, at: float) -> str:
    def words(count: int) -> str:
        return " ".join("".join(rng.choice(SYLLABLES) for _ in range(3)) for _ in range(count))

    topic = rng.choice(TOPICS)
    title = f"{words(3).capitalize()} for {topic}"
    text = " ".join(f"{words(12).capitalize()}." for _ in range(14))
    link = f"https://site-{feed}.example/{at:.0f}/{number}"
    return (
        f"<item><title>{title}</title><link>{link}</link><guid>{link}</guid>"
        f"<description>{text}</description><pubDate>{formatdate(at)}</pubDate></item>"
    )


def retold(request: Request) -> Completion:
    """The first two sentences of the first source, with their mark."""
    text = request.sources[0].text.partition("\n")[2]
    return Completion(" ".join(f"{text[a:b]} [1]" for a, b in sentences(text)[:2]))


def subscriptions(count: int, host: str, own: bool) -> list[Subscription]:
    sources = tuple(f"feed:{host}/{feed}" for feed in range(FEEDS))
    return [
        Subscription(
            f"s{number}",
            Place("sim", "local", f"channel-{number}"),
            OWNER,
            ", ".join((*TOPICS, f"subject {number}") if own else TOPICS),
            sources,
            "0 7 * * *",
            "UTC",
            START,
            list(Length)[(number + 1) % len(Length)],
        )
        for number in range(count)
    ]


async def measured(count: int, folder: Path, seed: int, *, own: bool = False) -> dict[str, float]:
    """The figures of the fourth morning of so many subscriptions."""
    async with AsyncExitStack() as stack:
        host = stack.enter_context(web_sources())
        mornings = await _opened(host, folder, random.Random(f"{seed}/{count}"))
        stack.push_async_callback(mornings.engine.dispose)
        people = subscriptions(count, host.address, own)
        for _ in range(MARKED_MORNINGS):
            for edition in await mornings.write(people):
                await mornings.mark(edition)
        asked, embedded = len(host.asked), mornings.embedder.embedded
        editions = await mornings.write(people)
        calls, tokens = await mornings.spent()
        return {
            "stories in full": sum(len(one.content["items"]) for one in editions),
            "texts written": calls,
            "tokens": tokens,
            "tokens a digest": tokens / count,
            "items embedded": mornings.embedder.embedded - embedded,
            "fetches": len(host.asked) - asked,
        }


async def _opened(host: WebSources, folder: Path, rng: random.Random) -> Mornings:
    folder.mkdir()
    engine, clock = open_engine(sqlite_url(folder / "records.sqlite")), [START]
    async with engine.begin() as connection:
        for tables in (metadata, agent_metadata):
            await connection.run_sync(tables.create_all)
    embedder, store = Counting(), InMemoryStore()
    await store.bind(embedder.name, embedder.dimensions)
    opener = Opener(Settings(home=folder))
    opener._fetcher = Fetcher(Copies(folder / "copies.sqlite"), ["127.0.0.1"], pause=0.0)
    model = ScriptedModel(retold)

    def prose_of(one: Subscription) -> Prose:
        scope = Scope(f"digest-{one.id}", one.owner.id, one.place.channel_key)
        return Prose(ProseWriter(Metered(model, engine, scope, Ceilings(), (0.0, 0.0), lambda: clock[0])), one.language)

    digests = Digests(
        engine,
        embedder,
        Searcher(store, embedder),
        Audiences(store, {}),
        opener.news,
        {},
        Records(engine),
        lambda: clock[0],
        prose_of,
    )
    return Mornings(engine, digests, host, embedder, clock, rng)


async def run(counts: Sequence[int], seed: int) -> tuple[list[Row], dict[str, object]]:
    with tempfile.TemporaryDirectory() as folder:
        rows = [Row(f"{count}", await measured(count, Path(folder) / f"{count}", seed)) for count in counts]
        apart = await measured(counts[-1], Path(folder) / "own", seed, own=True)
    growth = rows[-1].figures["tokens"] / rows[0].figures["tokens"]
    about: dict[str, object] = {"new items": FEEDS * STORIES, "seed": seed}
    about[f"tokens of {counts[-1]} over those of {counts[0]}"] = growth
    return [*rows, Row(f"{counts[-1]}, topics of their own", apart)], about


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/digest_cost.json"))
    arguments = parser.parse_args()
    rows, about = asyncio.run(run(arguments.counts, arguments.seed))
    publish("A morning of digests, by subscriptions to the same topics", rows, about, arguments.out)


if __name__ == "__main__":
    main()
