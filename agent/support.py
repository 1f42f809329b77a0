"""How far a sentence is carried by the words it cites, with no model: the deterministic half of the check."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.contradictions import contradicts, doubtful
from agent.table_rows import in_words
from agent.text import content
from retrieval.sentences import sentences as split_sentences

HIGHEST = 0.99
"""The support of a sentence that is no quotation, however many of its words its source has: somebody should look."""
IN_DOUBT = 0.4
_LIST_MARK = re.compile(r"^(?:[-*+•]|\d{1,2}[.)])\s+")


def support(sentence: str, quotes: Sequence[str]) -> float:
    """How far the quotes carry the sentence, 0 to 1.

    1.0 when it is one or more of their sentences, word for word, or a row of a table read out with its head. 0.0 when it
    cites nothing, has a number or a unit that they have not, or negates what they say. Else the share of its content words
    that they hold, at most 0.99; at most 0.4 when something else speaks against it, such as a word's opposite.
    """
    plain = _plain(sentence)
    if not quotes or not plain:
        return 0.0
    if any(plain in _wholes(quote) for quote in quotes) or plain in _rows(quotes):
        return 1.0
    cited = "\n".join(quotes)
    if contradicts(sentence, cited):
        return 0.0
    return min(overlap(sentence, quotes), IN_DOUBT if doubtful(sentence, cited) else HIGHEST)


def overlap(sentence: str, quotes: Sequence[str]) -> float:
    """The share, 0 to 1, of the sentence's content words that the quotes hold."""
    says, holds = content(sentence), set(content("\n".join(quotes)))
    return sum(word in holds for word in says) / len(says) if says else 0.0


def _wholes(quote: str) -> set[str]:
    """Every run of whole sentences of the quote."""
    spans = split_sentences(quote)
    return {_plain(quote[start:end]) for n, (start, _) in enumerate(spans) for _, end in spans[n:]}


def _rows(quotes: Sequence[str]) -> set[str]:
    """Those of the quotes that are rows of tables, read out alone and behind every other one as their head."""
    rows = [quote for quote in quotes if quote.startswith("|")]
    return {_plain(in_words(row, head)) for row in rows for head in ("", *rows) if row != head}


def _plain(text: str) -> str:
    return _LIST_MARK.sub("", " ".join(text.split())).rstrip(" .。")
