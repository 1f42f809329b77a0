"""A stage is an adapter of the port `Chat` and what people see of it; one file a platform."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bot.chat import Action, Button, Card, Chat, Field, File, Footnote, Form, Person, Place, Reply

MEI = Person("somewhere/mei", "Mei")
BOB = Person("somewhere/bob", "Bob")
NOTE = Footnote(1, "file:garden.md", "Garden", "file:///garden.md", 4, 30, "The garden opens at nine.")
ANSWER = Reply(
    "The garden opens at nine. [1]",
    footnotes=(NOTE,),
    buttons=(
        Button(Action.HELPFUL, "run", "👍"),
        Button(
            Action.UNHELPFUL,
            "run",
            "👎",
            form=Form("What was wrong?", (Field("reason", "Why?", "multiline", 3, True, ("a", "b"), "Read."),)),
        ),
    ),
    notes=("Searched for “garden”; cites 1 document.",),
)
WAITING = Reply(
    "Remember “doors”",
    buttons=(Button(Action.APPROVE, "approval", "Approve", "primary"),),
    card=Card("Remember “doors”", (("Text", "Doors close at six."),), "f00d", "proposed", "Waits for a decision."),
)
DECIDED = Reply(
    "Remember “doors”",
    card=Card("Remember “doors”", (("Text", "Doors close at six."),), "f00d", "done", "Approved by Ann."),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a person sees of a message, whatever marks, markup or pictures a platform puts around the words."""

    words: tuple[str, ...]
    footnotes: tuple[str, ...]
    buttons: tuple[str, ...]
    notes: tuple[str, ...]
    card: tuple[str, ...]


def words(text: str) -> tuple[str, ...]:
    """The words of a text, without its signs."""
    return tuple(re.findall(r"[^\W_]+", text))


def seen(reply: Reply) -> Seen:
    """What people are to see of a reply."""
    card = reply.card
    told = (
        ()
        if card is None
        else (card.title, *(part for pair in card.fields for part in pair), card.fingerprint, card.outcome)
    )
    return Seen(
        words=() if card else words(reply.text),
        footnotes=tuple(" ".join(words(note.title)) for note in reply.footnotes),
        buttons=tuple(button.action.value for button in reply.buttons),
        notes=tuple(" ".join(words(note)) for note in reply.notes),
        card=tuple(" ".join(words(part)) for part in told),
    )


@dataclass(frozen=True, slots=True)
class Company:
    """Who is where: of ``board``, a private channel, ``inside`` is a member, and ``outside`` is not.

    ``guest`` is no full member of the workspace. ``direct`` is where ``inside`` talks with the assistant.
    """

    board: Place
    direct: Place
    inside: Person
    outside: Person
    guest: Person


class Open:
    """A platform where everybody sees everything: mixed into a stage."""

    async def company(self) -> Company | None:
        return None

    async def leave(self) -> None: ...

    async def cut(self) -> None: ...


class OnDisk:
    """Files where a platform has no server: mixed into a stage."""

    folder: Path

    async def file(self, name: str, data: bytes) -> File:
        self.folder.mkdir(exist_ok=True)
        (self.folder / name).write_bytes(data)
        return File(name, str(self.folder / name), len(data))

    async def lose(self, file: File) -> None:
        Path(file.reference).unlink()


class Stage(Protocol):
    """An adapter and what people see of it. ``people`` are those who can be whispered to, Mei and Bob as they are there."""

    chat: Chat
    place: Place
    known: str
    """A channel that is there; empty where the platform has none."""
    people: Sequence[Person]

    async def restart(self) -> None:
        """Go on as a new process would."""
        ...

    async def say(self, key: str, reply: Reply) -> None:
        """Show a message as the desk does: what is final stands in the records before."""
        ...

    async def messages(self) -> list[Seen]:
        """What stands in the place by the assistant, oldest first; unfinished messages too."""
        ...

    async def status(self) -> str: ...

    def heard(self, person: Person) -> list[str]:
        """What was whispered to a person: all the words of each message."""
        ...

    async def file(self, name: str, data: bytes) -> File:
        """A file that the first of the people sends there."""
        ...

    async def lose(self, file: File) -> None:
        """The file is gone from its platform."""
        ...

    async def company(self) -> Company | None:
        """A company on the platform; None where everybody sees everything."""
        ...

    async def leave(self) -> None:
        """Whoever is inside the board leaves it."""
        ...

    async def cut(self) -> None:
        """The platform answers nothing more."""
        ...

    async def is_quiet(self) -> bool:
        """Whether nothing reaches anybody any more by itself."""
        ...
