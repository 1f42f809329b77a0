"""What the adapters that speak HTTP share: bounded retries, and failures in one line without secrets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx

from agent.errors import ModelUnavailable

TRIES = 3
LONGEST_WAIT = 20.0
_LOST = (httpx.ConnectError, httpx.ConnectTimeout, httpx.RemoteProtocolError)
"""No answer has begun; the last is a kept connection that the server has closed meanwhile, as llama.cpp does."""
TIMEOUT = httpx.Timeout(120.0, connect=10.0)


@asynccontextmanager
async def post_stream(
    client: httpx.AsyncClient, model: str, path: str, body: Mapping[str, Any]
) -> AsyncIterator[httpx.Response]:
    """A streaming POST that has begun to answer; 429, 5xx and a lost connection before that are tried again, three
    times at most.

    Raises `ModelUnavailable`; a status that no second try can mend (400, 401, 404) raises at once.
    """
    began = False
    for attempt in range(1, TRIES + 1):
        try:
            async with client.stream("POST", path, json=body) as response:
                if response.status_code < httpx.codes.BAD_REQUEST:
                    began = True
                    yield response
                    return
                await response.aread()
                if not may_pass(response.status_code) or attempt == TRIES:
                    raise ModelUnavailable(f"{model} answered {response.status_code} {_said(response)}".strip() + ".")
                wait = wait_before(response.headers.get("retry-after"), attempt)
        except httpx.TransportError as error:
            if began or attempt == TRIES or not isinstance(error, _LOST):
                raise ModelUnavailable(f"{model} could not be reached ({type(error).__name__}).") from error
            wait = 0.2 * 2**attempt
        await asyncio.sleep(wait)


def may_pass(status: int) -> bool:
    """Whether a failure of this status may be gone at the next try."""
    return status == httpx.codes.TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR


def wait_before(retry_after: str | None, attempt: int) -> float:
    """Seconds to wait before the next try: what the provider says, within reason, or longer each time."""
    try:
        return min(float(retry_after or ""), LONGEST_WAIT)
    except ValueError:
        return min(0.5 * 2.0**attempt, LONGEST_WAIT)


def _said(response: httpx.Response) -> str:
    """The provider's own words, shortened; they may name the model or the limit, never the key."""
    try:
        said = response.json()
    except ValueError:
        return ""
    error = said.get("error", said) if isinstance(said, dict) else said
    words = error.get("message", "") if isinstance(error, dict) else error
    return f"({' '.join(str(words).split())[:160]})" if words else ""
