"""Talk cut into documents: each thread that has answers, and what was said outside threads day by day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from retrieval.documents import Audience, Document
from retrieval.sources import Listed

_TITLE = 70


@dataclass(frozen=True, slots=True)
class Message:
    """``thread`` is the key of the message that its thread began with, or empty; ``at`` is in seconds since 1970."""

    key: str
    thread: str
    author: str
    text: str
    at: float
    uri: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """What becomes one document: a thread, or a day of a channel."""

    title: str
    channel: str
    uri: str
    text: str
    authors: tuple[str, ...]
    modified: float

    def document(self, listed: Listed, source: str, audience: Audience) -> Document:
        return Document(
            id=listed.id,
            source=source,
            uri=self.uri,
            title=self.title,
            text=self.text,
            audience=audience,
            content_hash=listed.content_hash,
            modified=self.modified,
            authors=self.authors,
            channel=self.channel,
        )


def stretches(channel: str, messages: Iterable[Message]) -> Iterator[tuple[str, Stretch]]:
    """Each stretch of the channel of this name with its key there; it leads to its first message."""
    ordered = sorted(messages, key=lambda one: one.at)
    answered = {one.thread for one in ordered if one.thread and one.thread != one.key}
    groups: dict[str, list[Message]] = {}
    for one in ordered:
        day = datetime.fromtimestamp(one.at, UTC).date().isoformat()
        root = one.thread or one.key
        groups.setdefault(root if root in answered else day, []).append(one)
    for key, group in groups.items():
        first = " ".join(group[0].text.split())
        about = f"{first[:_TITLE]}…" if len(first) > _TITLE else first
        yield (
            key,
            Stretch(
                title=f"#{channel}: {about}" if key in answered else f"#{channel}, {key}",
                channel=channel,
                uri=group[0].uri,
                text="\n\n".join(f"{one.author}: {one.text}" for one in group),
                authors=tuple(dict.fromkeys(one.author for one in group)),
                modified=group[-1].at,
            ),
        )
