"""Proper names in a text, by how they are written: what two passages may have in common that no title says.

People, places, products, tickets: whatever is written with a capital in the middle of a sentence. A passage that shares a rare
one with what was found is the second hop of a question where no document goes by that name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from retrieval.links import fold
from retrieval.scripts import WIDE

LONGEST = 8
"""Words of the longest name; a longer run is a headline."""
_TOKEN = re.compile(r"[^\W\d_]\.(?=[ \u00a0][^\W\d_])|[^\W_]+(?:['’-][^\W_]+)*|\n|[^\w\s]")
_WORD = re.compile(r"[^\W\d_]+")
_POSSESSIVE = re.compile(r"['’]s$")
_WITHIN = frozenset({"of", "the", "de", "von", "van", "der", "den", "la", "le", "los", "del", "di", "da", "du", "&"})
"""What may stand between two words of a name."""
_LITTLE = """
the a an in on at of and it he she they his her this that these those its as for from with by after before during when while
der die das den dem des ein eine einen einem einer im am und oder nicht wenn als sie er es wir
although however both since but to one two there their is was who what which where how i we you if or not no
"""
_NO_NAMES = frozenset(_LITTLE.split())
_GERMAN = frozenset(
    ["der", "die", "das", "den", "dem", "des", "und", "ist", "ein", "eine", "nicht", "mit", "von", "zu", "im"]
)


def proper_names(text: str) -> frozenset[str]:
    """The folded names in a text; none in writing without capitals."""
    runs = [_trimmed(run, begins) for run, begins in _runs(text)]
    if _is_german(text):
        runs = [run for run in runs if len(run) > 1 and all(word[0].isupper() for word in run)]
    names = (fold(" ".join(run)) for run in runs)
    return frozenset(name for name in names if len(name) > 2 and not name.replace(" ", "").isdigit())


def _is_german(text: str) -> bool:
    """Whether every noun has a capital in it, so that one word with a capital says nothing."""
    words = _WORD.findall(text)
    return sum(word.lower() in _GERMAN for word in words) > max(2.0, 0.1 * len(words))


def _runs(text: str) -> Iterator[tuple[list[str], bool]]:
    """Words with capitals that stand together, each run with whether it begins its sentence."""
    run: list[str] = []
    between: list[str] = []
    starts, began = True, False
    for match in _TOKEN.finditer(text):
        word = match.group()
        capital = word[0].isupper() or (bool(run) and word[0].isdigit())
        if capital and not WIDE.match(word):
            began = began if run else starts
            run += [*between, _POSSESSIVE.sub("", word)]
            between = []
        elif run and word.lower() in _WITHIN and len(between) < 2:
            between.append(word)
        else:
            if run:
                yield run, began
            run, between = [], []
        starts = word in ".!?:\n"
    if run:
        yield run, began


def _trimmed(run: list[str], begins: bool) -> list[str]:
    """Without the little words in front; nothing where only the beginning of the sentence made the capital."""
    first = next((number for number, word in enumerate(run) if word.lower() not in _NO_NAMES), len(run))
    rest = run[first:]
    return [] if len(rest) > LONGEST or (len(rest) == 1 and begins and not first and rest[0][1:].islower()) else rest
