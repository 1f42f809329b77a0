"""What goes wrong, in words that a person may be shown."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from uuid import uuid4

import structlog
from sqlalchemy.exc import SQLAlchemyError

from agent.errors import AgentError, CeilingReached, place_of
from bot.chat import ChatAway, ChatError
from bot.settings import SettingsInvalid
from evals.errors import EvalError
from retrieval.errors import RetrievalError

log = structlog.get_logger()
STORAGE: tuple[type[Exception], ...] = (SQLAlchemyError, sqlite3.Error)
"""What a database raises: one that is away, full or broken, or one that is asked what can't be."""
with suppress(ImportError):  # PostgreSQL is an extra
    import psycopg

    STORAGE = (*STORAGE, psycopg.Error)
UNUSABLE: tuple[type[Exception], ...] = (*STORAGE, OSError)
APOLOGY = "Something broke on my side"
"""How a person is told of a fault of ours."""
_REFUSED = {"DataError", "IntegrityError", "ProgrammingError"}


def may_pass(error: Exception) -> bool:
    """Whether trying again later may help: not where the database understood and refused (PEP 249's names)."""
    if isinstance(error, ChatAway):
        return True
    kinds = {kind.__name__ for kind in type(error).__mro__}
    return isinstance(error, STORAGE) and kinds.isdisjoint(_REFUSED)


def broken_off(error: Exception, run: str, seconds: float) -> str:
    """What to tell whoever asked, where a run ended with an error. Raises it where trying again later may help."""
    match error:
        case CeilingReached():
            return str(error)
        case TimeoutError():
            return f"I stopped after {seconds:.0f} seconds without an answer. Ask something narrower?"
        case AgentError():
            return f"I could not finish this: {error}"
    if may_pass(error):
        raise error
    return apology(error, run)


def apology(error: Exception, run: str, **about: str) -> str:
    """What to tell of a fault of ours, which is logged under the beginning of this id."""
    log.error("run broke", run=run, what=place_of(error), **about)
    return f"{APOLOGY}, and it is logged under {run[:8]}. Try again?"


def reason(error: Exception, **about: str) -> str:
    """The one line of an error for whoever did what it came of; a fault of ours is logged, and told without its words."""
    said = sentence(error)
    if not said:
        return apology(error, uuid4().hex, **about)
    log.warning("not carried out", what=place_of(error), **about)
    return said


def sentence(error: BaseException) -> str:
    """The one line of an error that has one; empty where it is a fault of ours."""
    match error:
        case AgentError() | ChatError() | EvalError() | RetrievalError() | SettingsInvalid():
            return str(error)
        case SQLAlchemyError() | sqlite3.Error():
            return f"The records can't be read or written ({storage_reason(error)}). What was written before is kept."
        case _:
            return ""


def storage_reason(error: BaseException) -> str:
    """Why a database failed, without SQLAlchemy's explanations."""
    return " ".join(str(getattr(error, "orig", None) or error).split())[:200]
