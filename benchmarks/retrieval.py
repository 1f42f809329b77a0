"""Finding, measured: recall@2, @5, @10 and nDCG@10 of full text, vectors, plain rank fusion and the product's way.

    make bench-retrieval CORPUS=corpus.jsonl QUESTIONS=questions.jsonl [ARGS="--store weaviate"]

On Weaviate its own ways of putting both together are measured too; the server is the tests' (tests/servers/weaviate.py).
A question whose ``relevant`` is empty has no answer in the corpus; it counts in speed alone.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.corpus import index, read_jsonl
from benchmarks.report import Row, publish
from benchmarks.weaviate_hybrid import hybrids
from evals.metrics import ndcg, recall
from retrieval.documents import Audience, Hit
from retrieval.embedders.choose import open_embedder
from retrieval.ranking import reciprocal_rank_fusion
from retrieval.search import Searcher
from retrieval.stores.choose import open_store
from retrieval.stores.place import Weaviate
from tests.servers.weaviate import weaviate

CUTS = (2, 5, 10)
ALL = Audience.everyone()
Way = Callable[[str], Awaitable[Sequence[Hit]]]


async def measure(way: Way, questions: list[dict[str, Any]]) -> dict[str, float]:
    """`measure_ids` of the documents that the hits are of."""

    async def ids(question: str) -> list[str]:
        return list(dict.fromkeys(hit.passage.document for hit in await way(question)))

    return await measure_ids(ids, questions)


async def measure_ids(way: Callable[[str], Awaitable[list[str]]], questions: list[dict[str, Any]]) -> dict[str, float]:
    """Percentages over the answerable questions, and milliseconds (median) over all; ``way`` gives documents, best first."""
    scores: dict[str, list[float]] = {name: [] for name in (*(f"recall@{cut}" for cut in CUTS), "nDCG@10")}
    took: list[float] = []
    for asked in questions:
        started = time.monotonic()
        found = await way(asked["question"])
        took.append(time.monotonic() - started)
        relevant = [str(one) for one in asked["relevant"]]
        if not relevant:
            continue
        for cut in CUTS:
            scores[f"recall@{cut}"].append(recall(found, relevant, cut))
        scores["nDCG@10"].append(ndcg(found, relevant, 10))
    shares = {name: 100 * statistics.mean(values) for name, values in scores.items() if values}
    return {**shares, "ms": 1_000 * statistics.median(took)}


@contextmanager
def place_of(store: str) -> Iterator[Path | Weaviate]:
    """An empty place for this kind of store."""
    if store == "weaviate":
        with weaviate() as server:
            yield Weaviate(server.url, grpc_port=server.grpc_port)
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "knowledge"


async def run(
    corpus: Path, questions: Path, embedder_name: str, cache: Path | None, kind: str
) -> tuple[list[Row], dict[str, Any]]:
    asked = read_jsonl(questions)
    embedder = open_embedder(embedder_name)
    with place_of(kind) as place:
        store = await open_store(place)
        indexed = await index(store, embedder, read_jsonl(corpus), cache)
        searcher = Searcher(store, embedder)

        async def words(question: str) -> Sequence[Hit]:
            return await store.full_text(question, ALL, 30)

        async def meaning(question: str) -> Sequence[Hit]:
            return await store.nearest((await embedder.query(question)).tolist(), ALL, 30)

        async def fused(question: str) -> Sequence[Hit]:
            return reciprocal_rank_fusion([(1.0, await words(question)), (1.0, await meaning(question))])

        async def product(question: str) -> Sequence[Hit]:
            return (await searcher.search(question, ALL, 30)).hits

        ways: dict[str, Way] = {"full text": words, "vectors": meaning, "both, RRF k=60": fused, "Footnote": product}
        if kind == "weaviate":
            ways |= hybrids(store, embedder)
        rows = [Row(name, await measure(way, asked)) for name, way in ways.items()]
        await store.close()
    speed = indexed.passages / indexed.embed_seconds if indexed.passages else None
    return rows, {"store": kind, "embedder": embedder.name, "questions": len(asked), "passages_per_second": speed}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--embedder", default="auto")
    parser.add_argument("--store", choices=("lance", "weaviate"), default="lance")
    parser.add_argument("--cache", type=Path, help="keep vectors here between runs")
    parser.add_argument("--out", type=Path, help="where to write, or benchmarks/results, named after set and store")
    arguments = parser.parse_args()
    named = "-".join([arguments.questions.name.split(".")[0], *([arguments.store] * (arguments.store != "lance"))])
    out = arguments.out or Path(f"benchmarks/results/retrieval-{named}.json")
    rows, about = asyncio.run(
        run(arguments.corpus, arguments.questions, arguments.embedder, arguments.cache, arguments.store)
    )
    publish(f"Retrieval, {arguments.questions.name}", rows, about, out)


if __name__ == "__main__":
    main()
