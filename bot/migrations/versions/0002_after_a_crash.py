"""Decisions have a key, so that one made again after a crash is one; the ledger names who runs a call; replicas"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("decisions") as table:
        table.add_column(sa.Column("key", sa.String(length=32), nullable=True))
        table.create_unique_constraint("uq_decisions_key", ["key"])
    with op.batch_alter_table("approvals") as table:
        table.add_column(sa.Column("runner", sa.String(length=64), nullable=True))
    op.create_table(
        "replicas",
        sa.Column("id", sa.String(length=64), primary_key=True),
        sa.Column("seen_at", sa.Float(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("replicas")
    with op.batch_alter_table("approvals") as table:
        table.drop_column("runner")
    with op.batch_alter_table("decisions") as table:
        table.drop_constraint("uq_decisions_key", type_="unique")
        table.drop_column("key")
