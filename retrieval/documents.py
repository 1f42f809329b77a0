"""Document, Passage, Audience: what the knowledge room is made of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

EVERYONE = "everyone"
"""Every member of the workspace."""
PUBLIC = "public"
"""Anyone at all, people of other organisations too."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Labels that say who may see a document, or whom a search is for.

    A document is seen by a search when they share a label. Labels are plain strings:
    ``public``, ``everyone``, ``channel:slack/T1/C2``, ``person:slack/T1/U3``. An empty audience sees nothing.
    """

    labels: frozenset[str]

    @classmethod
    def of(cls, *labels: str) -> Audience:
        return cls(frozenset(labels))

    @classmethod
    def everyone(cls) -> Audience:
        return cls.of(EVERYONE)

    @classmethod
    def public(cls) -> Audience:
        return cls.of(PUBLIC)

    def __or__(self, other: Audience) -> Audience:
        return Audience(self.labels | other.labels)

    def sees(self, labels: Iterable[str]) -> bool:
        return not self.labels.isdisjoint(labels)

    def __bool__(self) -> bool:
        return bool(self.labels)


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a document: its level (1 is the highest), its text, and where its line starts."""

    level: int
    text: str
    start: int


class Link(NamedTuple):
    """Where a link leads (a title, a path or an address), and where in the text it stands."""

    target: str
    start: int


@dataclass(frozen=True, slots=True)
class Document:
    """One thing that can be cited: a file, a page, a note.

    ``text`` is the extracted text; every span in Footnote is a pair of character offsets into it.
    ``links`` are titles or addresses that the document itself refers to (wiki links, hrefs); ``anchors`` are those
    of which it is known where in the text they stand, for the passages there.
    ``aliases`` are further names that it goes by. ``uri`` is what a person can open. ``authors`` are names as written;
    ``channel`` is the name of the channel where it was said; ``modified`` is when it was written last, in seconds since 1970.
    """

    id: str
    source: str
    uri: str
    title: str
    text: str
    audience: Audience
    content_hash: str
    headings: tuple[Heading, ...] = ()
    links: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    modified: float = 0.0
    metadata: dict[str, str] = field(default_factory=dict)
    anchors: tuple[Link, ...] = ()
    authors: tuple[str, ...] = ()
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which documents a search is held to: all that is given must hold; what is empty or None holds to nothing.

    Names are compared folded (`retrieval.links.fold`). ``since`` and ``until`` are seconds since 1970, ``until`` not included;
    a document without a date is in no span of time.
    """

    documents: frozenset[str] | None = None
    mentions: frozenset[str] = frozenset()
    """Of these names a passage mentions one (`Passage.mentions`)."""
    authors: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    since: float | None = None
    until: float | None = None


ANYTHING = Filter()


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document with its exact span: ``document.text[start:end] == text``; ``uri`` is its document's.

    ``headings`` is the path of headings above it, outermost first. ``embeddable`` is what is embedded
    and searched: title and headings' path, a newline, then the text. ``links`` are what it links to, as its document does;
    ``mentions`` the folded names in it, its title's among them.
    """

    id: str
    document: str
    source: str
    title: str
    headings: tuple[str, ...]
    text: str
    start: int
    end: int
    audience: Audience
    uri: str = ""
    links: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()

    @property
    def embeddable(self) -> str:
        return f"{' > '.join((self.title, *(h for h in self.headings if h != self.title)))}\n{self.text}"


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found, and how well it fits; higher is better, comparable within one search only."""

    passage: Passage
    score: float
    similarity: float | None = None
    """Cosine similarity to the question where the passage has a vector."""
    via: str = ""
    """How it was found: ``text``, ``meaning``, ``title`` or ``link``, joined by ``+``."""


def content_hash(data: bytes) -> str:
    """A short, stable name for exactly these bytes (BLAKE2b, 16 bytes, hex)."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()
