"""Cohere's v2 embed and rerank on loopback, strict about what they are asked. Its chat is in `tests.servers.providers`.

Shapes: https://docs.cohere.com/reference/embed and /rerank. Texts that share words are near, and answer one another.
What arrived is kept in ``requests``; each step of the script spoils one request, a None spoils none.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.servers.providers import KEY, Fail, Garbage

INPUT_TYPES = {"search_document", "search_query", "classification", "clustering", "image"}
SIZES = {256, 512, 1024, 1536}
MOST_TEXTS = 96


@dataclass(frozen=True)
class Shape:
    """Answer 200 with this body, or with these keys of the right one replaced."""

    body: Any


@dataclass(frozen=True)
class Fewer:
    """Answer with so many vectors or results."""

    count: int


@dataclass(frozen=True)
class Size:
    """Answer with vectors of so many numbers."""

    dimensions: int


Step = Fail | Garbage | Shape | Fewer | Size


@dataclass
class Refused(Exception):
    message: str


@dataclass
class ScriptedCohere:
    script: list[Step | None] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        routes = [
            Route("/v2/embed", self._embed, methods=["POST"]),
            Route("/v2/rerank", self._rerank, methods=["POST"]),
        ]
        self.app = Starlette(routes=routes)

    async def _embed(self, request: Request) -> Response:
        return await self._answer(request, embedded)

    async def _rerank(self, request: Request) -> Response:
        return await self._answer(request, reranked)

    async def _answer(self, request: Request, right: Any) -> Response:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return said(401, "invalid api token")
        body = await request.json()
        self.requests.append(body)
        step = self.script.pop(0) if self.script else None
        if isinstance(step, Fail):
            return said(step.status, "not now", step.headers)
        if isinstance(step, Garbage):
            return Response("<html>not json</html>")
        if isinstance(step, Shape):
            return JSONResponse(step.body)
        try:
            return JSONResponse(right(body, step))
        except Refused as error:
            return said(400, f"invalid request: {error.message}")


def said(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"id": "e1", "message": message}, status, headers)


def embedded(body: dict[str, Any], step: Step | None) -> dict[str, Any]:
    known(body, {"model", "texts", "input_type", "embedding_types", "output_dimension", "truncate"})
    texts, fixed = body.get("texts"), body["model"].endswith("-v3.0")
    if not texts or not all(text.strip() for text in texts):
        raise Refused("texts must not be empty")
    if len(texts) > MOST_TEXTS:
        raise Refused(f"total number of texts must be at most {MOST_TEXTS} - received {len(texts)}")
    if body.get("input_type") not in INPUT_TYPES:
        raise Refused("valid input_type must be provided with the provided model")
    if body.get("embedding_types") != ["float"]:
        raise Refused("the script speaks floats")
    if "output_dimension" in body and (fixed or body["output_dimension"] not in SIZES):
        raise Refused("output_dimension is not supported for this model or size")
    size = body.get("output_dimension") or ((384 if "light" in body["model"] else 1024) if fixed else 1536)
    if isinstance(step, Size):
        size = step.dimensions
    vectors = [vector(text, size) for text in texts]
    if isinstance(step, Fewer):
        vectors = vectors[: step.count]
    billed = {"input_tokens": sum(len(text.split()) for text in texts)}
    return {"embeddings": {"float": vectors}, "texts": texts, "response_type": "embeddings_by_type"} | meta(billed)


def reranked(body: dict[str, Any], step: Step | None) -> dict[str, Any]:
    known(body, {"model", "query", "documents", "top_n", "max_tokens_per_doc"})
    documents = body.get("documents")
    if not documents or not all(text.strip() for text in documents):
        raise Refused("documents must not be empty")
    if not body.get("query", "").strip():
        raise Refused("query must not be empty")
    asked = words(body["query"])
    scores = [len(asked & words(text)) / max(1, len(asked)) for text in documents]
    results = [{"index": n, "relevance_score": score} for n, score in enumerate(scores)]
    results.sort(key=lambda one: -one["relevance_score"])
    if isinstance(step, Fewer):
        results = results[: step.count]
    return {"results": results} | meta({"search_units": -(-len(documents) // 100)})


def known(body: dict[str, Any], allowed: set[str]) -> None:
    if unknown := set(body) - allowed:
        raise Refused(f"unknown fields {sorted(unknown)}")


def meta(billed: dict[str, int]) -> dict[str, Any]:
    return {"id": "r1", "meta": {"api_version": {"version": "2"}, "billed_units": billed}}


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def vector(text: str, size: int) -> list[float]:
    """A vector of the text's words; its length is not 1."""
    found = [0.0] * size
    for word in words(text) or {"\0"}:
        digest = hashlib.blake2b(word.encode(), digest_size=4).digest()
        found[int.from_bytes(digest, "big") % size] += 3.0
    return found
