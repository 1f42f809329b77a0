"""How the Web API says no."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Refused(Exception):
    """An answer with ``ok: false``. Further fields go into the answer as they are."""

    def __init__(self, error: str, *, status: int = 200, headers: dict[str, str] | None = None, **fields: Any) -> None:
        super().__init__(error)
        self.error = error
        self.status = status
        self.headers = headers or {}
        self.fields = fields

    def body(self) -> dict[str, Any]:
        return {"ok": False, "error": self.error, **self.fields}


def invalid(error: str, problems: Sequence[str]) -> Refused:
    """A refusal that points at what is wrong, the way Block Kit's validation words it."""
    messages = [f"[ERROR] {problem}" for problem in problems]
    return Refused(error, errors=list(problems), response_metadata={"messages": messages})


def ratelimited(seconds: int) -> Refused:
    """docs.slack.dev/apis/web-api/rate-limits: 429, and how long to wait in a header."""
    return Refused("ratelimited", status=429, headers={"Retry-After": str(seconds)})
