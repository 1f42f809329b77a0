"""Fetching as a guest: one request at a time to a host, with pauses; its limits are kept; what is unchanged is not sent again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

from retrieval.documents import content_hash
from retrieval.errors import Away
from retrieval.fetching import MAX_BYTES, Fetched, fetch, shown
from retrieval.sources.copies import Copies, Copy

PAUSE = 1.0
"""Seconds between two requests to one host."""
TRIES = 3
LONGEST_WAIT = 60.0
"""Seconds that a host may have us wait in the midst of a sync; what wants longer is left for a later one."""
LONGEST_LEAVE = 86_400.0
"""Seconds that a host can have itself left alone for at most, whatever it asks for."""
_LATER = frozenset({429, 502, 503, 504})


@dataclass(slots=True)
class _Host:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    free_at: float = 0.0


class Fetcher:
    """One for all sources, so that two of them on one host take turns."""

    def __init__(self, copies: Copies, allowed: Collection[str] = (), pause: float = PAUSE) -> None:
        self._copies = copies
        self._allowed = frozenset(allowed)
        self._pause = pause
        self._hosts: dict[str, _Host] = {}

    async def get(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        since: float = float("inf"),
        pause: float | None = None,
        max_bytes: int = MAX_BYTES,
        trusted: bool = False,
    ) -> Fetched:
        """What lies there now. What was asked for ``since`` then is taken as it came. ``trusted`` and errors as with `fetch`."""
        key = content_hash(repr((url, sorted((headers or {}).items()))).encode())
        host = self._hosts.setdefault(urlsplit(url).netloc, _Host())
        async with host.lock:
            copy = await self._copies.get(key)
            if copy is not None and copy.asked_at >= since:
                return Fetched(copy.url, 200, copy.headers, copy.body)
            sent = {**(headers or {}), **_validators(copy)}
            ask = partial(fetch, url, self._allowed, sent, max_bytes, trusted=trusted)
            got = await self._patiently(host, url, ask, self._pause if pause is None else pause)
            if got.status == 304 and copy is not None:
                got = Fetched(got.url, 200, {**copy.headers, **got.headers}, copy.body)
            await self._copies.put(key, Copy(got.url, got.headers, got.body, time.time()))
        return got

    async def _patiently(self, host: _Host, url: str, ask: Callable[[], Awaitable[Fetched]], pause: float) -> Fetched:
        """The answer, asked for again where the host says to wait a little."""
        for attempt in range(1, TRIES + 1):
            wait = host.free_at - time.monotonic()
            if wait > LONGEST_WAIT:
                raise Away(shown(url), f"its host wants to be left alone for {wait:,.0f} more seconds", 429, wait)
            await asyncio.sleep(max(0.0, wait))
            try:
                got = await ask()
            except Away as error:
                again = (error.status in _LATER or error.wait is not None) and attempt < TRIES
                host.free_at = time.monotonic() + _pause_after(error, attempt, pause)
                if not again:
                    raise
            else:
                host.free_at = time.monotonic() + pause
                return got
        raise AssertionError("the last try returns or raises")


def _pause_after(error: Away, attempt: int, pause: float) -> float:
    return max(pause, min(pause * 2.0**attempt if error.wait is None else error.wait, LONGEST_LEAVE))


def _validators(copy: Copy | None) -> dict[str, str]:
    named = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
    return {named[one]: value for one, value in copy.headers.items() if one in named} if copy else {}
