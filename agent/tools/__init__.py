"""Tools: what the agent can do. One file a tool; each declares its effect: reading runs, writing waits.

A tool validates its arguments with a pydantic model (the edit form is made from the same schema), and
raises `ToolFailed` with one line when it can't do its work.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from agent.state import AttachedFile
from retrieval.documents import Audience, Hit


class Effect(StrEnum):
    """READ changes nothing outside and runs at once; WRITE changes the world and waits for a person."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class ToolContext:
    """On whose behalf a tool runs. ``key`` is the same whenever the same call is tried again.

    ``addresses`` are the web addresses that the asker wrote or the run has found, ``files`` what came with the question.
    """

    run: str
    key: str
    person: str
    person_name: str
    place: str
    audience: Audience
    addresses: frozenset[str] = frozenset()
    files: tuple[AttachedFile, ...] = ()


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool did, in words, and what it found to cite."""

    text: str
    hits: tuple[Hit, ...] = ()


@dataclass(frozen=True, slots=True)
class Tool:
    """``run`` does it; ``summary`` says in one line what it would do, for the person who decides.

    Before anybody is asked, and where somebody edits, ``check(arguments, place, person)`` raises `ToolFailed` for what could
    not work there, or this person may not do. ``prepare`` gives the arguments as they are proposed, shown and run.
    """

    name: str
    description: str
    arguments: type[BaseModel]
    effect: Effect
    run: Callable[[Any, ToolContext], Awaitable[ToolResult]]
    summary: Callable[[Any], str] = field(default=lambda arguments: str(arguments))
    check: Callable[[Any, str, str], Awaitable[None]] | None = None
    prepare: Callable[[Any, ToolContext], Awaitable[BaseModel]] | None = None
