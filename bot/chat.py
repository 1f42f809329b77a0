"""The neutral words of a chat (Place, Person, Mention, Press, Reply, Button) and the port `Chat`.

What every adapter promises (tests/contract/test_chat.py): `show` with a key that the place has seen replaces that
message instead of adding one, also after a restart; a status never outlives the message it announced;
an event of a bot is never delivered; a press carries exactly what its button was given; nothing that is shown calls
people or unfurls a link. What is final stands in the records before an adapter is asked to show it.

    ChatError
    ├── ChatGone      the place is no longer open to the assistant: it was removed, or the channel is gone
    ├── ChatAway      the platform can't be reached, after a while of trying; later it may be
    └── ChatRefused   the platform refused what was asked, and trying again would not help
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol


class ChatError(Exception):
    """Base of what goes wrong with a platform; the message is one line."""


class ChatGone(ChatError):
    """The assistant can't speak in this place any more."""


class ChatAway(ChatError):
    """The platform does not answer now."""


class ChatRefused(ChatError):
    """The platform will not do this, however often it is asked."""


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

    @property
    def workspace_key(self) -> str:
        return "/".join((self.platform, self.workspace))

    @classmethod
    def parse(cls, key: str) -> Place:
        platform, workspace, channel, thread = key.split("/", 3)
        return cls(platform, workspace, channel, thread)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on a platform. ``id`` is unique across platforms (``console/mei``)."""

    id: str
    name: str
    is_bot: bool = False


ASSISTANT = Person("footnote", "Footnote", is_bot=True)


def named(person: str) -> str:
    """What an id says of a name: that of ``console/mei-lin`` is Mei Lin."""
    last = person.rpartition("/")[2]
    return last.replace("-", " ").title() if last.islower() else last


@dataclass(frozen=True, slots=True)
class File:
    """A file that came with a mention. ``reference`` is the adapter's own; its `Chat.read` knows what to do with it."""

    name: str
    reference: str
    size: int = 0


@dataclass(frozen=True, slots=True)
class Mention:
    """Somebody addressed the assistant. ``event_id`` makes it happen once; ``text`` is without the mention itself.

    ``message`` is the key of the message in its channel; empty where that is the event's id. ``outsiders`` says that
    people of other organisations are in the place. ``edited`` says that this is what the message says after an edit: it
    is answered only where no earlier version of the message got an answer or a card.
    """

    event_id: str
    place: Place
    person: Person
    text: str
    at: float
    files: tuple[File, ...] = ()
    message: str = ""
    outsiders: bool = False
    edited: bool = False

    @property
    def key(self) -> str:
        """The key of the message in its channel."""
        return self.message or self.event_id


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Somebody deleted, edited or stopped the mention with the key ``message``, perhaps while it is being answered.

    ``stands`` is the event of what it says now; no other version of it is answered any more. It is empty where none is.
    """

    event_id: str
    place: Place
    message: str
    stands: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """A message that people wrote to each other, as a platform tells of it.

    ``thread`` is the key of the message that its thread began with, empty outside of one; ``uri`` leads to the message.
    """

    key: str
    person: Person
    text: str
    at: float
    thread: str = ""
    uri: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of what was said somewhere. ``threads`` are the keys of those that began on it.

    ``cursor`` is where the next page goes on; empty where there is none.
    """

    said: tuple[Said, ...] = ()
    threads: tuple[str, ...] = ()
    cursor: str = ""


