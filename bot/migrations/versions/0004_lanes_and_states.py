"""What arrived has a lane, in which it keeps its order; the states of installations under way"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("arrivals") as table:
        table.add_column(sa.Column("lane", sa.String(255), nullable=False, server_default=""))
    op.create_table(
        "oauth_states",
        sa.Column("state", sa.String(64), primary_key=True),
        sa.Column("expires_at", sa.Float(), nullable=False),
    )
    op.create_index("ix_oauth_states_expires_at", "oauth_states", ["expires_at"])


def downgrade() -> None:
    op.drop_table("oauth_states")
    with op.batch_alter_table("arrivals") as table:
        table.drop_column("lane")
