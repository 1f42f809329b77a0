"""What mentions what: names of documents that a text speaks of, in any language.

A title that a question names, or that the text of a passage names, leads to that document. That is the second hop
of a question that one search can't answer, and costs no language model.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple
from urllib.parse import unquote

from retrieval.scripts import WIDE, WORD

LONGEST = 8
"""Words of the longest name that is looked for."""
_VOICED = "\u3099\u309a"
"""The marks that make another kana of one (ハ, バ, パ), where an accent makes the same letter."""
_QUALIFIER = re.compile(r"(?<!\s)\s*+[(（][^()（）]*+[)）]\s*+$")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_ENDING = re.compile(r"\.(?:md|markdown|mdx|html?|txt|pdf|docx)$", re.IGNORECASE)
_VERSION = re.compile(r"(?<!\s)\s++v?\d+(?:\.\d+)+\S*$")


class Mention(NamedTuple):
    """A run of words that could be a name: where it starts, how many words, and whether it is written like a name."""

    name: str
    start: int
    length: int
    proper: bool


def fold(name: str) -> str:
    """A name without what spelling varies in: case, width, accents, punctuation, spaces."""
    return " ".join(folded_words(name))


def folded_words(text: str) -> list[str]:
    """The words of a text, folded."""
    return _folded(_tokens(text))


def names_of(title: str, aliases: tuple[str, ...] = ()) -> frozenset[str]:
    """Every folded name a document goes by: its title, also without article, bracketed qualifier or version, and aliases."""
    given = {title, _QUALIFIER.sub("", title), _VERSION.sub("", title), *aliases}
    found = {name for name in map(fold, given) if name}
    return frozenset(found | {name.split(" ", 1)[1] for name in found if name.startswith(("the ", "a ", "an "))})


def called(person: str) -> frozenset[str]:
    """What somebody is called, folded: the whole name, the first and the last."""
    parts = [one for part in person.split() for one in ([fold(part)] if WIDE.search(part) else fold(part).split())]
    return frozenset({fold(person), *parts[:1], *parts[-1:]})


def names_in(text: str) -> set[str]:
    """Every run of up to `LONGEST` words of a text, folded: whatever it could name."""
    words = folded_words(text)
    runs = (
        map(" ".join, zip(*(words[start:] for start in range(length)), strict=False))
        for length in range(2, LONGEST + 1)
    )
    return set(words).union(*runs)


def mentions(text: str, known: Collection[str]) -> list[Mention]:
    """Where a text speaks of these folded names, the short ones first."""
    tokens = _tokens(text)
    words = _folded(tokens)
    by_first: dict[str, list[list[str]]] = {}
    for name in known:
        parts = name.split(" ")
        by_first.setdefault(parts[0], []).append(parts)
    found = [
        Mention(
            " ".join(parts), start, len(parts), _is_proper(tokens[start]) and _is_proper(tokens[start + len(parts) - 1])
        )
        for start, word in enumerate(words)
        for parts in by_first.get(word, ())
        if words[start : start + len(parts)] == parts
    ]
    return sorted(found, key=lambda one: (one.length, one.start))


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


def _is_proper(token: str) -> bool:
    return bool(WIDE.match(token)) or not token.islower()


def _folded(tokens: Sequence[str]) -> list[str]:
    return [token.casefold() for token in tokens]


def _tokens(text: str) -> list[str]:
    if text.isascii():
        return WORD.findall(text)
    apart = unicodedata.normalize("NFKD", text)
    marks = [char for char in set(apart) if char not in _VOICED and unicodedata.combining(char)]
    plain = apart.translate(dict.fromkeys(map(ord, marks))) if marks else apart
    return WORD.findall(unicodedata.normalize("NFC", plain))
