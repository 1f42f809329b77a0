"""What the graph remembers: plain data only, so that any later version can read a checkpoint."""

from __future__ import annotations

from typing import Annotated, Any

from typing_extensions import TypedDict

from agent.evidence import Evidence, Sentence
from agent.hops import SubQuestion


class Turn(TypedDict):
    """One message of the talk before the question."""

    who: str
    text: str
    assistant: bool


class AttachedFile(TypedDict):
    """A file that came with the question; ``reference`` is the platform's own."""

    name: str
    reference: str
    size: int


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
    steps: list[str]
    """How it was found, a line a step."""


def latest(before: list[str], now: list[str]) -> list[str]:
    """Of two, the later one: a run that is killed as it is resumed is given its audience once more."""
    return now


class State(TypedDict, total=False):
    """The state of one run."""

    run: str
    event: str
    """The event that started it, a version of ``message``."""
    message: str
    place: str
    channel: str
    audience: Annotated[list[str], latest]
    person: str
    person_name: str
    question: str
    transcript: list[Turn]
    attached: list[Evidence]
    """What fits of the files that came with the question."""
    files: list[AttachedFile]
    whole: str
    """The question, understood with the talk before it."""
    standalone: str
    """That, without the words that say where to look and of when."""
    route: str
    queries: list[str]
    plan: list[SubQuestion]
    """The sub-questions, where one needs what another finds."""
    searched: list[str]
    rounds: int
    evidence: list[Evidence]
    enough: bool
    calls: list[Call]
    acting: bool
    """Whether `act` has just called for something."""
    drafts: list[Draft]
    notes: list[str]
    steps: list[str]
    """How it was found so far, a line a step."""
    answer: Answer


def attached_names(state: State) -> list[str]:
    """The names of the files that came with the question."""
    return [file["name"] for file in state.get("files", [])]
