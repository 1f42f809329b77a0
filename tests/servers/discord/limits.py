"""Rate limits: one bucket for each route and top-level resource, and 50 requests a second over all
(docs.discord.com/developers/topics/rate-limits). The real numbers are secret and change; these are of their kind."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.servers.discord.clock import Clock

MESSAGES = "/channels/{channel_id}/messages"
BUCKETS: dict[str, tuple[int, float]] = {
    f"POST {MESSAGES}": (5, 5.0),
    f"PATCH {MESSAGES}/{{message_id}}": (5, 5.0),
    f"DELETE {MESSAGES}/{{message_id}}": (5, 1.0),
    f"PUT {MESSAGES}/{{message_id}}/reactions/{{emoji}}/@me": (1, 0.25),
    f"DELETE {MESSAGES}/{{message_id}}/reactions/{{emoji}}/@me": (1, 0.25),
    "POST /webhooks/{application_id}/{token}": (5, 2.0),
    "PATCH /webhooks/{application_id}/{token}/messages/@original": (5, 2.0),
    "PATCH /webhooks/{application_id}/{token}/messages/{message_id}": (5, 2.0),
}
OTHERS = (10, 1.0)
MAJOR = ("channel_id", "guild_id", "application_id", "token")


@dataclass(frozen=True)
class Violation:
    """A request that came although its bucket was exhausted, and was answered with 429."""

    route: str
    at: float
    scope: str


@dataclass
class Verdict:
    headers: dict[str, str]
    retry_after: float = 0.0
    scope: str = ""

    @property
    def refused(self) -> bool:
        return bool(self.scope)


@dataclass
class Limits:
    clock: Clock
    global_limit: int = 50
    enabled: bool = True
    buckets: dict[str, tuple[int, float]] = field(default_factory=lambda: dict(BUCKETS))
    """(requests, seconds) by route; a test may change it."""
    violations: list[Violation] = field(default_factory=list)
    _windows: dict[str, tuple[float, int]] = field(default_factory=dict, repr=False)

    def take(self, route: str, path: Mapping[str, str], *, is_open: bool) -> Verdict:
        """Count one request. Interaction endpoints stand outside the global limit."""
        if not self.enabled or route.startswith("POST /interactions/"):
            return Verdict({})
        now = self.clock.now()
        if not is_open and (wait := self._count("global", self.global_limit, 1.0, now)[1]):
            return self._refuse(route, now, wait, {}, "global")
        most, seconds = self.buckets.get(route, OTHERS)
        key = ":".join([route, *(path[one] for one in MAJOR if one in path)])
        left, wait = self._count(key, most, seconds, now)
        reset = self._windows[key][0] + seconds
        headers = {
            "X-RateLimit-Limit": str(most),
            "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Reset": f"{reset:.3f}",
            "X-RateLimit-Reset-After": f"{max(0.0, reset - now):.3f}",
            "X-RateLimit-Bucket": hashlib.sha256(route.encode()).hexdigest()[:24],
        }
        return self._refuse(route, now, wait, headers, "user") if wait else Verdict(headers)

    def _count(self, key: str, most: int, seconds: float, now: float) -> tuple[int, float]:
        """What is left in the window, and how long to wait if there was nothing left."""
        began, used = self._windows.get(key, (now, 0))
        if now >= began + seconds:
            began, used = now, 0
        if used >= most:
            return 0, began + seconds - now
        self._windows[key] = (began, used + 1)
        return most - used - 1, 0.0

    def _refuse(self, route: str, now: float, wait: float, headers: dict[str, str], scope: str) -> Verdict:
        self.violations.append(Violation(route, now, scope))
        return Verdict(headers | refusal_headers(wait, scope), wait, scope)


def refusal_headers(wait: float, scope: str) -> dict[str, str]:
    """What every 429 carries. Without ``Via`` discord.py takes it for a ban by Cloudflare and gives up."""
    headers = {"Retry-After": str(max(1, round(wait + 0.5))), "X-RateLimit-Scope": scope, "Via": "1.1 google"}
    return headers | ({"X-RateLimit-Global": "true"} if scope == "global" else {})
