"""remember: a note into the knowledge base."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field

from agent.drafts import put
from agent.errors import ToolFailed
from agent.tools import Effect, Tool, ToolContext, ToolResult
from retrieval.errors import RetrievalError


class Arguments(BaseModel):
    model_config = ConfigDict(str_strip_whitespace=True)

    text: str = Field(
        min_length=1, max_length=20_000, description="What to remember.", json_schema_extra={"multiline": True}
    )


def remember(notes: Path, index: Callable[[Path], Awaitable[None]], clock: Callable[[], float]) -> Tool:
    """The tool over a folder of notes; ``index`` makes what is new there searchable. The same call makes one note."""

    async def run(arguments: Arguments, context: ToolContext) -> ToolResult:
        try:
            await asyncio.to_thread(_write, notes, arguments.text, context, clock())
        except OSError as error:
            raise ToolFailed(f"The note could not be kept in {notes}: {error.strerror}. Check the folder.") from error
        try:
            await index(notes)
        except RetrievalError:
            return ToolResult(f"Kept, and found from the next sync on: {_short(arguments.text)}")
        return ToolResult(f"Remembered: {_short(arguments.text)}")

    return Tool(
        name="remember",
        description="Keep a note in the team's knowledge, word for word.",
        arguments=Arguments,
        effect=Effect.WRITE,
        run=run,
        summary=lambda arguments: f"Remember “{_short(arguments.text)}”",
    )


def _write(notes: Path, text: str, context: ToolContext, now: float) -> None:
    title = _short(text)
    slug = re.sub(r"\W+", "-", title.lower()).strip("-")[:40] or "note"
    path = notes / f"{slug}-{hashlib.sha256(context.key.encode()).hexdigest()[:10]}.md"
    front = {
        "title": title,
        "author": context.person_name,
        "place": context.place,
        "date": datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds"),
    }
    put(path, f"---\n{yaml.safe_dump(front, allow_unicode=True)}---\n\n{_readable(text)}\n".encode())


def _readable(text: str) -> str:
    """Without the character that makes a file look like no text."""
    return text.replace("\0", "").strip()


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 80 else line[:79].rstrip() + "…"
