"""Talking to Weaviate: connecting, reading and writing in bounded pieces, and its errors in one line.

API: https://weaviate-python-client.readthedocs.io/ (async).
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import grpc
import httpx
import weaviate
from weaviate import WeaviateAsyncClient
from weaviate.classes.data import DataObject
from weaviate.classes.init import AdditionalConfig, Auth, Timeout
from weaviate.collections.classes.filters import FilterReturn
from weaviate.config import GrpcConfig
from weaviate.exceptions import (
    UnexpectedStatusCodeError,
    WeaviateBaseError,
    WeaviateConnectionError,
    WeaviateInsertManyAllFailedError,
    WeaviateRetryError,
    WeaviateStartUpError,
)

from retrieval.errors import StoreUnavailable
from retrieval.stores.place import Weaviate

Objects = Any
"""A collection of one tenant, as the client gives it."""
STARTING = 15.0
"""Seconds to wait for a server that is just starting."""
READING, WRITING = 15.0, 120.0
"""Seconds that one operation may take; where nothing answers the client tries again by itself meanwhile."""
OLDEST = (1, 38, 4)
"""Earlier ones miss passages by their words that were written within the last minute."""
PIECE = 500
"""Objects read or written in one call."""
PIECE_CHARS = 4_000_000
MOST = 10_000
"""Results that Weaviate gives to one question."""
TRIES = 3
"""How often what Weaviate refused of a batch is given to it."""

# On an error the client would log whole objects, with people's words in them.
logging.getLogger("weaviate-client").setLevel(logging.CRITICAL)


async def connect(place: Weaviate) -> WeaviateAsyncClient:
    """A client of the server there. Raises `StoreUnavailable` where none answers for `STARTING` seconds."""
    deadline = time.monotonic() + STARTING
    while True:
        client = _client(place)
        try:
            await client.connect()
            if not await client.is_ready():
                raise WeaviateStartUpError("it is not ready")
            version = (await client.get_meta())["version"]
            break
        except (WeaviateBaseError, httpx.HTTPError, OSError) as error:
            await client.close()
            refused = isinstance(error, UnexpectedStatusCodeError) and error.status_code in {401, 403}
            if refused or time.monotonic() > deadline:
                raise unavailable(place.url, "opened", error) from error
        await asyncio.sleep(0.3)
    if tuple(map(int, re.findall(r"\d+", version)[:3])) < OLDEST:
        await client.close()
        oldest = ".".join(map(str, OLDEST))
        raise StoreUnavailable(f"Weaviate at {place.url} is {version}: Footnote needs {oldest} or newer.")
    return client


def _client(place: Weaviate) -> WeaviateAsyncClient:
    """On Weaviate Cloud the client knows where gRPC is; elsewhere it is a port of the same host."""
    at, key = urlsplit(place.url), place.key.get_secret_value()
    host, secure = at.hostname or "", at.scheme == "https"
    more: dict[str, Any] = {
        "auth_credentials": Auth.api_key(key) if key else None,
        # Its checks would ask PyPI for the client's newest version.
        "skip_init_checks": True,
        "additional_config": AdditionalConfig(
            timeout=Timeout(init=5, query=READING, insert=WRITING), grpc_config=GrpcConfig(channel_options=_RECONNECT)
        ),
    }
    if host.endswith((".weaviate.cloud", ".weaviate.network")):
        return weaviate.use_async_with_weaviate_cloud(host, **more)
    port = at.port or (443 if secure else 80)
    return weaviate.use_async_with_custom(host, port, secure, host, place.grpc_port, secure, **more)


_RECONNECT = [("grpc.initial_reconnect_backoff_ms", 200), ("grpc.max_reconnect_backoff_ms", 1_000)]
"""gRPC would wait for up to two minutes before it looks again for a server that was away."""


def unavailable(url: str, done: str, error: Exception) -> StoreUnavailable:
    return StoreUnavailable(
        f"The knowledge in Weaviate at {url} could not be {done}: {_reason(error)}. Nothing of it is lost."
    )


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    if isinstance(error, UnexpectedStatusCodeError) and error.status_code in {401, 403}:
        return "it does not let this in; check FOOTNOTE_WEAVIATE_KEY"
    away = isinstance(
        error,
        WeaviateConnectionError | WeaviateStartUpError | WeaviateRetryError | TimeoutError | httpx.HTTPError | OSError,
    )
    if away or "UNAVAILABLE" in text:
        return "it does not answer; check that it runs, FOOTNOTE_WEAVIATE_URL and FOOTNOTE_WEAVIATE_GRPC_PORT"
    if "could not find class" in text:  # it answers before it has read what it holds
        return "it is just starting; try again in a moment"
    return text[:300]


@asynccontextmanager
async def guarded(url: str, done: str, seconds: float) -> AsyncIterator[None]:
    """Weaviate's errors as `StoreUnavailable`, and no call for longer than this."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except (WeaviateBaseError, grpc.RpcError, httpx.HTTPError, TimeoutError, OSError) as error:
        raise unavailable(url, done, error) from error


async def write(objects: Objects, batch: Sequence[DataObject[Any, None]]) -> None:
    """Add or replace objects. Raises `StoreUnavailable` where Weaviate refuses some however often it is asked."""
    for piece in _pieces(batch):
        left: Sequence[DataObject[Any, None]] = piece
        for _ in range(TRIES):
            left, reason = await _refused(objects, left)
            if not left:
                break
        else:
            raise StoreUnavailable(f"Weaviate refused {len(left)} objects: {reason[:300]}. What was there is kept.")


async def _refused(
    objects: Objects, piece: Sequence[DataObject[Any, None]]
) -> tuple[Sequence[DataObject[Any, None]], str]:
    """What was not written, and why."""
    try:
        said = await objects.data.insert_many(piece)
    except WeaviateInsertManyAllFailedError as error:
        return piece, str(error)
    reasons = [error.message for error in said.errors.values()]
    return [piece[number] for number in said.errors], reasons[0] if reasons else ""


def _pieces(batch: Sequence[DataObject[Any, None]]) -> Iterator[list[DataObject[Any, None]]]:
    """Few enough for one message of gRPC, in number and in characters."""
    piece: list[DataObject[Any, None]] = []
    chars = 0
    for each in batch:
        size = sum(len(value) for value in each.properties.values() if isinstance(value, str))
        if piece and (len(piece) == PIECE or chars + size > PIECE_CHARS):
            yield piece
            piece, chars = [], 0
        piece.append(each)
        chars += size
    if piece:
        yield piece


async def by_keys(objects: Objects, keys: Sequence[str], properties: list[str], **more: Any) -> list[Any]:
    """The objects of these ids that there are."""
    found: list[Any] = []
    for start in range(0, len(keys), PIECE):
        some = list(keys[start : start + PIECE])
        said = await objects.query.fetch_objects_by_ids(some, limit=len(some), return_properties=properties, **more)
        found += said.objects
    return found


async def every(objects: Objects, properties: list[str]) -> list[Any]:
    """All objects: Weaviate pages through more than `MOST` only without a filter."""
    return [one async for one in objects.iterator(return_properties=properties, cache_size=1_000)]


async def delete(objects: Objects, where: FilterReturn) -> None:
    """All that fits; Weaviate deletes no more than `MOST` at once. Raises `StoreUnavailable` where it leaves some."""
    for _ in range(TRIES):
        while (said := await objects.data.delete_many(where)).matches >= MOST and not said.failed:
            pass
        if not said.failed:
            return
    raise StoreUnavailable(f"Weaviate did not delete {said.failed} objects. They go with the next sync.")
