"""The agent's tables: the approvals ledger, the decisions log, the cost ledger. The engine is handed in."""

from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Dialect,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects import postgresql, sqlite

metadata = MetaData()

approvals = Table(
    "approvals",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("run", String(64), nullable=False, index=True),
    Column("call", String(64), nullable=False),
    Column("tool", String(64), nullable=False),
    Column("arguments", JSON, nullable=False),
    Column("arguments_hash", String(64), nullable=False),
    Column("summary", Text, nullable=False),
    Column("place", String(255), nullable=False),
    Column("asker", String(255), nullable=False),
    Column("asker_name", String(255), nullable=False, default=""),
    Column("deciders", JSON, nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("edited", Boolean, nullable=False, default=False),
    Column("decided_by", String(255)),
    Column("decided_by_name", String(255)),
    Column("press", String(255)),
    Column("reason", Text),
    Column("result", Text),
    Column("proposed_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
    Column("decided_at", Float),
    Column("started_at", Float),
    Column("runner", String(64)),
    Column("finished_at", Float),
    UniqueConstraint("run", "call", name="uq_approvals_run_call"),
)

approval_events = Table(
    "approval_events",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("approval", String(64), nullable=False, index=True),
    Column("state", String(16), nullable=False),
    Column("by", String(255), nullable=False),
    Column("fingerprint", String(16), nullable=False),
    Column("note", Text, nullable=False),
    Column("at", Float, nullable=False),
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("key", String(32)),
    Column("run", String(64), nullable=False, index=True),
    Column("name", String(64), nullable=False, index=True),
    Column("asked", JSON, nullable=False),
    Column("value", JSON, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("by", String(128), nullable=False),
    Column("at", Float, nullable=False),
    Column("outcome", JSON),
    UniqueConstraint("key", name="uq_decisions_key"),
)

usage = Table(
    "usage",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("run", String(64), nullable=False, index=True),
    Column("person", String(255), nullable=False),
    Column("channel", String(255), nullable=False),
    Column("day", String(10), nullable=False),
    Column("model", String(128), nullable=False),
    Column("purpose", String(64), nullable=False),
    Column("input_tokens", Integer, nullable=False),
    Column("output_tokens", Integer, nullable=False),
    Column("cost", Float, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("ok", Boolean, nullable=False),
    Column("at", Float, nullable=False),
    Index("ix_usage_day_person", "day", "person"),
    Index("ix_usage_day_channel", "day", "channel"),
)


def upsert(dialect: Dialect) -> Any:
    """The dialect's INSERT that knows ON CONFLICT."""
    return postgresql.insert if dialect.name == "postgresql" else sqlite.insert
