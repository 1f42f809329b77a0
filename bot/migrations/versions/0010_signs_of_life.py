"""Whoever reads a source says so all the while"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("digest_sources", sa.Column("beats", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("digest_sources", "beats")
