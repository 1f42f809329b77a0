"""A Kindle's My Clippings.txt: highlights and notes, in whatever language the Kindle was set to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from retrieval.errors import Unreadable
from retrieval.parsing.plain import decode

_LINE = re.compile(r"^=+[ \t]*$", re.MULTILINE)
_AUTHOR = re.compile(r"^(.*\S)\s*[(（]([^()（）]*)[)）]\s*$")
_NOTE = re.compile(r"\b(?:note|notiz|nota|notitie)\b|笔记|筆記|メモ", re.IGNORECASE)
_PLACE = re.compile(r"\d+(?:-\d+)?")
_TIME = re.compile(r"(?:(上午|下午|午前|午後)\s*)?(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([AaPp]\.?[Mm])?")
_EASTERN = re.compile(r"(\d{4})\s*[年/-]\s*(\d{1,2})\s*[月/-]\s*(\d{1,2})")
_DAY_FIRST = re.compile(r"(\d{1,2})\.?\s+(?:de\s+)?([^\W\d_]{3,})\.?\s+(?:de\s+)?(\d{4})")
_MONTH_FIRST = re.compile(r"(?<![^\W\d_])([^\W\d_]{3,}+)\s++(\d{1,2}),?\s+(\d{4})")
_MONTHS = (
    "jan ene gen janv",
    "feb fév fev",
    "mar mär maa",
    "apr abr avr",
    "may mai mag mei",
    "jun juin giu",
    "jul juil lug",
    "aug ago aoû",
    "sep set",
    "oct okt ott out",
    "nov",
    "dec dez dic déc",
)
"""How months begin in English, German, French, Spanish, Italian, Portuguese and Dutch."""


@dataclass(frozen=True, slots=True)
class Clipping:
    """One highlight or note; ``place`` is the page or the location as written, ``added`` seconds since 1970, or 0."""

    title: str
    authors: tuple[str, ...]
    is_note: bool
    place: str
    added: float
    text: str


def read(name: str, data: bytes) -> list[Clipping]:
    """In the order of the file; bookmarks are left out. Raises `Unreadable` for another file."""
    source = decode(name, data)
    if not _LINE.search(source):
        raise Unreadable(name, "this is no My Clippings.txt of a Kindle")
    return list(_clippings(source))


def _clippings(source: str) -> Iterator[Clipping]:
    for block in _LINE.split(source):
        lines = [line.strip("\ufeff \t") for line in block.strip().split("\n")]
        about = lines[1] if len(lines) > 2 else ""
        text = "\n".join(lines[2:]).strip()
        if not about.startswith("-") or not text:
            continue
        named = _AUTHOR.match(lines[0])
        where, _, added = about.lstrip("- ").rpartition("|")
        title, author = (named[1], named[2]) if named else (lines[0], "")
        place = _PLACE.search(where)
        yield Clipping(title, _names(author), bool(_NOTE.search(where)), place[0] if place else "", _when(added), text)


def _names(author: str) -> tuple[str, ...]:
    """``Lin, Mei;Jo Berg`` are Mei Lin and Jo Berg."""
    found = []
    for name in filter(None, map(str.strip, author.split(";"))):
        last, comma, first = name.partition(",")
        found.append(f"{first.strip()} {last.strip()}" if comma and "," not in first else name)
    return tuple(found)


def _when(words: str) -> float:
    """The time a Kindle wrote, by its own clock, which says no zone; 0 where it can't be told."""
    time = _TIME.search(words)
    if found := _EASTERN.search(words):
        year, month, day = (int(number) for number in found.groups())
    elif found := _DAY_FIRST.search(words):
        day, month, year = int(found[1]), _month(found[2]), int(found[3])
    elif found := _MONTH_FIRST.search(words):
        month, day, year = _month(found[1]), int(found[2]), int(found[3])
    else:
        return 0.0
    try:
        return datetime(year, month, day, *_hours(time), tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0


def _hours(time: re.Match[str] | None) -> tuple[int, int, int]:
    if time is None:
        return 0, 0, 0
    hour = int(time[2])
    half = (time[1] or time[5] or "").lower().replace(".", "")
    if half in {"pm", "下午", "午後"}:
        hour = hour % 12 + 12
    elif half in {"am", "上午", "午前"}:
        hour %= 12
    return hour, int(time[3]), int(time[4] or 0)


def _month(word: str) -> int:
    """1 to 12; 0 for a word that is no month."""
    for number, starts in enumerate(_MONTHS, 1):
        if word.lower().startswith(tuple(starts.split())):
            return number
    return 0
