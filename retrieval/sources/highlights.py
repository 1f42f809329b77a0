"""Highlights and notes of one book as a document, wherever they come from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Highlight:
    """Words that were marked, the note beside them, and where in the book that is."""

    text: str
    note: str = ""
    place: str = ""


def written_out(highlights: Iterable[Highlight]) -> str:
    """A paragraph each. One that another contains is left out: a mark that was drawn longer leaves the shorter one behind."""
    marks = list(dict.fromkeys(highlights))
    texts = "\0".join(sorted({one.text for one in marks if one.text}, key=len))
    paragraphs = []
    for one in marks:
        if one.text and not one.note and texts.count(one.text) > 1:
            continue
        place = f" ({one.place})" if one.place else ""
        lines = [f"{one.text}{place}" if one.text else "", f"Note: {one.note}" if one.note else ""]
        paragraphs.append("\n".join(filter(None, lines)))
    return "\n\n".join(filter(None, paragraphs))
