"""Does the order of a digest learn from what people mark? Simulated readers, on real articles.

    make bench-ranking DATA=…/multihop

Articles are paragraphs of Wikipedia, by way of MuSiQue and HotpotQA. A reader likes two kinds of thing (films, rivers, …),
where the kind of an article is what its first sentence says it is (“is a 1999 American comedy film”): no vector and no topic
has a part in that. Tastes are not tidy: of the kinds they like one article in seven leaves them cold, of all others one in
twenty pleases. Each day brings 40 new articles from eight feeds that tell of everything. The product ranks them, the reader
looks at the five that stand in full, and marks some: three in five of what they like, two in five of the rest; one mark in
ten is the wrong one. Marks are kept and read by the product, in its table.

After ten days the marks stand still, and the next ten days are ranked twice: with them and without. A figure is the mean of
nDCG@5 over a reader's days; readers are paired with themselves and resampled, and the 95% intervals hold for all three groups
together (`evals.comparing`). Those are: subscriptions to all that the feeds tell, where the order without marks is that of the
dates; subscriptions with six topics, two of which are the kinds that please, where it is that of the topics; and readers who
press at random, of whom there is nothing to learn.

The embedder is the cheaper of the two that come inside a package: it makes the run minutes long, and its vectors are of the
quality that people have by default, which hashed words are not. Seed 101 was for developing, and is not the default.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean

import numpy as np
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.report import Row, publish
from bot.chat import Action, Place
from bot.digests.editions import Editions
from bot.digests.items import Item
from bot.digests.ranking import Mark, Ranked, Topic, ranked, topics_of
from bot.digests.stories import Sameness, clusters
from bot.digests.subscriptions import Length
from bot.records import open_engine, sqlite_url
from bot.tables import metadata
from evals.comparing import compare
from evals.metrics import Metric
from retrieval.embedders.choose import open_embedder

KINDS = {
    "films": r"films?|movie|documentary",
    "television": r"television|sitcom|tv|episode|miniseries",
    "music": r"album|song|single|band|singer|songwriter|rapper|musician",
    "sport": r"football|footballer|basketball|baseball|hockey|cricket|cricketer|championship|tennis|golfer|wrestler",
    "books": r"novel|book|novelist|author|poet|magazine|journal|newspaper",
    "towns": r"city|town|village|municipality|community|borough|suburb",
    "waters and mountains": r"river|lake|mountain|island|bay|creek|valley|volcano",
    "politics": r"politician|election|senator|party|governor|minister|lawyer",
    "companies": r"company|airline|manufacturer|corporation|retailer|brand|bank",
    "schools": r"school|university|college|institute",
    "wars": r"war|battle|army|officer|soldier|regiment|military",
    "games": r"game|games|console",
    "stations": r"station|airport|railway|highway|road",
    "churches": r"church|saint|bishop|diocese|religion|cathedral",
}
_IS = re.compile(r"\b(?:is|was|are|were) (?:an?|the|one of the)\b([^.;]{0,120})")
MARKED_DAYS, LATER_DAYS, A_DAY, FEEDS = 10, 10, 40, 8
CUT = 5
COLD, PLEASED = 1 / 7, 1 / 20
MARKS_LIKED, MARKS_REST, MISTAKEN = 0.6, 0.4, 0.1
DAY = 86_400.0
NDCG = Metric("ndcg", f"nDCG@{CUT}")
ARMS = ("all of their sources", "topics", "pressing at random")


def kind_of(text: str) -> str:
    """What the first sentence says that it is; nothing where it says none of `KINDS`."""
    said = _IS.search(text[:400])
    words = {kind: re.search(rf"\b(?:{words})\b", said[1]) for kind, words in KINDS.items()} if said else {}
    first = [(found.start(), kind) for kind, found in words.items() if found]
    return min(first)[1] if first else ""


def articles(data: Path) -> list[tuple[str, Item]]:
    """Those with a kind, each title once; as items that were not embedded."""
    musique = json.loads((data / "musique_train_corpus.json").read_text())
    hotpot = json.loads((data / "hotpotqa_train_corpus.json").read_text())
    texts = {one["title"]: one["text"] for one in musique} | {title: "".join(text) for title, text in hotpot.items()}
    found = [(kind_of(text), title, text) for title, text in sorted(texts.items())]
    return [
        (kind, Item(f"a{number}", "", f"https://wiki.example/{number}", title, text[:4_000], 0.0))
        for number, (kind, title, text) in enumerate(found)
        if kind
    ]


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody with a taste that only they know: ``pleasing`` are the ids of the articles that they would like."""

    name: str
    pleasing: frozenset[str]
    topics: str
    days: tuple[tuple[Item, ...], ...]
    at_random: bool

    @property
    def place(self) -> Place:
        return Place("simulated", "local", self.name)


