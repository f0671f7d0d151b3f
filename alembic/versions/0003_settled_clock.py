"""A worker says when it has done what a moved clock made due."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | Sequence[str] | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    with op.batch_alter_table("clock_offset", schema=None) as batch_op:
        batch_op.add_column(sa.Column("moved_to", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("clock_offset", schema=None) as batch_op:
        batch_op.drop_column("settled_at")
        batch_op.drop_column("moved_to")
