"""Many passages: how long a store takes to build, what it weighs, and how fast and how rightly it finds.

    make bench-scale [ARGS="--passages 1000000 --store weaviate"]

The text is synthetic, in real sizes: documents of some 400 words, drawn by Zipf's law from a topic's words and everyone's, with
names that documents share. Vectors are sums of random word vectors weighed by rarity, so that texts of one topic are near each
other. Half the documents are the whole team's, the other half one of 200 channels'; every question is asked for one channel.
Exact neighbours come from comparing with every vector.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.progress import Progress as Bars

from benchmarks.report import Row, publish
from retrieval.documents import PUBLIC, Audience, Document, content_hash
from retrieval.search import CANDIDATES, Searcher
from retrieval.sources import Listed
from retrieval.stores import Store
from retrieval.stores.choose import open_store
from retrieval.stores.place import Weaviate
from retrieval.sync import Progress, Syncer, embed_pending
from tests.servers.weaviate import WeaviateServer

DIMENSIONS = 784
"""As many as the default embedder gives."""
WORDS, TOPICS, PER_TOPIC, CHANNELS = 50_000, 2_000, 80, 200
PASSAGES_A_DOCUMENT = 3
WORDS_A_PASSAGE = 130
SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "er", "is", "on")]


class World:
    """Words, topics and documents, the same for the same seed."""

    def __init__(self, documents: int, seed: int = 1) -> None:
        self._seed = seed
        random = np.random.default_rng(seed)
        parts = random.integers(0, len(SYLLABLES), (WORDS, 4))
        self.words = [_word(row, number) for number, row in enumerate(parts.tolist())]
        self.number = {word: number for number, word in enumerate(self.words)}
        share = 1.0 / np.arange(1, WORDS + 1)
        self.everyone = np.cumsum(share / share.sum())
        self.topics = random.integers(200, WORDS, (TOPICS, PER_TOPIC))
        self.vectors = random.standard_normal((WORDS, DIMENSIONS)).astype(np.float32)
        self.weights = np.minimum(1.0, np.log1p(np.arange(WORDS)) / np.log1p(2_000)).astype(np.float32) ** 2
        self.documents = documents

    def document(self, number: int) -> Document:
        random = np.random.default_rng((self._seed, number))
        topic = self.topics[int(random.integers(TOPICS))]
        paragraphs = [self._paragraph(random, topic) for _ in range(PASSAGES_A_DOCUMENT)]
        title = f"{self.words[int(topic[0])].title()} {self.words[int(topic[1])].title()} {number}"
        audience = Audience.everyone() if number % 2 else Audience.of(f"channel:c{number // 2 % CHANNELS}")
        text = "\n\n".join(paragraphs)
        return Document(
            f"d{number}", "scale", f"https://example.org/{number}", title, text, audience, content_hash(text.encode())
        )

    def question(self, number: int) -> tuple[str, Audience]:
        """Some rare words of a document, and who asks."""
        random = np.random.default_rng((self._seed, 1, number))
        text = self.document(int(random.integers(self.documents))).text.lower().replace(".", "").split()
        rare = sorted({word for word in text if self.number.get(word, 0) > 200}, key=lambda word: self.number[word])
        chosen = random.choice(rare, min(7, len(rare)), replace=False)
        audience = Audience.of(PUBLIC, f"channel:c{int(random.integers(CHANNELS))}") | Audience.everyone()
        return "What is said about " + " ".join(chosen) + "?", audience

    def vector(self, text: str) -> NDArray[np.float32]:
        known = [n for word in text.lower().replace(".", " ").replace("?", " ").split() if (n := self.number.get(word))]
        vector = (self.vectors[known] * self.weights[known, None]).sum(0) if known else self.vectors[0]
        return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)

    def _paragraph(self, random: np.random.Generator, topic: NDArray[np.int64]) -> str:
        common = np.searchsorted(self.everyone, random.random(WORDS_A_PASSAGE))
        own = topic[random.integers(0, PER_TOPIC, WORDS_A_PASSAGE)]
        chosen = np.where(random.random(WORDS_A_PASSAGE) < 0.3, own, common).tolist()
        words = [self.words[min(one, WORDS - 1)] for one in chosen]
        words[5] = self.words[int(topic[2 + random.integers(20)])].title()
        for start in range(0, len(words), 13):
            words[start] = words[start].capitalize()
            words[min(start + 12, len(words) - 1)] += "."
        return " ".join(words)


def _word(parts: Sequence[int], number: int) -> str:
    length = 1 + min(3, number.bit_length() // 5)
    return "".join(SYLLABLES[part] for part in parts[:length]) + (chr(97 + number % 26) if number > 100 else "")


class WorldSource:
    name = "scale"
    keeps = False

    def __init__(self, world: World) -> None:
        self._world = world

    async def list(self) -> AsyncIterator[Listed]:
        for number in range(self._world.documents):
            yield Listed(f"d{number}", "")

    async def read(self, listed: Listed) -> Document:
        return self._world.document(int(listed.id[1:]))


class WorldEmbedder:
    """An `Embedder` that costs next to nothing."""

    name = "scale-1"
    dimensions = DIMENSIONS

    def __init__(self, world: World) -> None:
        self._world = world

    async def passages(self, texts: Sequence[str], *, behind: bool = False) -> NDArray[np.float32]:
        return np.stack([self._world.vector(text) for text in texts])

    async def query(self, text: str) -> NDArray[np.float32]:
        return self._world.vector(text)

    async def close(self) -> None:
        """Nothing is held."""


async def build(store: Store, world: World, embedder: WorldEmbedder) -> dict[str, float]:
    """Seconds to write, to embed (vectors cost nothing here) and to index, through the product's own sync."""
    with Bars() as bars:
        task = bars.add_task("Writing", total=world.documents)

        def report(progress: Progress) -> None:
            bars.update(task, description=progress.stage, completed=progress.done, total=progress.total or None)

        started = time.monotonic()
        await store.bind(embedder.name, embedder.dimensions)
        await Syncer(store).sync(WorldSource(world), report)
        written = time.monotonic()
        await embed_pending(store, embedder, report)
        embedded = time.monotonic()
        await store.optimize()
    ended = time.monotonic()
    return {"write s": written - started, "vectors s": embedded - written, "index s": ended - embedded}


