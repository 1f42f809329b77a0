"""Cohere's own client as this room uses it: bounded tries, waits as long as it is told, failures in one line.

API: https://docs.cohere.com/reference/about (v2). The extra `cohere`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import httpx
from cohere import AsyncClientV2
from cohere.core.api_error import ApiError
from cohere.core.parse_error import ParsingError
from cohere.core.request_options import RequestOptions
from pydantic import SecretStr

Answer = TypeVar("Answer")
TRIES = 2
SECONDS = 10.0
"""What one try may take."""
LONGEST_WAIT = 2.0
"""Seconds between two tries; whoever is told to wait longer fails, and goes on without."""
OPTIONS: RequestOptions = {"max_retries": 0}
"""Every call takes these: tries are counted here, not in the client."""
_LOST = (httpx.TransportError, TimeoutError)
_GARBAGE = (ParsingError, ValueError, TypeError, AttributeError)
"""What the client, which does not check what it reads, ends in where an answer has another shape."""


class CohereFailed(Exception):
    """What Cohere answered, in one line; ``wait``: the seconds after which asking again may help, None where it can't."""

    def __init__(self, what: str, wait: float | None) -> None:
        super().__init__(what)
        self.wait = wait


class CohereClient:
    """``url`` is another address than Cohere's, or empty."""

    def __init__(self, key: SecretStr, url: str = "") -> None:
        self._http = httpx.AsyncClient(timeout=httpx.Timeout(SECONDS, connect=5.0))
        self.v2 = AsyncClientV2(api_key=key.get_secret_value(), base_url=url or None, httpx_client=self._http)

    async def ask(self, name: str, call: Callable[[], Awaitable[Answer]]) -> Answer:
        """What the call answers; 429, 5xx and a lost connection are tried once more, for somebody may be waiting.

        Raises `CohereFailed`; a status that no second try can mend (400, 401, 404) raises at once.
        """
        attempt = 1
        while True:
            try:
                async with asyncio.timeout(SECONDS):
                    return await call()
            except (ApiError, *_LOST, *_GARBAGE) as error:
                wait = _wait_before(error)
                if wait is None or wait > LONGEST_WAIT or attempt == TRIES:
                    raise CohereFailed(f"{name} {_said(error)}", wait) from error
            await asyncio.sleep(wait)
            attempt += 1

    async def close(self) -> None:
        await self._http.aclose()


def _wait_before(error: Exception) -> float | None:
    """Seconds before the next try: what Cohere says, or a second; None where no try can help."""
    if not isinstance(error, ApiError):
        return 1.0 if isinstance(error, _LOST) else None
    status = error.status_code or 0
    if status != httpx.codes.TOO_MANY_REQUESTS and status < httpx.codes.INTERNAL_SERVER_ERROR:
        return None
    told = (error.headers or {}).get("retry-after", "")
    return float(told) if told.isdecimal() else 1.0


def _said(error: Exception) -> str:
    if not isinstance(error, ApiError) or error.status_code == httpx.codes.OK:
        what = "could not be reached" if isinstance(error, _LOST) else "could not be understood"
        return f"{what} ({type(error).__name__})"
    body: Any = error.body
    words = body.get("message", "") if isinstance(body, dict) else ""
    return f"answered {error.status_code} ({' '.join(str(words).split())[:160] or 'no reason given'})"
