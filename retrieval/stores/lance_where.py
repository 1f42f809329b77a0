"""What LanceDB is asked for in its SQL: who may see it, and what it must fit."""

from __future__ import annotations

from collections.abc import Collection

from retrieval.documents import Audience, Filter


def seen_by(audience: Audience) -> str:
    return any_of("audience", audience.labels)


def fitting(audience: Audience, where: Filter) -> str:
    conditions = [seen_by(audience)]
    if where.documents is not None:
        conditions.append(one_of("document", where.documents))
    if where.mentions:
        conditions.append(any_of("mentions", where.mentions))
    if where.authors:
        conditions.append(any_of("authors", where.authors))
    if where.channels:
        conditions.append(one_of("channel", where.channels))
    if where.since is not None:
        conditions.append(f"modified >= {where.since!r}")
    if where.until is not None:
        conditions.append(f"modified < {where.until!r}")
    return " AND ".join(conditions)


def one_of(column: str, texts: Collection[str]) -> str:
    return f"{column} IN ({_literals(texts)})"


def any_of(column: str, texts: Collection[str]) -> str:
    """The column is a list, and one of these is in it."""
    return f"array_has_any({column}, [{_literals(texts)}])"


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _literals(texts: Collection[str]) -> str:
    return ", ".join(literal(text) for text in sorted(texts))
