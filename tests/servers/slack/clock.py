"""Time and names: a clock that tests may push forward, timestamps that never repeat, ids that look right."""

from __future__ import annotations

import random
import string
import time
from dataclasses import dataclass

LETTERS = string.ascii_uppercase + string.digits


@dataclass(frozen=True)
class Timing:
    """How long things last, in seconds. The defaults are the documented ones; `Timing.quick` is for tests."""

    ack: float = 3.0
    """To acknowledge an event or an interaction (docs.slack.dev/apis/events-api)."""
    retries: tuple[float, ...] = (0.0, 60.0, 300.0)
    """Before each redelivery: nearly at once, after a minute, after five."""
    trigger: float = 3.0
    stream: float = 300.0
    """A stream that is not stopped ends by itself; measured at about 306 by others, documented nowhere."""
    response_url: float = 1800.0
    status: float = 120.0
    """A status of an assistant thread goes away by itself."""
    token: float = 43200.0
    code: float = 600.0
    ping: float = 10.0
    """Between the pings on a Socket Mode connection."""

    @classmethod
    def quick(cls, ack: float = 0.5) -> Timing:
        """Impatient: retries follow at once."""
        return cls(ack=ack, retries=(0.0, 0.05, 0.1), ping=0.5)


class Clock:
    def __init__(self, seed: int) -> None:
        self._ahead = 0.0
        self._last = 0
        self._numbers = 0
        self.random = random.Random(seed)

    def now(self) -> float:
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        """Streams, triggers, tokens, statuses and rate limits see this much time pass. Retries do not."""
        self._ahead += seconds

    def ts(self) -> str:
        """The next message timestamp: unique and rising."""
        self._last = max(int(self.now() * 1_000_000), self._last + 1)
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"

    def id(self, prefix: str, length: int = 10) -> str:
        self._numbers += 1
        tail = "".join(self.random.choices(LETTERS, k=length - 4))
        return f"{prefix}{tail}{self._numbers:04d}"

    def secret(self, length: int = 24) -> str:
        return "".join(self.random.choices(string.ascii_letters + string.digits, k=length))
