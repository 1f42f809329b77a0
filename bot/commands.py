"""Slash commands, the same on every platform; a platform registers what `commands` gives."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePath

from bot.chat import Person, Place
from bot.knowledge import Knowledge, SourceState
from bot.sources import ON_DISK


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
    argument: str = ""
    """What a person writes behind it in words of their own, named in a word or two; empty for nothing."""
    subcommand: str = ""
    """A fixed word behind it, which belongs to its name; empty for none."""
    run: Callable[[Invocation], Awaitable[str]] | None = None

    @property
    def usage(self) -> str:
        """As people write it."""
        return "/" + " ".join(filter(None, (self.name, self.subcommand, self.argument)))


HELP = (
    "**Footnote** answers from what your team has indexed, with a footnote behind every claim, or says that it doesn't know.\n"
    "\n"
    "- Mention me in a channel, or write to me directly. In a thread where I answered, a follow-up needs no mention.\n"
    "- Attach files to a question, and I read them for it. “keep this file” puts them into the knowledge base.\n"
    "- “remember that …” keeps a note; “post … in #channel” posts for you. Whatever changes something waits for a button.\n"
)


def commands(knowledge: Knowledge, hint: str = "") -> list[Command]:
    """Every command there is; ``hint`` ends what help says."""

    async def known(invocation: Invocation) -> str:
        return await _known(knowledge)

    async def help_(invocation: Invocation) -> str:
        lines = [f"- `{one.usage}`: {one.description}" for one in listed]
        return "\n".join([HELP, *lines, *(["", hint] if hint else [])])

    listed = [
        Command("ask", "Ask a question; everyone in the channel sees the answer.", argument="question"),
        Command("knowledge", "What I know, from where, and how fresh it is.", run=known),
        Command("footnote", "What I can do, and how.", subcommand="help", run=help_),
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
        trouble = f" ⚠️ {_short(source, source.error)}" if source.error else ""
        missed = f", {len(source.unreadable)} could not be read" if source.unreadable else ""
        now = ", being read now" if source.running else ""
        lines.append(f"- {_short(source, source.label)}: {source.documents:,} documents{fresh}{missed}{now}.{trouble}")
    return "\n".join(lines)


def _short(source: SourceState, text: str) -> str:
    """What lies on this machine goes by its own name: where it lies concerns nobody else."""
    kind, _, real = source.name.partition(":")
    if kind in ON_DISK and real:
        named = source.label.removeprefix(f"{kind}: ")  # perhaps a link to the real one
        for path in (named, real):
            text = text.replace(path, PurePath(path).name or path)
    return text
