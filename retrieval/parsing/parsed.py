"""What every reader of a format gives back."""

from __future__ import annotations

from dataclasses import dataclass, field

from retrieval.documents import Heading, Link
from retrieval.parsing.dates import timestamp


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

    @property
    def authors(self) -> tuple[str, ...]:
        """Who it says has written it."""
        return tuple(name for key in ("author", "authors") for name in self.metadata.get(key, "").split(", ") if name)

    @property
    def written(self) -> float:
        """When it says that it was written last, in seconds since 1970; 0 where it doesn't."""
        dates = (timestamp(self.metadata.get(key, "")) for key in ("updated", "modified", "date", "created"))
        return next(filter(None, dates), 0.0)
