"""Which cases come first, for a night whose money may not do for all.

Every second case is of the panel, in an order that is the same every night; those between are the ones whose outcome is least
certain. Two nights are compared on the part of the panel that both of them ran: a case that was drawn because it failed
last night would look healed by chance alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence

from evals.cases import Case

Passes = Mapping[str, tuple[int, int]]
"""Of each case, on how many nights it passed, and on how many it ran."""


def drawn(cases: Sequence[Case], passes: Passes) -> list[Case]:
    """All cases, the most telling ones first."""
    panel = iter(sorted(cases, key=_rank))
    uncertain = iter(sorted(cases, key=lambda case: (-uncertainty(*passes.get(case.id, (0, 0))), _rank(case))))
    return list(dict.fromkeys(case for case in _alternately(panel, uncertain)))


def panel(cases: Sequence[Case], ran: Collection[str], left: Collection[str] = ()) -> set[str]:
    """The ids of the cases that ran and came before the first one in the panel's order that a night did not come to (``left``).

    A case that is new, or whose evidence is gone, is passed over: that it did not run tells nothing of the others.
    """
    kept: set[str] = set()
    for case in sorted(cases, key=_rank):
        if case.id in left:
            break
        if case.id in ran:
            kept.add(case.id)
    return kept


def uncertainty(passed: int, ran: int) -> float:
    """The variance of a coin that fell so, with one success and one failure thought beforehand: 0.25 at most."""
    chance = (passed + 1) / (ran + 2)
    return chance * (1 - chance)


def _alternately(one: Iterator[Case], other: Iterator[Case]) -> Iterator[Case]:
    for first, second in zip(one, other, strict=True):
        yield first
        yield second


def _rank(case: Case) -> str:
    return hashlib.blake2b(case.id.encode(), digest_size=8).hexdigest()
