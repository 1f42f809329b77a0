"""Slash commands, the same on every platform; a platform registers what `commands` gives."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.chat import Person, Place
from bot.knowledge import Knowledge


@dataclass(frozen=True, slots=True)
class Invocation:
    """Somebody used a command in a place; ``text`` is what follows its name."""

    place: Place
    person: Person
    text: str


@dataclass(frozen=True, slots=True)
class Command:
    """``run`` gives what is told to whoever used it, and to nobody else; without it the text is a question to answer."""

    name: str
    description: str
    argument: str
    """What a person may write behind it, in a word or two; empty for nothing."""
    run: Callable[[Invocation], Awaitable[str]] | None = None


HELP = (
    "**Footnote** answers from what your team has indexed, with a footnote behind every claim, or says that it doesn't know.\n"
    "\n"
    "- Mention me in a channel, or write to me directly. In a thread where I answered, a follow-up needs no mention.\n"
    "- Attach files to a question, and I read them for it.\n"
    "- “remember that …” keeps a note; “post … in #channel” posts for you. Whatever changes something waits for a button.\n"
)


def commands(knowledge: Knowledge) -> list[Command]:
    """Every command there is."""

    async def known(invocation: Invocation) -> str:
        return await _known(knowledge)

    async def help_(invocation: Invocation) -> str:
        lines = [f"- `/{one.name}{f' {one.argument}' if one.argument else ''}`: {one.description}" for one in listed]
        return "\n".join([HELP, *lines])

    listed = [
        Command("ask", "Ask a question; everyone in the channel sees the answer.", "question"),
        Command("knowledge", "What I know, from where, and how fresh it is.", "", known),
        Command("footnote", "What I can do, and how.", "help", help_),
    ]
    return listed


async def _known(knowledge: Knowledge) -> str:
    state = await knowledge.state()
    counts = state.counts
    if not state.sources:
        return "Nothing is indexed yet. Whoever runs me adds folders with `footnote sync FOLDER`, or drops files in the console."
    lines = [f"**{counts.documents:,} documents, {counts.passages:,} passages.**"]
    if counts.embedded < counts.passages:
        lines.append(
            f"{counts.embedded / max(counts.passages, 1):.0%} can be found by meaning so far, all by their words."
        )
    for source in state.sources:
        fresh = (
            f", read {datetime.fromtimestamp(source.synced_at, UTC):%d %b %Y, %H:%M} UTC" if source.synced_at else ""
        )
        trouble = f" ⚠️ {source.error}" if source.error else ""
        missed = f", {len(source.unreadable)} could not be read" if source.unreadable else ""
        lines.append(
            f"- {source.label.rstrip('/').rpartition('/')[2]}: {source.documents:,} documents{fresh}{missed}.{trouble}"
        )
    return "\n".join(lines)
