"""English words without their endings: Porter's second stemmer, https://snowballstem.org."""

from __future__ import annotations

from functools import lru_cache

import snowballstemmer


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """The word, in lower case, without its ending. May be called from several threads."""
    return str(snowballstemmer.stemmer("english").stemWord(word))  # a stemmer works on one word at a time