class Action(StrEnum):
    """What a button does."""

    APPROVE = "approve"
    EDIT = "edit"
    REJECT = "reject"
    RETRY = "retry"
    ABANDON = "abandon"
    HELPFUL = "helpful"
    UNHELPFUL = "unhelpful"
    ALONE = "alone"
    EXPLAIN = "explain"
    SUBSCRIBE = "subscribe"
    CHANGE = "change"
    PAUSE = "pause"
    RESUME = "resume"
    DELETE = "delete"
    MORE = "more"
    LESS = "less"
    MUTE = "mute"
    RESEARCH = "research"
    REMEMBER = "remember"
    BASELINE = "baseline"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Press:
    """Somebody used a button or sent its form. ``subject`` is the id of what it answers (an approval, a run).

    ``thread`` is that of a conversation which begins on the button's message; None where it is the message's own key.
    """

    event_id: str
    place: Place
    person: Person
    action: Action
    subject: str
    at: float
    form: dict[str, Any] = field(default_factory=dict)
    thread: str | None = None


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
class Chart:
    """Shares, 0 to 1, with their names, oldest first. A platform draws them, or leaves them out."""

    title: str
    points: tuple[tuple[str, float], ...]

    @property
    def said(self) -> str:
        """What it shows, for whoever does not see it."""
        if not self.points:
            return self.title
        (first, before), (last, now) = self.points[0], self.points[-1]
        return f"{self.title}: {before:.0%} on {first}, {now:.0%} on {last}"


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
    steps: tuple[str, ...] = ()
    """How it was found, a line a step: kept with it for whoever asks, and not shown with it."""
    chart: Chart | None = None


class Openness(StrEnum):
    """Who may read what is said in a channel."""

    WORKSPACE = "workspace"
    """Every full member of the workspace."""
    MEMBERS = "members"
    """Those who are in it."""
    DIRECT = "direct"
    """One person, who talks with the assistant."""


@dataclass(frozen=True, slots=True)
class Readers:
    """Who reads along in a channel. ``outsiders``: some who are no full members of the workspace are among them.

    ``channel`` is what the channel is called; empty where it has no name.
    """

    openness: Openness
    outsiders: bool = False
    channel: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Membership:
    """What a platform says of one person: the workspaces they are a full member of, and the channels they are in, by key."""

    workspaces: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()


class Chat(Protocol):
    """Raises `ChatGone`, `ChatAway` or `ChatRefused`; what may pass, as a rate limit, it tries again itself first."""

    platform: str

    async def status(self, place: Place, text: str) -> None:
        """Say what is going on there; an empty text clears it. Shown at once and kept nowhere; never raises."""
        ...

    async def show(self, place: Place, key: str, reply: Reply) -> None:
        """Post the message called ``key``, or replace it where it stands already."""
        ...

    async def retract(self, place: Place, key: str) -> None:
        """Take the message called ``key`` away, if it stands there."""
        ...

    async def whisper(self, place: Place, person: Person, reply: Reply) -> None:
        """Tell one person something that nobody else there gets to see; where that can't be in the place, directly.

        It has no buttons, and stands in no transcript.
        """
        ...

    async def channel(self, near: Place, name: str, person: Person) -> Place | None:
        """The channel of this name in the same workspace, where the assistant and this person may post.

        None where there is none.
        """
        ...

    async def name(self, near: Place, person: str) -> str:
        """The name of the person with this id, as others see it there; empty where it can't be told. Never raises."""
        ...

    async def readers(self, place: Place) -> Readers:
        """Who reads along in the channel of this place now."""
        ...

    async def membership(self, near: Place, person: Person, channels: Collection[str]) -> Membership:
        """What the platform says of a person now: no guest is a full member, and no direct conversation is a channel.

        ``channels`` are the keys of those that matter; it is asked for no others. What the platform can't be asked of
        a workspace raises; of what it does not know the person is no member.
        """
        ...

    async def history(self, place: Place, before: float, limit: int) -> list[Said]:
        """What people said in a thread before a time, in seconds since 1970, oldest first; empty where it can't tell.

        The last ``limit``, and perhaps the first one.
        """
        ...

    async def talk(self, place: Place, cursor: str = "") -> Page:
        """A page of what people said to each other in a channel, or in one thread of it; what programs say is left out.

        One request; without a ``cursor`` it is the first page. Pages lead to the beginning of a channel, and to the end
        of a thread. A private thread is empty. Raises `ChatRefused` where channels can't be read.
        """
        ...

    async def read(self, place: Place, file: File) -> bytes:
        """The bytes of a file that came with a mention."""
        ...

    async def close(self) -> None: ...
