"""The bot's tables: what was said, what was thought of it, where cards stand. The engine is handed in."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

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
    Column("machine", String(64)),
    Column("host", String(255)),
    Column("due_at", Float),
)

channels = Table(
    "channels",
    metadata,
    Column("source", String(512), primary_key=True),
    Column("name", String(255), nullable=False),
    Column("position", JSON(none_as_null=True)),
    Column("began_at", Float, nullable=False),
    Column("whole", Boolean, nullable=False),
    Column("heard_at", Float, nullable=False),
)

said = Table(
    "said",
    metadata,
    Column("source", String(512), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("thread", String(255), nullable=False),
    Column("author", String(255), nullable=False),
    Column("text", Text, nullable=False),
    Column("uri", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("seen_at", Float, nullable=False),
)

replicas = Table(
    "replicas",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("seen_at", Float, nullable=False),
)

heard = Table(
    "heard",
    metadata,
    Column("platform", String(32), primary_key=True),
    Column("until", Float, nullable=False),
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
    Column("platform", String(32), nullable=False),
    Column("lane", String(255), nullable=False, server_default=""),
    Column("payload", JSON, nullable=False),
    Column("at", Float, nullable=False),
    Column("taken_by", String(64)),
    Index("ix_arrivals_platform_lane", "platform", "lane"),
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

jobs = Table(
    "jobs",
    metadata,
    Column("name", String(255), primary_key=True),
    Column("scheduled", Float, nullable=False),
    Column("started_at", Float),
    Column("ran", Float, nullable=False, server_default="0"),
    Column("ran_at", Float),
    Column("delivered", Float, nullable=False, server_default="0"),
    Column("delivered_at", Float),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("failed", Float, nullable=False, server_default="0"),
    Column("error", Text, nullable=False, server_default=""),
    Column("paused", Boolean, nullable=False, server_default=false()),
    Column("alert", JSON(none_as_null=True)),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("place", String(255), nullable=False, index=True),
    Column("owner", String(255), nullable=False),
    Column("owner_name", String(255), nullable=False),
    Column("topics", Text, nullable=False),
    Column("sources", JSON, nullable=False),
    Column("muted", JSON, nullable=False),
    Column("cron", String(64), nullable=False),
    Column("zone", String(64), nullable=False),
    Column("length", String(16), nullable=False),
    Column("language", String(16), nullable=False, server_default=""),
    Column("weekly", Boolean, nullable=False, server_default=false()),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("created_at", Float, nullable=False),
)

digest_sources = Table(
    "digest_sources",
    metadata,
    Column("name", String(512), primary_key=True),
    Column("tried_at", Float, nullable=False),
    Column("ended_at", Float),
    Column("read_at", Float),
    Column("error", Text, nullable=False, server_default=""),
    Column("beats", Integer, nullable=False, server_default="0"),
)

digest_items = Table(
    "digest_items",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("source", String(512), nullable=False),
    Column("link", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("seen_at", Float, nullable=False),
    Column("embedder", String(255), nullable=False),
    Column("vector", LargeBinary, nullable=False),
    Index("ix_digest_items_source_seen_at", "source", "seen_at"),
)

editions = Table(
    "editions",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("subscription", String(32), nullable=False),
    Column("place", String(255), nullable=False),
    Column("number", Integer, nullable=False),
    Column("due", Float, nullable=False),
    Column("written_at", Float, nullable=False),
    Column("delivered_at", Float),
    Column("refused", Text, nullable=False, server_default=""),
    Column("title", Text, nullable=False),
    Column("content", JSON, nullable=False),
    Column("embedder", String(255), nullable=False),
    Column("vectors", LargeBinary, nullable=False),
    UniqueConstraint("place", "number", name="uq_editions_place_number"),
    Index("ix_editions_subscription_due", "subscription", "due"),
)

digest_shown = Table(
    "digest_shown",
    metadata,
    Column("place", String(255), primary_key=True),
    Column("link", String(32), primary_key=True),
    Column("edition", String(64), nullable=False),
)

digest_marks = Table(
    "digest_marks",
    metadata,
    Column("story", String(96), primary_key=True),
    Column("person", String(255), primary_key=True),
    Column("place", String(255), nullable=False, index=True),
    Column("mark", String(16), nullable=False),
    Column("source", String(512), nullable=False),
    Column("embedder", String(255), nullable=False),
    Column("vector", LargeBinary, nullable=False),
    Column("at", Float, nullable=False),
)