async def exact(store: Store, world: World, asked: Sequence[tuple[str, Audience]], cut: int) -> list[set[str]]:
    """The nearest passages of each question, by comparing it with every passage that its audience sees."""
    wanted = np.stack([world.vector(question) for question, _ in asked])
    best: list[list[tuple[float, str]]] = [[] for _ in asked]
    everyone = Audience.everyone() | Audience.of(*(f"channel:c{number}" for number in range(CHANNELS)))
    for start in range(0, world.documents, 2_000):
        ids = [f"d{number}" for number in range(start, min(start + 2_000, world.documents))]
        passages = await store.passages(ids, everyone)
        scores = wanted @ np.stack([world.vector(passage.embeddable) for passage in passages]).T
        for row, (kept, (_, audience)) in enumerate(zip(best, asked, strict=True)):
            for place in np.argsort(-scores[row])[: 4 * cut]:
                if audience.sees(passages[place].audience.labels):
                    kept.append((float(scores[row, place]), passages[place].id))
            kept.sort(reverse=True)
            del kept[cut:]
    return [{passage for _, passage in kept} for kept in best]


async def ask(store: Store, world: World, embedder: WorldEmbedder, asked: Sequence[tuple[str, Audience]]) -> list[Row]:
    searcher = Searcher(store, embedder)
    took: dict[str, list[float]] = {"full text": [], "vectors": [], "both at once": [], "Footnote": []}
    found: list[set[str]] = []
    for question, audience in asked:
        vector = world.vector(question).tolist()
        for name in took:
            started = time.monotonic()
            match name:
                case "full text":
                    await store.full_text(question, audience, CANDIDATES)
                case "vectors":
                    near = await store.nearest(vector, audience, CANDIDATES)
                    found.append({hit.passage.id for hit in near[:10]})
                case "both at once":
                    await asyncio.gather(
                        store.full_text(question, audience, CANDIDATES), store.nearest(vector, audience, CANDIDATES)
                    )
                case _:
                    await searcher.search(question, audience)
            took[name].append(1_000 * (time.monotonic() - started))
    truth = await exact(store, world, asked, 10)
    right = statistics.mean(len(one & other) / len(other) for one, other in zip(found, truth, strict=True))
    rows = [
        Row(name, {"p50 ms": statistics.median(one), "p99 ms": float(np.percentile(one, 99))})
        for name, one in took.items()
    ]
    rows[1].figures["recall@10 of exact, %"] = 100 * right
    return rows


async def run(world: World, place: Path | Weaviate, questions: int) -> tuple[list[Row], dict[str, Any]]:
    embedder = WorldEmbedder(world)
    store = await open_store(place)
    took = await build(store, world, embedder)
    counts = await store.counts()
    asked = [world.question(number) for number in range(questions)]
    for question, audience in asked[:3]:
        await Searcher(store, embedder).search(question, audience)
    rows = await ask(store, world, embedder, asked)
    await store.close()
    return [Row("build", took), *rows], {
        "passages": counts.passages,
        "embedded": counts.embedded,
        "questions": questions,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=1_000_000)
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--store", choices=("lance", "weaviate"), default="lance")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/scale.json"))
    arguments = parser.parse_args()
    world = World(arguments.passages // PASSAGES_A_DOCUMENT)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        server = WeaviateServer(home) if arguments.store == "weaviate" else None
        if server is not None:
            server.start()
        try:
            place = home / "knowledge" if server is None else Weaviate(server.url, grpc_port=server.grpc_port)
            rows, about = asyncio.run(run(world, place, arguments.questions))
        finally:
            if server is not None:
                server.kill()
        about["disk MB"] = sum(file.stat().st_size for file in home.rglob("*") if file.is_file()) / 1e6
    about["peak MB of the process"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000
    if server is not None:
        about["peak MB of the server"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1_000
    publish(f"{arguments.passages:,} passages, {arguments.store}", rows, about, arguments.out)


if __name__ == "__main__":
    main()
