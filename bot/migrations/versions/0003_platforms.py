"""Where messages stand on a platform, what arrived and is not yet handled, what was withdrawn, where the app is installed"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "posts",
        sa.Column("channel", sa.String(255), primary_key=True),
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("part", sa.Integer(), primary_key=True),
        sa.Column("address", sa.String(255)),
        sa.Column("digest", sa.String(64), nullable=False),
    )
    op.create_table(
        "arrivals",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("platform", sa.String(32), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
    )
    op.create_index("ix_arrivals_platform", "arrivals", ["platform"])
    op.create_table(
        "withdrawals",
        sa.Column("event", sa.String(255), primary_key=True),
        sa.Column("at", sa.Float(), nullable=False),
    )
    op.create_table(
        "installations",
        sa.Column("platform", sa.String(32), primary_key=True),
        sa.Column("workspace", sa.String(255), primary_key=True),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Float(), nullable=False),
    )


def downgrade() -> None:
    for name in ("installations", "withdrawals", "arrivals", "posts"):
        op.drop_table(name)
