"""Making things go wrong on purpose: for the next calls of a method, or at random by a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Fault:
    """What happens in place of the answer. With ``applied`` the call takes effect and only its answer is lost.

    ``says`` is what comes in place of JSON: its content type and its text.
    """

    error: str | None = None
    status: int | None = None
    retry_after: int | None = None
    hang: float | None = None
    drop: bool = False
    applied: bool = False
    says: tuple[str, str] | None = None
    times: int = 1


@dataclass(frozen=True)
class Chaos:
    """Chances, 0 to 1, that a call is answered 500, 429, slowly, with a cut connection, or loses its answer."""

    seed: int = 0
    error: float = 0.0
    ratelimit: float = 0.0
    drop: float = 0.0
    lost: float = 0.0
    slow: float = 0.0
    slowness: float = 0.2
    methods: tuple[str, ...] | None = None


class Faults:
    def __init__(self) -> None:
        self._planned: dict[str, list[Fault]] = {}
        self._chaos: Chaos | None = None
        self._random = random.Random(0)

    def plan(self, method: str, fault: Fault) -> None:
        self._planned.setdefault(method, []).append(fault)

    def chaos(self, chaos: Chaos | None) -> None:
        self._chaos = chaos
        self._random = random.Random(chaos.seed if chaos else 0)

    def clear(self) -> None:
        self._planned.clear()
        self.chaos(None)

    def take(self, method: str) -> Fault | None:
        for key in (method, "*"):
            planned = self._planned.get(key)
            if planned:
                fault = planned.pop(0)
                if fault.times > 1:
                    planned.insert(0, replace(fault, times=fault.times - 1))
                return fault
        return self._at_random(method)

    def _at_random(self, method: str) -> Fault | None:
        chaos = self._chaos
        if chaos is None or (chaos.methods is not None and method not in chaos.methods):
            return None
        draw = self._random.random()
        chances = (
            (chaos.error, Fault(status=500)),
            (chaos.ratelimit, Fault(retry_after=1)),
            (chaos.drop, Fault(drop=True)),
            (chaos.lost, Fault(drop=True, applied=True)),
            (chaos.slow, Fault(hang=chaos.slowness, applied=True)),
        )
        for chance, fault in chances:
            if draw < chance:
                return fault
            draw -= chance
        return None
