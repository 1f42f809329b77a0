"""Brings the records to the newest form at start: Alembic migrations under bot/migrations/versions."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config


def migrate(url: str) -> None:
    """Upgrade the database to the newest revision; nothing to do when it is there. Blocks; call in a thread."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("sqlalchemy.url", url.replace("+aiosqlite", "").replace("%", "%%"))
    command.upgrade(config, "head")
