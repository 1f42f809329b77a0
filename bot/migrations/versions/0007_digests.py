"""When each job ran; digests: who gets them, what there was, what was written and shown, what people thought of it"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("name", sa.String(255), primary_key=True),
        sa.Column("scheduled", sa.Float(), nullable=False),
        sa.Column("started_at", sa.Float()),
        sa.Column("ran", sa.Float(), nullable=False, server_default="0"),
        sa.Column("ran_at", sa.Float()),
        sa.Column("delivered", sa.Float(), nullable=False, server_default="0"),
        sa.Column("delivered_at", sa.Float()),
        sa.Column("failures", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("failed", sa.Float(), nullable=False, server_default="0"),
        sa.Column("error", sa.Text(), nullable=False, server_default=""),
        sa.Column("paused", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("alert", sa.JSON(none_as_null=True)),
    )
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("place", sa.String(255), nullable=False),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("owner_name", sa.String(255), nullable=False),
        sa.Column("topics", sa.Text(), nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("muted", sa.JSON(), nullable=False),
        sa.Column("cron", sa.String(64), nullable=False),
        sa.Column("zone", sa.String(64), nullable=False),
        sa.Column("length", sa.String(16), nullable=False),
        sa.Column("language", sa.String(16), nullable=False, server_default=""),
        sa.Column("weekly", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False, server_default=""),
        sa.Column("created_at", sa.Float(), nullable=False),
    )
    op.create_table(
        "digest_sources",
        sa.Column("name", sa.String(512), primary_key=True),
        sa.Column("tried_at", sa.Float(), nullable=False),
        sa.Column("ended_at", sa.Float()),
        sa.Column("read_at", sa.Float()),
        sa.Column("error", sa.Text(), nullable=False, server_default=""),
    )
    op.create_table(
        "digest_items",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("source", sa.String(512), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("seen_at", sa.Float(), nullable=False),
        sa.Column("embedder", sa.String(255), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "editions",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("subscription", sa.String(32), nullable=False),
        sa.Column("place", sa.String(255), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("due", sa.Float(), nullable=False),
        sa.Column("written_at", sa.Float(), nullable=False),
        sa.Column("delivered_at", sa.Float()),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("embedder", sa.String(255), nullable=False),
        sa.Column("vectors", sa.LargeBinary(), nullable=False),
        sa.UniqueConstraint("place", "number", name="uq_editions_place_number"),
    )
    op.create_table(
        "digest_shown",
        sa.Column("place", sa.String(255), primary_key=True),
        sa.Column("link", sa.String(32), primary_key=True),
        sa.Column("edition", sa.String(64), nullable=False),
    )
    op.create_table(
        "digest_marks",
        sa.Column("story", sa.String(96), primary_key=True),
        sa.Column("person", sa.String(255), primary_key=True),
        sa.Column("place", sa.String(255), nullable=False),
        sa.Column("mark", sa.String(16), nullable=False),
        sa.Column("source", sa.String(512), nullable=False),
        sa.Column("embedder", sa.String(255), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
    )
    op.create_index("ix_subscriptions_place", "subscriptions", ["place"])
    op.create_index("ix_digest_items_source_seen_at", "digest_items", ["source", "seen_at"])
    op.create_index("ix_editions_subscription_due", "editions", ["subscription", "due"])
    op.create_index("ix_digest_marks_place", "digest_marks", ["place"])


def downgrade() -> None:
    op.drop_table("digest_marks")
    op.drop_table("digest_shown")
    op.drop_table("editions")
    op.drop_table("digest_items")
    op.drop_table("digest_sources")
    op.drop_table("subscriptions")
    op.drop_table("jobs")
