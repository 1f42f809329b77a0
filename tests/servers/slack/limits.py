"""Rate limits: the tiers, and the special one of posting. docs.slack.dev/apis/web-api/rate-limits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Tier(Enum):
    ONE = 1
    TWO = 2
    THREE = 3
    FOUR = 4
    POSTING = "posting"
    STATUS = "status"
    NONE = "none"


@dataclass(frozen=True)
class RateLimits:
    """Calls a minute for each method and token; posting is counted by channel, a second at a time."""

    one: int = 1
    two: int = 20
    three: int = 50
    four: int = 100
    status: int = 600
    posts_a_second: float = 1.0
    posting_burst: int = 5
    methods: Mapping[str, int] = field(default_factory=dict)
    """Calls a minute of single methods, over their tier: ``{"conversations.replies": 1}``."""
    history_page: int | None = None
    """The most messages that conversations.history and .replies give at once."""
    enabled: bool = True

    @classmethod
    def outside_marketplace(cls) -> RateLimits:
        """What new apps get that are sold outside the Marketplace: history and replies once a minute, 15 at a time."""
        return cls(methods={"conversations.history": 1, "conversations.replies": 1}, history_page=15)

    @classmethod
    def off(cls) -> RateLimits:
        return cls(enabled=False)


class Meter:
    """A bucket for each method, token and (for posting) channel."""

    def __init__(self, rates: RateLimits) -> None:
        self.rates = rates
        self._buckets: dict[tuple[str, ...], tuple[float, float]] = {}
        self._until: dict[tuple[str, ...], float] = {}

    def spend(self, method: str, tier: Tier, token: str, channel: str, now: float) -> int:
        """0, or the seconds to wait."""
        size, rate = self._size(method, tier)
        if not self.rates.enabled or size == math.inf:
            return 0
        key = (method, token, channel) if tier is Tier.POSTING else (method, token)
        level, at = self._buckets.get(key, (size, now))
        level = min(size, level + (now - at) * rate)
        if level < 1:
            self._buckets[key] = (level, now)
            wait = max(1, math.ceil((1 - level) / rate))
            self._until[key] = now + wait
            return wait
        self._buckets[key] = (level - 1, now)
        return 0

    def told_to_wait(self, method: str, token: str, channel: str, now: float) -> bool:
        """Whether a Retry-After given to this caller has not run out (a second of grace)."""
        keys = ((method, token, channel), (method, token))
        return any(now + 1 < self._until.get(key, 0) for key in keys)

    def hold(self, method: str, token: str, seconds: float, now: float) -> None:
        self._until[(method, token)] = now + seconds

    def _size(self, method: str, tier: Tier) -> tuple[float, float]:
        rates = self.rates
        if method in rates.methods:
            return rates.methods[method], rates.methods[method] / 60
        if tier is Tier.POSTING:
            return rates.posting_burst, rates.posts_a_second
        sizes = {
            Tier.ONE: rates.one,
            Tier.TWO: rates.two,
            Tier.THREE: rates.three,
            Tier.FOUR: rates.four,
            Tier.STATUS: rates.status,
        }
        size = sizes.get(tier)
        return (math.inf, math.inf) if size is None else (size, size / 60)
