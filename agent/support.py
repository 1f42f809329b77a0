"""How far a sentence is carried by the words it cites, with no model: the deterministic half of the check."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.text import content

_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_NEGATION = re.compile(r"\b(?:not|no|never|none|cannot|without)\b|n['’]t\b|[不没非未无]", re.IGNORECASE)


def support(sentence: str, quotes: Sequence[str]) -> float:
    """The share, 0 to 1, of the sentence's content words that the quotes hold.

    1.0 when it stands in one of them word for word; 0.0 when it cites nothing, when it has a number that
    no quote has, or when exactly one of sentence and quotes negates.
    """
    cited = " ".join(quotes)
    plain = " ".join(sentence.split()).strip()
    if not quotes or not plain:
        return 0.0
    if plain in " ".join(cited.split()):
        return 1.0
    if not set(_NUMBER.findall(sentence)) <= set(_NUMBER.findall(cited)):
        return 0.0
    if bool(_NEGATION.search(sentence)) != bool(_NEGATION.search(cited)):
        return 0.0
    says, holds = content(sentence), set(content(cited))
    share = sum(word in holds for word in says) / len(says) if says else 0.0
    return min(share, 0.99)
