"""What every reader of a format gives back."""

from __future__ import annotations

from dataclasses import dataclass, field

from retrieval.documents import Heading, Link


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a file says. Offsets of headings and anchors are into ``text``; ``title`` is empty where the file has none."""

    title: str
    text: str
    headings: tuple[Heading, ...] = ()
    links: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)
    anchors: tuple[Link, ...] = ()
