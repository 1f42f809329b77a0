"""Where the inbox, the checkpoints and the records are kept: SQLite files under home, or one PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from bot.errors import UNUSABLE, storage_reason
from bot.settings import Settings, SettingsInvalid


@dataclass(frozen=True, slots=True)
class Databases:
    """The address of each, as its library wants it."""

    records: str
    inbox: str
    checkpoints: str

    @classmethod
    def of(cls, settings: Settings) -> Databases:
        """Raises `SettingsInvalid` where FOOTNOTE_DATABASE_URL is no address of a PostgreSQL."""
        url = settings.database_url.get_secret_value()
        if not url:
            home: Path = settings.home
            return cls(
                f"sqlite+aiosqlite:///{home / 'records.sqlite'}",
                f"sqlite:///{home / 'inbox.sqlite'}",
                str(home / "checkpoints.sqlite"),
            )
        scheme, _, rest = url.partition("://")
        if scheme not in {"postgresql", "postgres"} or not rest:
            raise SettingsInvalid(
                "FOOTNOTE_DATABASE_URL: not a PostgreSQL address. Write postgresql://user:password@host/database."
            )
        return cls(f"postgresql+psycopg://{rest}", f"postgresql+psycopg://{rest}", f"postgresql://{rest}")


@contextmanager
def explained(url: str) -> Iterator[None]:
    """Whatever goes wrong in opening this database is said in one line, without its password, as `SettingsInvalid`."""
    try:
        yield
    except UNUSABLE as error:
        reason = storage_reason(error)
        if "sqlite" in url:
            path = url.rpartition(":///")[2] or url
            raise SettingsInvalid(
                f"FOOTNOTE_HOME: {path} can't be opened ({reason}). Put a backup in its place, or move it away to begin anew."
            ) from None
        raise SettingsInvalid(f"FOOTNOTE_DATABASE_URL: the database can't be used ({reason}). Does it run?") from None


@asynccontextmanager
async def open_checkpointer(databases: Databases) -> AsyncIterator[BaseCheckpointSaver[Any]]:
    """LangGraph's checkpointer on SQLite or PostgreSQL, with its tables made. Only plain data is read back."""
    serde = JsonPlusSerializer(allowed_msgpack_modules=None)
    if databases.checkpoints.startswith("postgresql://"):
        from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
        from psycopg.rows import dict_row
        from psycopg_pool import AsyncConnectionPool

        options = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
        async with AsyncConnectionPool(databases.checkpoints, max_size=16, kwargs=options) as pool:
            saver = AsyncPostgresSaver(pool, serde=serde)  # type: ignore[arg-type]  # the row type is set by row_factory
            await saver.setup()
            yield saver
        return
    import aiosqlite

    from bot.lite_saver import LiteSaver

    async with aiosqlite.connect(databases.checkpoints) as connection:
        lite = LiteSaver(connection, serde=serde)
        with explained(databases.checkpoints):
            for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=15000"):
                await connection.execute(f"PRAGMA {pragma}")
            await lite.setup()
        yield lite
