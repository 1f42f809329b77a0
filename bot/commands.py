"""Slash commands, the same on every platform; a platform registers what `commands` gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import PurePath

from agent.text import counted
from bot.audiences import Audiences
from bot.channels.following import ADD, REMOVE, Following
from bot.channels.talk import KIND
from bot.chat import ChatAway, Person, Place
from bot.errors import reason
from bot.knowledge import Knowledge, SourceState
from bot.sources import ON_DISK
from retrieval.documents import EVERYONE, Audience
from retrieval.stores import Holdings


@dataclass(frozen=True, slots=True)
class Invocation:
    """Somebody used a command in a place; ``text`` is what follows its name.

    ``id`` is the same where one use of it is handled again; empty where that can't be.
    """

    place: Place
    person: Person
    text: str
    id: str = ""


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


KNOWLEDGE = "What I know, from where, and how fresh it is; or whether I read this channel."


def commands(
    knowledge: Knowledge,
    audiences: Audiences,
    digest: Callable[[Invocation], Awaitable[str]],
    hint: str = "",
    following: Following | None = None,
) -> list[Command]:
    """Every command there is; ``digest`` is what `/digest` does, ``hint`` ends what help says.

    ``following`` adds the channel where `/knowledge` is used; None where no channel can be read.
    """

    async def known(invocation: Invocation) -> str:
        match " ".join(invocation.text.casefold().split()):
            case wanted if following is not None and wanted == ADD:
                return await following.add(invocation.place, invocation.person)
            case wanted if following is not None and wanted == REMOVE:
                return await following.remove(invocation.place, invocation.person)
            case words if words:
                return f"I know `/knowledge {ADD}` and `/knowledge {REMOVE}`; `/knowledge` alone tells what I know."
        sight = await audiences.alone(invocation.place, invocation.person)
        return "\n\n".join([await _known(knowledge, await audiences.holdings(), sight.audience), *sight.notes])

    async def help_(invocation: Invocation) -> str:
        lines = [f"- `{one.usage}`: {one.description}" for one in listed]
        return "\n".join([HELP, *lines, *(["", hint] if hint else [])])

    listed = [
        Command("ask", "Ask a question; everyone in the channel sees the answer.", argument="question"),
        Command("digest", "What is new, each morning; alone, which digests come here.", "when and on what", run=digest),
        Command("knowledge", KNOWLEDGE, f"{ADD}, or {REMOVE}", run=known),
        Command("footnote", "What I can do, and how.", subcommand="help", run=help_),
    ]
    return [_answered(one) for one in listed]


def _answered(command: Command) -> Command:
    """The command, which tells of what goes wrong: of nothing else does whoever used it hear, and nothing runs it again.

    Raises `ChatAway` alone: a platform that is away can't be told either, and waits where it may.
    """
    run = command.run
    if run is None:
        return command

    async def told(invocation: Invocation) -> str:
        try:
            return await run(invocation)
        except ChatAway:
            raise
        except Exception as error:  # noqa: BLE001  # whoever used it is not left without a word
            return reason(error, command=command.name)

    return replace(command, run=told)


async def _known(knowledge: Knowledge, held: Holdings, viewer: Audience) -> str:
    """What is there for one viewer: of a source with nothing for them not even its name."""
    state = await knowledge.state()
    seen = Counter[str]()
    for (name, audience), documents in held.items():
        seen[name] += documents * viewer.sees(audience.labels)
    given = {one.name for one in state.sources if not one.name.startswith(f"{KIND}:")}
    empty = given - seen.keys() if viewer.sees((EVERYONE,)) else set()
    sources = [one for one in state.sources if seen[one.name] or one.name in empty]
    if not sources and not seen.total():
        return "Nothing is indexed yet. Whoever runs me adds folders with `footnote sync FOLDER`, or drops files in the console."
    lines = [f"**{counted(seen.total(), 'document')}.**"]
    if state.counts.embedded < state.counts.passages:
        lines.append("Not everything can be found by its meaning yet, but everything by its words.")
    for source in sources:
        fresh = (
            f", read {datetime.fromtimestamp(source.synced_at, UTC):%d %b %Y, %H:%M} UTC" if source.synced_at else ""
        )
        trouble = f" ⚠️ {_short(source, source.error)}" if source.error else ""
        missed = _missed(source)
        now = ", being read now" if source.running else ""
        number = counted(seen[source.name], "document")
        lines.append(f"- {_short(source, source.label)}: {number}{fresh}{missed}{now}.{trouble}")
    return "\n".join(lines)


def _missed(source: SourceState) -> str:
    """What could not be read: of a channel what is missing, of anything else how many."""
    if source.name.startswith(f"{KIND}:"):
        return "".join(f"; {reason}" for _, reason in source.unreadable)
    return f", {len(source.unreadable)} could not be read" if source.unreadable else ""


def _short(source: SourceState, text: str) -> str:
    """What lies on this machine goes by its own name: where it lies concerns nobody else."""
    kind, _, real = source.name.partition(":")
    if kind in ON_DISK and real:
        named = source.label.removeprefix(f"{kind}: ")  # perhaps a link to the real one
        for path in (named, real):
            text = text.replace(path, PurePath(path).name or path)
    return text
