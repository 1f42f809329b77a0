"""Search where a question says (retrieval/filters.py); where nothing is there, everywhere, and say so."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

from retrieval.documents import ANYTHING, Audience, Filter
from retrieval.filters import Understood
from retrieval.scripts import UNSPACED
from retrieval.search import Found, Searcher


async def search_where(searcher: Searcher, question: str, audience: Audience, limit: int, told: Understood) -> Found:
    """`Searcher.search`, held to what was ``told`` as far as anything is there; `Found.held` says to what it was.

    A name may be no author's (“from Berlin”): then it holds to nothing, silently. Raises `StoreUnavailable`.
    """
    if not told:
        return await searcher.search(question, audience, limit)
    files = await searcher.documents_named(told.files, audience) if told.files else None
    whole = Filter(files, authors=told.authors, channels=told.channels, since=told.since, until=told.until)
    nobodys = replace(told, authors=frozenset())
    for where, held in {whole: told, replace(whole, authors=frozenset()): nobodys}.items():
        if where == ANYTHING:
            continue
        found = await searcher.search(question, audience, limit, where)
        if found.hits:
            return replace(found, held=in_words(held))
    found = await searcher.search(question, audience, limit)
    missed = in_words(nobodys)
    notes = (f"I found nothing {missed}, so I looked everywhere.",) if missed else ()
    return replace(found, notes=(*found.notes, *notes))


def in_words(told: Understood) -> str:
    """What a question holds its answer to, for a person: “in #design, from mei, since 01 Mar 2026”."""
    parts = [f"in #{_written(name).replace(' ', '-')}" for name in sorted(told.channels)]
    parts += [f"in {_written(name)}" for name in sorted(told.files)]
    parts += [f"from {_written(name).title()}" for name in sorted(told.authors)]
    parts += [f"since {_day(told.since)}"] if told.since is not None else []
    parts += [f"before {_day(told.until)}"] if told.until is not None else []
    return ", ".join(parts)


def _written(name: str) -> str:
    """A folded name as one would write it: Chinese and Japanese have no spaces."""
    return re.sub(rf"(?<=[{UNSPACED}]) (?=[{UNSPACED}])", "", name)


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%d %b %Y")
