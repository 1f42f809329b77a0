"""What the graph remembers: plain data only, so that any later version can read a checkpoint."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict

from agent.evidence import Evidence, Sentence


class Turn(TypedDict):
    """One message of the talk before the question."""

    who: str
    text: str
    assistant: bool


class Call(TypedDict):
    """One tool call and what became of it. ``outcome`` is empty while it has not ended; ``found`` is what it read."""

    id: str
    tool: str
    arguments: dict[str, Any]
    approval: str
    outcome: str
    found: str
    state: str


class Draft(TypedDict):
    """A sentence with whether its citation supports it."""

    sentence: Sentence
    supported: bool


class Answer(TypedDict):
    """What is delivered."""

    text: str
    sentences: list[Sentence]
    refused: bool
    searched: list[str]
    notes: list[str]
    actions: list[Call]


class State(TypedDict, total=False):
    """The state of one run."""

    run: str
    place: str
    channel: str
    audience: list[str]
    person: str
    person_name: str
    question: str
    transcript: list[Turn]
    attached: list[Evidence]
    """What fits of the files that came with the question."""
    standalone: str
    route: str
    queries: list[str]
    searched: list[str]
    rounds: int
    evidence: list[Evidence]
    enough: bool
    calls: list[Call]
    acting: bool
    """Whether `act` has just called for something."""
    drafts: list[Draft]
    notes: list[str]
    answer: Answer
