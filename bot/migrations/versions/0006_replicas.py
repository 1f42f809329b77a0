"""Of several replicas: which one handles a delivery, and on which machine a source lies"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("arrivals") as table:
        table.add_column(sa.Column("taken_by", sa.String(64)))
        table.drop_index("ix_arrivals_platform")
        table.create_index("ix_arrivals_platform_lane", ["platform", "lane"])
    with op.batch_alter_table("sources") as table:
        table.add_column(sa.Column("machine", sa.String(64)))
        table.add_column(sa.Column("host", sa.String(255)))


def downgrade() -> None:
    with op.batch_alter_table("sources") as table:
        table.drop_column("host")
        table.drop_column("machine")
    with op.batch_alter_table("arrivals") as table:
        table.drop_index("ix_arrivals_platform_lane")
        table.create_index("ix_arrivals_platform", ["platform"])
        table.drop_column("taken_by")
