"""Channels as sources: how far each was read, what was said there, and sources that are due before their time"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sources", sa.Column("due_at", sa.Float()))
    op.create_table(
        "channels",
        sa.Column("source", sa.String(512), primary_key=True),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("position", sa.JSON(none_as_null=True)),
        sa.Column("began_at", sa.Float(), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("heard_at", sa.Float(), nullable=False),
    )
    op.create_table(
        "said",
        sa.Column("source", sa.String(512), primary_key=True),
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("thread", sa.String(255), nullable=False),
        sa.Column("author", sa.String(255), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("seen_at", sa.Float(), nullable=False),
    )


def downgrade() -> None:
    for table in ("said", "channels"):
        op.drop_table(table)
    op.drop_column("sources", "due_at")
