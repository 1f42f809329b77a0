"""What mentions what: names of documents that a text speaks of, in any language.

A title that a question names, or that the text of a passage names, leads to that document. That is the second hop
of a question that one search can't answer, and costs no language model.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

LONGEST = 8
"""Words of the longest name that is looked for."""
_TOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]|[^\W_]+")
_QUALIFIER = re.compile(r"\s*[(（][^()（）]*[)）]\s*$")
_VERSION = re.compile(r"\s+v?\d+(?:\.\d+)+\S*$")


def fold(name: str) -> str:
    """A name without what spelling varies in: case, width, accents, punctuation, spaces."""
    return " ".join(_tokens(name))


def names_of(title: str, aliases: tuple[str, ...] = ()) -> frozenset[str]:
    """Every folded name a document goes by: its title, also without a bracketed qualifier or a version, and aliases."""
    found = {title, _QUALIFIER.sub("", title), _VERSION.sub("", title), *aliases}
    return frozenset(name for name in map(fold, found) if name)


def mentions(text: str) -> Iterator[str]:
    """Every folded run of up to `LONGEST` words of a text that could be a name, each once."""
    tokens = _tokens(text)
    seen: set[str] = set()
    for start in range(len(tokens)):
        for length in range(1, min(LONGEST, len(tokens) - start) + 1):
            name = " ".join(tokens[start : start + length])
            if name not in seen:
                seen.add(name)
                yield name


def _tokens(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text).casefold()
    return _TOKEN.findall("".join(char for char in plain if not unicodedata.combining(char)))
