"""Failures on demand: the next requests of a route, or a seeded share of all."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Literal

How = Literal[500, 502, 503, 504, 429, "hang", "drop"]


@dataclass
class Failure:
    """``after`` lets the request take effect first, and then loses or spoils the answer."""

    route: str
    how: How
    times: int
    after: bool = False
    retry_after: float = 0.05
    scope: Literal["user", "shared", "global"] = "user"
    code: int | None = None
    """A JSON code in a 429, such as 20028."""


@dataclass
class Chaos:
    share: float
    seed: int
    hows: tuple[How, ...]
    after: float
    """The share of the failures that come after the effect."""
    routes: tuple[str, ...] = ()
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def draw(self, route: str) -> Failure | None:
        if self.routes and route not in self.routes:
            return None
        if self._random.random() >= self.share:
            return None
        how = self._random.choice(self.hows)
        return Failure(route, how, 1, after=how != 429 and self._random.random() < self.after)


@dataclass
class Failures:
    planned: list[Failure] = field(default_factory=list)
    chaos: Chaos | None = None
    done: list[tuple[str, How]] = field(default_factory=list)
    """Every failure that was played, in order."""

    def draw(self, route: str) -> Failure | None:
        for failure in self.planned:
            if failure.route in (route, "*") and failure.times > 0:
                failure.times -= 1
                self.done.append((route, failure.how))
                return failure
        drawn = self.chaos.draw(route) if self.chaos else None
        if drawn is not None:
            self.done.append((route, drawn.how))
        return drawn
