"""The neutral words of a chat (Place, Person, Mention, Press, Reply, Button) and the port `Chat`.

What every adapter promises (tests/contract/test_chat.py): `show` with a key that the place has seen replaces that
message instead of adding one, also after a restart; a status never outlives the message it announced;
an event of a bot is never delivered; a press carries exactly what its button was given. What is final stands in the
records before an adapter is asked to show it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from retrieval.documents import EVERYONE, Audience


@dataclass(frozen=True, slots=True)
class Place:
    """Where a conversation is. ``thread`` is empty for a channel's top level."""

    platform: str
    workspace: str
    channel: str
    thread: str = ""

    @property
    def key(self) -> str:
        return "/".join((self.platform, self.workspace, self.channel, self.thread))

    @property
    def channel_key(self) -> str:
        return "/".join((self.platform, self.workspace, self.channel))

    @classmethod
    def parse(cls, key: str) -> Place:
        platform, workspace, channel, thread = key.split("/", 3)
        return cls(platform, workspace, channel, thread)

    @property
    def audience(self) -> Audience:
        """What everyone in this place may see."""
        return Audience.of(EVERYONE, f"channel:{self.channel_key}")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on a platform. ``id`` is unique across platforms (``console/mei``)."""

    id: str
    name: str
    is_bot: bool = False


ASSISTANT = Person("footnote", "Footnote", is_bot=True)


@dataclass(frozen=True, slots=True)
class File:
    """A file that came with a mention, where its bytes lie on this machine until they are read."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Mention:
    """Somebody addressed the assistant. ``event_id`` makes it happen once; ``text`` is without the mention itself.

    ``message`` is the key of the message in its channel; empty where that is the event's id.
    """

    event_id: str
    place: Place
    person: Person
    text: str
    at: float
    files: tuple[File, ...] = ()
    message: str = ""


class Action(StrEnum):
    """What a button does."""

    APPROVE = "approve"
    EDIT = "edit"
    REJECT = "reject"
    RETRY = "retry"
    ABANDON = "abandon"
    HELPFUL = "helpful"
    UNHELPFUL = "unhelpful"


@dataclass(frozen=True, slots=True)
class Press:
    """Somebody used a button or sent its form. ``subject`` is the id of what it answers (an approval, a run)."""

    event_id: str
    place: Place
    person: Person
    action: Action
    subject: str
    at: float
    form: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form: ``kind`` is text, multiline, number, boolean or choice."""

    name: str
    label: str
    kind: str = "text"
    value: Any = ""
    required: bool = False
    choices: tuple[str, ...] = ()
    help: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """What a button asks for before it is pressed."""

    title: str
    fields: tuple[Field, ...]
    submit: str = "Send"


@dataclass(frozen=True, slots=True)
class Button:
    action: Action
    subject: str
    label: str
    style: str = ""
    """``primary``, ``danger`` or nothing."""
    form: Form | None = None


@dataclass(frozen=True, slots=True)
class Footnote:
    """What a [n] in the text rests on: the document's characters ``start:end``, quoted."""

    number: int
    document: str
    title: str
    uri: str
    start: int
    end: int
    quote: str


@dataclass(frozen=True, slots=True)
class Card:
    """An approval as shown: what would happen, to what, its hash, and what became of it."""

    title: str
    fields: tuple[tuple[str, str], ...]
    fingerprint: str
    state: str
    outcome: str = ""
    """Who decided what and when, or that it waits and until when."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A message of the assistant. ``text`` is Markdown with footnote marks like [1]; ``final`` ends its streaming."""

    text: str
    footnotes: tuple[Footnote, ...] = ()
    buttons: tuple[Button, ...] = ()
    card: Card | None = None
    notes: tuple[str, ...] = ()
    """Plain lines below the answer: what was searched, what was plainer than usual and why."""
    final: bool = True


class Chat(Protocol):
    platform: str

    async def status(self, place: Place, text: str) -> None:
        """Say what is going on there; an empty text clears it. Shown at once and kept nowhere."""
        ...

    async def show(self, place: Place, key: str, reply: Reply) -> None:
        """Post the message called ``key``, or replace it where it stands already."""
        ...

    async def whisper(self, place: Place, person: Person, text: str) -> None:
        """Tell one person something that nobody else there needs to see."""
        ...

    async def channel(self, near: Place, name: str) -> Place | None:
        """The channel of this name in the same workspace, where the assistant may post; None where there is none."""
        ...

    async def close(self) -> None: ...


class Unconnected:
    """A `Chat` on a platform that does not run in this process: what is final stands in the records, and nobody sees it now."""

    def __init__(self, platform: str) -> None:
        self.platform = platform

    async def status(self, place: Place, text: str) -> None: ...

    async def show(self, place: Place, key: str, reply: Reply) -> None: ...

    async def whisper(self, place: Place, person: Person, text: str) -> None: ...

    async def channel(self, near: Place, name: str) -> Place | None:
        return None

    async def close(self) -> None: ...


class Chats(dict[str, Chat]):
    """The chats that run, by platform."""

    def __missing__(self, platform: str) -> Chat:
        return Unconnected(platform)
