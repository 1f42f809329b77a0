"""The nightly eval: cases that grew, nights, and what came of each case"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "eval_cases",
        sa.Column("id", sa.String(80), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False, index=True),
        sa.Column("origin", sa.String(64), nullable=False, index=True),
        sa.Column("case", sa.JSON(), nullable=False),
        sa.Column("decided_by", sa.String(255)),
        sa.Column("at", sa.Float(), nullable=False),
    )
    op.create_table(
        "eval_nights",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("configuration", sa.String(32), nullable=False, index=True),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("about", sa.JSON(), nullable=False),
        sa.Column("started_at", sa.Float(), nullable=False),
        sa.Column("finished_at", sa.Float()),
        sa.Column("is_baseline", sa.Boolean(), nullable=False),
        sa.Column("problems", sa.JSON(), nullable=False),
        sa.Column("report", sa.JSON()),
    )
    op.create_table(
        "eval_outcomes",
        sa.Column("night", sa.String(64), primary_key=True),
        sa.Column("case", sa.String(80), primary_key=True),
        sa.Column("outcome", sa.JSON(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
    )


def downgrade() -> None:
    for table in ("eval_outcomes", "eval_nights", "eval_cases"):
        op.drop_table(table)
