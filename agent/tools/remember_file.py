"""remember_file: files that came with a message into the knowledge base, as they are.

What is proposed is held until somebody has decided, under the hash of its content, which is a part of what is approved.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import PurePath
from typing import Annotated, Any, NamedTuple, Protocol

from pydantic import BaseModel, BeforeValidator, Field, ValidationInfo, field_validator
from pydantic.json_schema import SkipJsonSchema

from agent.errors import ToolFailed
from agent.state import AttachedFile
from agent.tools import Effect, Tool, ToolContext, ToolResult
from retrieval.errors import RetrievalError

NAME = "remember_file"


class Held(NamedTuple):
    """The hash of a file's content, and its size in bytes."""

    content: str
    size: int


class Files(Protocol):
    """Where attached files are had, held and kept; each raises `ToolFailed` with one line."""

    async def hold(self, file: AttachedFile, place: str) -> Held:
        """Fetch a file that came with a message there, and hold it."""
        ...

    async def keep(self, name: str, content: str) -> str:
        """Put what is held into the knowledge base; returns the name it has there. The same again changes nothing."""
        ...


def _lines(said: object) -> object:
    """A form has one file a line."""
    return [line.strip() for line in said.splitlines() if line.strip()] if isinstance(said, str) else said


class Arguments(BaseModel):
    """``files`` are names as asked for, then names with sizes as proposed; ``held`` is the hash of each one's content."""

    held: SkipJsonSchema[dict[str, str]] = Field(default={}, json_schema_extra={"hidden": True})
    left_out: SkipJsonSchema[list[str]] = Field(default=[], json_schema_extra={"hidden": True})
    files: Annotated[list[str], BeforeValidator(_lines)] = Field(
        default=[], description="The names of the attached files to keep; none for all of them."
    )

    @field_validator("files")
    @classmethod
    def _are_held(cls, files: list[str], info: ValidationInfo) -> list[str]:
        held: dict[str, str] = info.data.get("held", {})
        if held and not files:
            raise ValueError("name one file at least")
        if held and (strange := [file for file in files if file not in held]):
            raise ValueError(f"{strange[0]} is not attached")
        return files


def remember_file(files: Files, index: Callable[[], Awaitable[None]]) -> Tool:
    """The tool; ``index`` makes what was kept searchable."""

    async def prepare(arguments: Arguments, context: ToolContext) -> Arguments:
        held: dict[str, str] = {}
        refused: list[str] = []
        for file in _chosen(arguments.files, context.files):
            try:
                found = await files.hold(file, context.place)
            except ToolFailed as error:
                refused.append(str(error))
            else:
                held[_label(file["name"], found, held)] = found.content
        if not held:
            raise ToolFailed(f"Not kept: {'; '.join(refused)}")
        return Arguments(files=list(held), held=held, left_out=refused)

    async def run(arguments: Arguments, context: ToolContext) -> ToolResult:
        names = [await files.keep(_name(file), arguments.held[file]) for file in arguments.files]
        try:
            await index()
        except RetrievalError:
            return ToolResult(f"Kept, and found from the next sync on: {', '.join(names)}.")
        return ToolResult(f"Kept in the knowledge base: {', '.join(names)}.")

    return Tool(
        name=NAME,
        description="Keep files that are attached to the message in the team's knowledge, as they are.",
        arguments=Arguments,
        effect=Effect.WRITE,
        run=run,
        summary=_summary,
        prepare=prepare,
    )


def contents(arguments: dict[str, Any]) -> set[str]:
    """The hashes of what a proposed call holds."""
    return set(Arguments.model_validate(arguments).held.values())


def apart(name: str, content: str) -> str:
    """Another name for a file whose own is taken, by what is in it."""
    path = PurePath(name)
    return f"{path.stem}-{content[:8]}{path.suffix}"


def _chosen(names: Sequence[str], attached: Sequence[AttachedFile]) -> Sequence[AttachedFile]:
    """The files of these names; all of them where none is named."""
    if not attached:
        raise ToolFailed("No file is attached to this message: attach it and ask again.")
    known = [file["name"].casefold() for file in attached]
    for name in names:
        if name.casefold() not in known:
            are = "attached is" if len(attached) == 1 else "attached are"
            raise ToolFailed(f"{name} is not attached; {are} {', '.join(file['name'] for file in attached)}.")
    wanted = {name.casefold() for name in names} or set(known)
    return [file for file in attached if file["name"].casefold() in wanted]


def _label(name: str, found: Held, taken: dict[str, str]) -> str:
    """A file as it is shown, in one line, unlike every other."""
    name = " ".join(name.split())
    label = f"{name} ({_size(found.size)})"
    return (
        label
        if taken.get(label, found.content) == found.content
        else f"{apart(name, found.content)} ({_size(found.size)})"
    )


def _name(label: str) -> str:
    return label.rpartition(" (")[0]


def _size(size: int) -> str:
    for unit, least in (("MB", 1_000_000), ("kB", 1_000)):
        if size >= least:
            return f"{size / least:.1f} {unit}"
    return f"{size} bytes"


def _summary(arguments: Arguments) -> str:
    *others, last = arguments.files
    files = f"{', '.join(others)} and {last}" if others else last
    return f"Keep {files}" + (f"; not {'; '.join(arguments.left_out)}" if arguments.left_out else "")
