"""What goes wrong, in words that a person may be shown."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import SQLAlchemyError

from agent.errors import AgentError
from bot.settings import SettingsInvalid
from retrieval.errors import RetrievalError

STORAGE = (SQLAlchemyError, sqlite3.Error)
"""What a database raises that is away, full or broken."""


def sentence(error: BaseException) -> str:
    """The one line of an error that has one; empty where it is a fault of ours."""
    match error:
        case AgentError() | RetrievalError() | SettingsInvalid():
            return str(error)
        case SQLAlchemyError() | sqlite3.Error():
            return f"The records can't be read or written ({storage_reason(error)}). What was written before is kept."
        case _:
            return ""


def storage_reason(error: BaseException) -> str:
    """Why a database failed, without SQLAlchemy's explanations."""
    return " ".join(str(getattr(error, "orig", None) or error).split())[:200]
