"""The bot's tables: what was said, what was thought of it, where cards stand. The engine is handed in."""

from sqlalchemy import JSON, Column, Float, Index, Integer, LargeBinary, MetaData, String, Table, Text, UniqueConstraint

metadata = MetaData()

messages = Table(
    "messages",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("channel", String(255), nullable=False),
    Column("thread", String(255), nullable=False),
    Column("key", String(255), nullable=False),
    Column("author", String(255), nullable=False),
    Column("author_name", String(255), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("reply", JSON),
    Column("at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    UniqueConstraint("channel", "key", name="uq_messages_channel_key"),
    Index("ix_messages_channel_thread", "channel", "thread"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("run", String(64), primary_key=True),
    Column("person", String(255), primary_key=True),
    Column("mark", String(16), nullable=False),
    Column("reason", Text, nullable=False, default=""),
    Column("at", Float, nullable=False),
)

cards = Table(
    "cards",
    metadata,
    Column("approval", String(64), primary_key=True),
    Column("place", String(255), primary_key=True),
    Column("key", String(255), nullable=False),
)

sources = Table(
    "sources",
    metadata,
    Column("name", String(512), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("location", Text, nullable=False),
    Column("synced_at", Float),
    Column("summary", JSON),
)

replicas = Table(
    "replicas",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("seen_at", Float, nullable=False),
)

posts = Table(
    "posts",
    metadata,
    Column("channel", String(255), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("address", String(255)),
    Column("digest", String(64), nullable=False),
)

arrivals = Table(
    "arrivals",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("platform", String(32), nullable=False, index=True),
    Column("lane", String(255), nullable=False, server_default=""),
    Column("payload", JSON, nullable=False),
    Column("at", Float, nullable=False),
)

questions = Table(
    "questions",
    metadata,
    Column("channel", String(255), primary_key=True),
    Column("message", String(255), primary_key=True),
    Column("taken", String(255)),
    Column("stands", String(255)),
)

held_files = Table(
    "held_files",
    metadata,
    Column("content", String(64), primary_key=True),
    Column("data", LargeBinary, nullable=False),
    Column("size", Integer, nullable=False),
    Column("at", Float, nullable=False),
)

installations = Table(
    "installations",
    metadata,
    Column("platform", String(32), primary_key=True),
    Column("workspace", String(255), primary_key=True),
    Column("sealed", Text, nullable=False),
    Column("updated_at", Float, nullable=False),
)

oauth_states = Table(
    "oauth_states",
    metadata,
    Column("state", String(64), primary_key=True),
    Column("expires_at", Float, nullable=False, index=True),
)
