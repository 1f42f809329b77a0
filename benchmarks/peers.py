"""The same passages, questions and embedder through LlamaIndex's and Haystack's default retrievers, in one run.

    make bench-peers CORPUS=corpus.jsonl QUESTIONS=questions.jsonl

Peers keep everything in memory, as they come; Footnote in its store on disk. Quality and milliseconds are of one pass over all
the questions, one after another; the question's embedding is remembered, so that the milliseconds are those beside it. Passages a
second are of the first ``--timed`` passages, embedding included, with nothing remembered.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.corpus import JsonlSource, read_jsonl
from benchmarks.remembering import Remembering
from benchmarks.report import Row, publish
from benchmarks.retrieval import measure_ids
from retrieval.documents import Audience
from retrieval.embedders import Embedder
from retrieval.embedders.choose import open_embedder
from retrieval.search import Searcher
from retrieval.stores.choose import open_store
from retrieval.sync import Syncer, embed_pending

FOUND = 30
Rows = list[dict[str, Any]]


class Retriever(Protocol):
    """Index rows once, then find the ids of those that answer, best first."""

    async def index(self, rows: Rows) -> None: ...

    async def find(self, question: str) -> list[str]: ...


class Footnote:
    def __init__(self, embedder: Embedder, folder: Path) -> None:
        self._embedder, self._folder = embedder, folder

    async def index(self, rows: Rows) -> None:
        self._store = await open_store(self._folder)
        await self._store.bind(self._embedder.name, self._embedder.dimensions)
        await Syncer(self._store).sync(JsonlSource(rows), lambda progress: None)
        await embed_pending(self._store, self._embedder, lambda progress: None)
        await self._store.optimize()
        self._searcher = Searcher(self._store, self._embedder)

    async def find(self, question: str) -> list[str]:
        found = await self._searcher.search(question, Audience.everyone(), FOUND)
        return list(dict.fromkeys(hit.passage.document for hit in found.hits))


class LlamaIndex:
    """``VectorStoreIndex(nodes).as_retriever()``: https://docs.llamaindex.ai/en/stable/module_guides/indexing/vector_store_index/."""

    def __init__(self, embedder: Embedder) -> None:
        from llama_index.core.base.embeddings.base import BaseEmbedding

        loop = asyncio.get_running_loop()

        class Embedding(BaseEmbedding):  # type: ignore[misc]  # the peer is not installed where types are checked
            def _get_query_embedding(self, query: str) -> list[float]:
                return _wait(loop, embedder.query(query)).tolist()  # type: ignore[no-any-return]

            def _get_text_embedding(self, text: str) -> list[float]:
                return self._get_text_embeddings([text])[0]

            def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
                return _wait(loop, embedder.passages(texts)).tolist()  # type: ignore[no-any-return]

            async def _aget_query_embedding(self, query: str) -> list[float]:
                return (await embedder.query(query)).tolist()  # type: ignore[no-any-return]

        self._model = Embedding(embed_batch_size=64)

    async def index(self, rows: Rows) -> None:
        from llama_index.core import VectorStoreIndex
        from llama_index.core.schema import TextNode

        nodes = [TextNode(id_=row["id"], text=_content(row)) for row in rows]
        index = await asyncio.to_thread(VectorStoreIndex, nodes, embed_model=self._model)
        self._retriever = index.as_retriever(similarity_top_k=FOUND)

    async def find(self, question: str) -> list[str]:
        return [hit.node.node_id for hit in await self._retriever.aretrieve(question)]


class Haystack:
    """`InMemoryEmbeddingRetriever`: https://docs.haystack.deepset.ai/docs/inmemoryembeddingretriever."""

    def __init__(self, embedder: Embedder) -> None:
        from haystack.document_stores.in_memory import InMemoryDocumentStore

        self._embedder = embedder
        self._store = InMemoryDocumentStore(embedding_similarity_function="cosine")

    async def index(self, rows: Rows) -> None:
        from haystack import Document
        from haystack.components.retrievers.in_memory import InMemoryEmbeddingRetriever

        vectors = await self._embedder.passages([_content(row) for row in rows])
        self._store.write_documents(
            [
                Document(id=row["id"], content=_content(row), embedding=vector)
                for row, vector in zip(rows, vectors.tolist(), strict=True)
            ]
        )
        self._retriever = InMemoryEmbeddingRetriever(self._store, top_k=FOUND)

    async def find(self, question: str) -> list[str]:
        vector = (await self._embedder.query(question)).tolist()
        found = await asyncio.to_thread(self._retriever.run, vector)
        return [document.id for document in found["documents"]]


def _content(row: dict[str, Any]) -> str:
    """What Footnote embeds of a passage too."""
    return f"{row['title']}\n{row['text']}"


def _wait(loop: asyncio.AbstractEventLoop, vectors: Any) -> NDArray[np.float32]:
    found: NDArray[np.float32] = asyncio.run_coroutine_threadsafe(vectors, loop).result()
    return found


async def run(corpus: Rows, asked: Rows, embedder: Embedder, timed: int, folder: Path) -> list[Row]:
    remembering = Remembering(embedder)
    await remembering.passages([_content(row) for row in corpus])
    for question in asked:
        await remembering.query(question["question"])
    makers: dict[str, Callable[[Embedder], Retriever]] = {
        "Footnote": lambda by: Footnote(by, Path(tempfile.mkdtemp(dir=folder))),
        "LlamaIndex": LlamaIndex,
        "Haystack": Haystack,
    }
    rows = []
    for name, make in makers.items():
        started = time.monotonic()
        await make(embedder).index(corpus[:timed])
        rate = min(timed, len(corpus)) / (time.monotonic() - started)
        retriever = make(remembering)
        await retriever.index(corpus)
        find: Callable[[str], Awaitable[list[str]]] = retriever.find
        figures = await measure_ids(find, asked)
        rows.append(Row(name, {**figures, "questions/s": 1_000 / figures["ms"], "passages/s": rate}))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--embedder", default="auto")
    parser.add_argument("--timed", type=int, default=300)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/peers.json"))
    arguments = parser.parse_args()
    os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"
    corpus, asked = read_jsonl(arguments.corpus), read_jsonl(arguments.questions)
    embedder = open_embedder(arguments.embedder)
    with tempfile.TemporaryDirectory() as folder:
        rows = asyncio.run(run(corpus, asked, embedder, arguments.timed, Path(folder)))
    about = {"embedder": embedder.name, "passages": len(corpus), "questions": len(asked)}
    publish(f"Beside its peers, {arguments.questions.name}", rows, about, arguments.out)


if __name__ == "__main__":
    main()
