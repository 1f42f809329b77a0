"""Of a message that was a mention: which version was taken up, and which one stands; files that wait for a decision"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "questions",
        sa.Column("channel", sa.String(255), primary_key=True),
        sa.Column("message", sa.String(255), primary_key=True),
        sa.Column("taken", sa.String(255)),
        sa.Column("stands", sa.String(255)),
    )
    op.drop_table("withdrawals")
    op.create_table(
        "held_files",
        sa.Column("content", sa.String(64), primary_key=True),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("held_files")
    op.create_table(
        "withdrawals",
        sa.Column("event", sa.String(255), primary_key=True),
        sa.Column("at", sa.Float(), nullable=False),
    )
    op.drop_table("questions")
