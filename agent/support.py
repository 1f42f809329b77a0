"""How far a sentence is carried by the words it cites, with no model: the deterministic half of the check."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

from agent.contradictions import contradicts, doubtful
from agent.table_rows import in_words
from agent.text import content
from retrieval.sentences import sentences as split_sentences

HIGHEST = 0.99
"""The support of a sentence that is no quotation, however many of its words its source has: somebody should look."""
IN_DOUBT = 0.4
LIST_MARK = 4
"""Characters that may yet turn out to be no more than the mark of an item in a list."""
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
    if any(_is_of_sentences(plain, quote) for quote in quotes) or plain in _rows(quotes):
        return 1.0
    cited = "\n".join(quotes)
    if contradicts(sentence, cited):
        return 0.0
    return min(overlap(sentence, quotes), IN_DOUBT if doubtful(sentence, cited) else HIGHEST)


def overlap(sentence: str, quotes: Sequence[str]) -> float:
    """The share, 0 to 1, of the sentence's content words that the quotes hold."""
    says, holds = content(sentence), set(content("\n".join(quotes)))
    return sum(word in holds for word in says) / len(says) if says else 0.0


def _is_of_sentences(plain: str, quote: str) -> bool:
    """Whether it is a run of whole sentences of the quote; a run is followed no further than it says the same."""
    parts, before = [], 0
    for start, end in split_sentences(quote):
        parts.append(" " * (before < start) + " ".join(quote[start:end].split()))
        before = end
    for number in range(len(parts)):
        run = ""
        for part in islice(parts, number, None):
            run = f"{run}{part}" if run else part.lstrip()
            said = _bare(run)
            if said == plain:
                return True
            if len(run) > LIST_MARK and not plain.startswith(said):
                break
    return False


def _rows(quotes: Sequence[str]) -> set[str]:
    """Those of the quotes that are rows of tables, read out alone and behind every other one as their head."""
    rows = [quote for quote in quotes if quote.startswith("|")]
    return {_plain(in_words(row, head)) for row in rows for head in ("", *rows) if row != head}


def _plain(text: str) -> str:
    return _bare(" ".join(text.split()))


def _bare(line: str) -> str:
    return _LIST_MARK.sub("", line).rstrip(" .。")
