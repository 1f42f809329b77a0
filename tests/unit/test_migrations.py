"""What the migrations make is what the code expects."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, create_engine, inspect

from agent.tables import metadata as agent_metadata
from bot.migrate import migrate
from bot.records import sqlite_url
from bot.tables import metadata as bot_metadata
from evals.tables import metadata as evals_metadata
from tests.servers.postgres import binaries, postgres


def differences(url: str) -> list[object]:
    """What Alembic would still change after the migrations."""
    engine = create_engine(url)
    wanted = MetaData()
    for room in (agent_metadata, bot_metadata, evals_metadata):
        for table in room.tables.values():
            table.to_metadata(wanted)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "version_table": "footnote_version"}
        )
        found = compare_metadata(context, wanted)
    engine.dispose()
    return found


def test_migrations_make_the_tables_of_the_code(tmp_path: Path) -> None:
    migrate(sqlite_url(tmp_path / "records.sqlite"))
    assert differences(f"sqlite:///{tmp_path / 'records.sqlite'}") == []


def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    for _ in range(2):
        migrate(sqlite_url(tmp_path / "records.sqlite"))
    engine = create_engine(f"sqlite:///{tmp_path / 'records.sqlite'}")
    assert {"messages", "approvals", "usage", "footnote_version"} <= set(inspect(engine).get_table_names())


def test_migrations_make_the_same_in_postgresql() -> None:
    if binaries() is None:
        pytest.skip("PostgreSQL is not installed: install the package postgresql")
    with postgres() as address:
        url = address.replace("postgresql://", "postgresql+psycopg://")
        for _ in range(2):
            migrate(url)
        assert differences(url) == []
