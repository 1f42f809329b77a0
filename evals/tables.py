"""The tables of the room that grades: cases that grew, nights, and what came of each case. The engine is handed in."""

from sqlalchemy import JSON, Boolean, Column, Float, MetaData, String, Table

metadata = MetaData()

cases = Table(
    "eval_cases",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("state", String(16), nullable=False, index=True),
    Column("origin", String(64), nullable=False, index=True),
    Column("case", JSON, nullable=False),
    Column("decided_by", String(255)),
    Column("at", Float, nullable=False),
)

nights = Table(
    "eval_nights",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("configuration", String(32), nullable=False, index=True),
    Column("version", String(64), nullable=False),
    Column("about", JSON, nullable=False),
    Column("started_at", Float, nullable=False),
    Column("finished_at", Float),
    Column("is_baseline", Boolean, nullable=False, default=False),
    Column("problems", JSON, nullable=False),
    Column("report", JSON),
)

outcomes = Table(
    "eval_outcomes",
    metadata,
    Column("night", String(64), primary_key=True),
    Column("case", String(80), primary_key=True),
    Column("outcome", JSON, nullable=False),
    Column("at", Float, nullable=False),
)
