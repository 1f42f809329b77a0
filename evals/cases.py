"""Cases: what is asked, and what a good answer must hold. Written by hand in YAML, or grown (`evals.growing`).

    sources: [package:langgraph, footnote:docs/how-it-waits.md]   # asked of these; without it, of what the team has indexed
    cases:
      - id: waits-for-a-person
        question: How does a graph wait for a person?
        expects: answer                        # answer | refusal | action
        evidence:
          - document: footnote:docs/how-it-waits.md    # its id, or its title
            quote: call interrupt from langgraph.types inside a node
        says: [interrupt]                      # words that a right answer holds
        tags: [langgraph]

A mistake in one case leaves that case out, and is told with its line; the others run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from evals.errors import CasesInvalid

MAX_BYTES = 2_000_000
ASKED_AT = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
"""The clock of a case that names none."""
Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{1,79}$")]
Words = Annotated[str, StringConstraints(min_length=1, max_length=4_000, strip_whitespace=True)]


class Expected(StrEnum):
    """What a good answer is: one with evidence, that it does not know, or a proposed action."""

    ANSWER = "answer"
    REFUSAL = "refusal"
    ACTION = "action"


class Standing(StrEnum):
    """Only what a person accepted is run; what was retired stays for the comparison with nights gone by."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    RETIRED = "retired"


class Quoted(BaseModel):
    """Words of a document (by its id or its title) that answer; where they stand is looked up when the case runs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    document: Words
    quote: Words


class Case(BaseModel):
    """One case. ``good`` says in words what a good answer is, for the judge; ``tools`` are the actions expected."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Id
    question: Words
    expects: Expected = Expected.ANSWER
    evidence: tuple[Quoted, ...] = ()
    says: tuple[Words, ...] = ()
    good: str = Field(default="", max_length=4_000)
    tools: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    provenance: str = "written by hand"
    state: Standing = Standing.ACCEPTED
    asked_at: datetime = ASKED_AT

    @model_validator(mode="after")
    def _says_what_is_good(self) -> Case:
        match self.expects:
            case Expected.ANSWER if not (self.evidence or self.says or self.good):
                raise ValueError("an answer needs evidence, words that it says, or in good what a good one is")
            case Expected.REFUSAL if self.evidence or self.says:
                raise ValueError("what is to be refused has neither evidence nor words")
            case Expected.ACTION if not self.tools:
                raise ValueError("an action needs its tools")
        return self


@dataclass(frozen=True, slots=True)
class CaseFile:
    """The cases of one file, what they are asked of (nothing: the team's knowledge), and a line for each mistake."""

    cases: list[Case]
    sources: tuple[str, ...] = ()
    problems: list[str] = field(default_factory=list)


async def load(paths: Sequence[Path]) -> list[CaseFile]:
    """Each file's cases; of two with the same id the first one counts, and the other is a problem of its file.

    Raises `CasesInvalid` for a file that is missing, too large or no YAML with a list of cases.
    """
    return await asyncio.to_thread(_load, paths)


def _load(paths: Sequence[Path]) -> list[CaseFile]:
    seen: dict[str, str] = {}
    return [_read(path, seen) for path in paths]


def _read(path: Path, seen: dict[str, str]) -> CaseFile:
    root = _root(path)
    sources = tuple(str(one.value) for one in _items(_value(root, "sources")))
    cases: list[Case] = []
    problems: list[str] = []
    for node in _items(_value(root, "cases")):
        where = f"{path.name}:{node.start_mark.line + 1}"
        try:
            case = Case.model_validate(_plain(node))
        except (ValueError, yaml.YAMLError) as error:  # no such day, too: a `ValueError` of what reads dates
            problems.append(_problem(path, node, error))
            continue
        if case.id in seen:
            problems.append(f"{where}: the id “{case.id}” is taken by {seen[case.id]}; give this case one of its own.")
            continue
        seen[case.id] = where
        cases.append(case)
    return CaseFile(cases, sources, problems)


def _root(path: Path) -> yaml.MappingNode:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise CasesInvalid(f"{path}: more than {MAX_BYTES // 1_000_000} MB of cases; split the file.")
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise CasesInvalid(f"{path}: can't be read ({reason}).") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise CasesInvalid(f"{path}:{line}: no YAML: {error.problem}.") from error
    if not isinstance(root, yaml.MappingNode) or not isinstance(_value(root, "cases"), yaml.SequenceNode):
        raise CasesInvalid(f"{path}:1: a file of cases is a mapping with a list under “cases”.")
    return root


def _value(node: yaml.Node, key: str) -> yaml.Node | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value for name, value in pairs if name.value == key), None)


def _items(node: yaml.Node | None) -> Iterator[yaml.Node]:
    yield from node.value if isinstance(node, yaml.SequenceNode) else ()


def _plain(node: yaml.Node) -> Any:
    return yaml.SafeLoader("").construct_document(node)


def _problem(path: Path, node: yaml.Node, error: ValueError | yaml.YAMLError) -> str:
    """The first thing that is wrong with a case, at its line."""
    if not isinstance(error, ValidationError):
        return f"{path.name}:{node.start_mark.line + 1}: {' '.join(str(error).split())[:200]}"
    first = error.errors(include_url=False, include_input=False)[0]
    at = node
    for step in first["loc"]:
        found = at.value[step] if isinstance(at, yaml.SequenceNode) and isinstance(step, int) else None
        found = _value(at, str(step)) if found is None else found
        if found is None:
            break
        at = found
    name = _value(node, "id")
    whose = f"“{name.value}”: " if isinstance(name, yaml.ScalarNode) else ""
    what = ".".join(map(str, first["loc"]))
    said = first["msg"].removeprefix("Value error, ")
    return f"{path.name}:{at.start_mark.line + 1}: {whose}{f'{what}: ' if what else ''}{said}."
