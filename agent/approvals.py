"""An action that waits for a person: what is to be done, who may decide, and where it stands.

proposed -> approved -> started -> done | failed | unknown
        \\-> rejected | expired            unknown -> approved (run again) | abandoned
proposed | approved -> abandoned (the asker withdrew it)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal


class State(StrEnum):
    """Where a proposed call stands."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    STARTED = "started"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    REJECTED = "rejected"
    EXPIRED = "expired"
    ABANDONED = "abandoned"


WAITING = (State.PROPOSED, State.UNKNOWN)
"""Those in which it waits for a person."""


@dataclass(frozen=True, slots=True)
class Deciders:
    """Who may decide. ``others`` is anyone in the place but the asker; ``named`` only the people listed. Never a bot."""

    rule: Literal["place", "asker", "others", "named"] = "place"
    people: tuple[str, ...] = ()

    def allows(self, person: str, asker: str, in_place: bool) -> bool:
        match self.rule:
            case "place":
                return in_place
            case "asker":
                return person == asker
            case "others":
                return in_place and person != asker
            case "named":
                return person in self.people


@dataclass(frozen=True, slots=True)
class Approval:
    """One row of the ledger."""

    id: str
    run: str
    call: str
    tool: str
    arguments: dict[str, Any]
    arguments_hash: str
    summary: str
    place: str
    asker: str
    asker_name: str
    deciders: Deciders
    state: State
    edited: bool
    decided_by: str | None
    decided_by_name: str | None
    press: str | None
    reason: str | None
    result: str | None
    proposed_at: float
    expires_at: float
    decided_at: float | None

    @property
    def fingerprint(self) -> str:
        """The first eight digits of the arguments' hash, as shown to people."""
        return self.arguments_hash[:8]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a person said by pressing: ``press`` is the event's id, so that the same press twice is one."""

    press: str
    person: str
    person_name: str
    in_place: bool
    is_bot: bool = False
    reason: str = ""


def arguments_hash(tool: str, arguments: Mapping[str, Any]) -> str:
    """The hash that binds a decision to exactly this call: SHA-256 over the tool's name and canonical JSON."""
    canonical = json.dumps([tool, arguments], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def from_row(row: Any) -> Approval:
    """An approval as the table keeps it."""
    names = [name for name in Approval.__dataclass_fields__ if name not in {"deciders", "state"}]
    deciders = Deciders(row["deciders"]["rule"], tuple(row["deciders"]["people"]))
    return Approval(**{name: row[name] for name in names}, deciders=deciders, state=State(row["state"]))
