"""What mentions what: names of documents that a text speaks of, in any language.

A title that a question names, or that the text of a passage names, leads to that document. That is the second hop
of a question that one search can't answer, and costs no language model.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple
from urllib.parse import unquote

from retrieval.scripts import WIDE, WORD

LONGEST = 8
"""Words of the longest name that is looked for."""
_VOICED = "\u3099\u309a"
"""The marks that make another kana of one (ハ, バ, パ), where an accent makes the same letter."""
_QUALIFIER = re.compile(r"\s*[(（][^()（）]*[)）]\s*$")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_ENDING = re.compile(r"\.(?:md|markdown|mdx|html?|txt|pdf|docx)$", re.IGNORECASE)
_VERSION = re.compile(r"\s+v?\d+(?:\.\d+)+\S*$")


class Mention(NamedTuple):
    """A run of words that could be a name: where it starts, how many words, and whether it is written like a name."""

    name: str
    start: int
    length: int
    proper: bool


def fold(name: str) -> str:
    """A name without what spelling varies in: case, width, accents, punctuation, spaces."""
    return " ".join(token.casefold() for token in _tokens(name))


def names_of(title: str, aliases: tuple[str, ...] = ()) -> frozenset[str]:
    """Every folded name a document goes by: its title, also without article, bracketed qualifier or version, and aliases."""
    given = {title, _QUALIFIER.sub("", title), _VERSION.sub("", title), *aliases}
    found = {name for name in map(fold, given) if name}
    return frozenset(found | {name.split(" ", 1)[1] for name in found if name.startswith(("the ", "a ", "an "))})


def called(person: str) -> frozenset[str]:
    """What somebody is called, folded: the whole name, the first and the last."""
    whole = fold(person)
    return frozenset({whole, *whole.split()[:1], *whole.split()[-1:]})


def names_in(text: str) -> set[str]:
    """Every run of up to `LONGEST` words of a text, folded: whatever it could name."""
    return {name for _, names in _runs([token.casefold() for token in _tokens(text)]) for name in names}


def mentions(text: str, known: Collection[str]) -> list[Mention]:
    """Where a text speaks of these folded names."""
    tokens = _tokens(text)
    proper = [bool(WIDE.match(token)) or not token.islower() for token in tokens]
    return [
        Mention(name, start, length, proper[start] and proper[start + length - 1])
        for length, names in _runs([token.casefold() for token in tokens])
        for start, name in enumerate(names)
        if name in known
    ]


def linked(targets: Sequence[str]) -> list[Mention]:
    """What links lead to, as mentions beside those of the text: a note by its title or file; addresses lead outside."""
    found: list[Mention] = []
    position = 0
    for target in targets:
        path = "" if _ADDRESS.match(target) else unquote(target.partition("#")[0])
        name = fold(_ENDING.sub("", path.rpartition("/")[2]))
        length = name.count(" ") + 1
        position -= length
        if name:
            found.append(Mention(name, position, length, proper=True))
    return found


def longest(found: Iterable[Mention]) -> list[Mention]:
    """Of these mentions those that lie in no longer one; each name once."""
    taken: set[int] = set()
    kept: dict[str, Mention] = {}
    for mention in sorted(found, key=lambda one: (-one.length, one.start)):
        span = range(mention.start, mention.start + mention.length)
        if taken.isdisjoint(span):
            taken.update(span)
            kept.setdefault(mention.name, mention)
    return sorted(kept.values(), key=lambda one: one.start)


def _runs(words: Sequence[str]) -> Iterator[tuple[int, Iterator[str]]]:
    """By length, the runs of so many words, from the first to the last."""
    for length in range(1, LONGEST + 1):
        yield length, map(" ".join, zip(*(words[start:] for start in range(length)), strict=False))


def _tokens(text: str) -> list[str]:
    if text.isascii():
        return WORD.findall(text)
    apart = unicodedata.normalize("NFKD", text)
    plain = "".join(char for char in apart if char in _VOICED or not unicodedata.combining(char))
    return WORD.findall(unicodedata.normalize("NFC", plain))