def reader(number: int, arm: str, known: Sequence[tuple[str, Item]], seed: int) -> Reader:
    rng = random.Random(f"{seed}/{arm}/{number}")
    kinds = rng.sample(list(KINDS), 6)
    liked = kinds[:2]
    pleasing = {item.id for kind, item in known if rng.random() < ((1 - COLD) if kind in liked else PLEASED)}
    drawn = [
        replace(item, source=f"feed:{rng.randrange(FEEDS)}", at=(place // A_DAY + rng.random()) * DAY)
        for place, (_, item) in enumerate(rng.sample(list(known), (MARKED_DAYS + LATER_DAYS) * A_DAY))
    ]
    days = tuple(tuple(drawn[start : start + A_DAY]) for start in range(0, len(drawn), A_DAY))
    topics = ", ".join(sorted(kinds)) if arm == "topics" else ""
    return Reader(f"{arm} {number}", frozenset(pleasing), topics, days, arm == "pressing at random")


def ordered(day: Sequence[Item], topics: Sequence[Topic], marks: Sequence[Mark], sameness: Sameness) -> list[Ranked]:
    return ranked(clusters(day, sameness), topics, marks, sameness)


def ndcg(order: Sequence[Ranked], day: Sequence[Item], pleasing: frozenset[str]) -> float | None:
    """Of a day on which nothing would please there is none."""
    gains = [float(any(item.id in pleasing for item in one.story.items)) for one in order]
    best = min(CUT, sum(item.id in pleasing for item in day))
    weights = [1 / np.log2(rank + 2) for rank in range(CUT)]
    return float(np.dot(gains[:CUT], weights[: len(gains[:CUT])]) / sum(weights[:best])) if best else None


async def mark(who: Reader, shown: Sequence[Ranked], number: int, editions: Editions, rng: random.Random) -> None:
    """What the reader marks of what stands in full."""
    for rank, one in enumerate(shown):
        lead = one.story.lead
        likes = rng.random() < 0.5 if who.at_random else lead.id in who.pleasing
        if rng.random() >= (MARKS_LIKED if likes else MARKS_REST) or lead.vector is None:
            continue
        said = Action.MORE if likes != (rng.random() < MISTAKEN) else Action.LESS
        story = f"{who.name}:{number}:{rank}"
        await editions.mark(story, who.name, who.place, said.value, lead.source, lead.vector, number * DAY)


async def figures_of(who: Reader, editions: Editions, sameness: Sameness, seed: int) -> dict[str, dict[str, float]]:
    """The mean nDCG@5 of the later days: without marks, and with those of so many days."""
    rng = random.Random(f"{seed}/{who.name}/marks")
    topics = await topics_of(who.topics, sameness)
    known: dict[str, list[Mark]] = {"without marks": []}
    for number, day in enumerate(who.days[:MARKED_DAYS], 1):
        order = ordered(day, topics, await editions.marks(who.place), sameness)
        await mark(who, order[: Length.NORMAL.items], number, editions, rng)
        if number in (2, 5, MARKED_DAYS):
            known[f"after {number} days"] = await editions.marks(who.place)
    figures: dict[str, dict[str, float]] = {}
    for name, marks in known.items():
        later = [ndcg(ordered(day, topics, marks, sameness), day, who.pleasing) for day in who.days[MARKED_DAYS:]]
        figures[name] = {NDCG.name: mean(one for one in later if one is not None)}
    return figures


async def run(data: Path, embedder: str, readers: int, seed: int) -> tuple[list[Row], dict[str, object]]:
    sameness = await Sameness.of(open_embedder(embedder))
    found = articles(data)
    vectored = await sameness.embedded([item for _, item in found])
    known = [(kind, item) for (kind, _), item in zip(found, vectored, strict=True)]
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(sqlite_url(Path(folder) / "records.sqlite"))
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        rows = [await _row(arm, known, sameness, engine, readers, seed) for arm in ARMS]
        await engine.dispose()
    about = {"readers of each": readers, "articles": len(known), "embedder": sameness.embedder.name, "seed": seed}
    return rows, about


async def _row(
    arm: str, known: Sequence[tuple[str, Item]], sameness: Sameness, engine: AsyncEngine, readers: int, seed: int
) -> Row:
    editions = Editions(engine, sameness.embedder.name, sameness.embedder.dimensions)
    people = [reader(number, arm, known, seed) for number in range(readers)]
    figures = {one.name: await figures_of(one, editions, sameness, seed) for one in people}
    nights = {name: {who: one[name] for who, one in figures.items()} for name in next(iter(figures.values()))}
    last = nights[f"after {MARKED_DAYS} days"]
    (change,) = compare(nights["without marks"], last, metrics=(NDCG,), comparisons=len(ARMS), seed=seed).changes
    row = {name: mean(one[NDCG.name] for one in night.values()) for name, night in nights.items()}
    return Row(arm, {**row, "difference": change.difference, "interval from": change.low, "to": change.high})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--embedder", default="minilm")
    parser.add_argument("--readers", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/ranking_learns.json"))
    arguments = parser.parse_args()
    rows, about = asyncio.run(run(arguments.data, arguments.embedder, arguments.readers, arguments.seed))
    publish(f"Digests learn from marks: nDCG@{CUT} of later days", rows, about, arguments.out)


if __name__ == "__main__":
    main()
