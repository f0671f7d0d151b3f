"""Who sends a mail, and up to which instant each worker is done."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | Sequence[str] | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    with op.batch_alter_table("outbox_item", schema=None) as batch_op:
        batch_op.add_column(sa.Column("claimed_by", sa.String(), nullable=True))
    with op.batch_alter_table("worker", schema=None) as batch_op:
        batch_op.add_column(sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("clock_offset", schema=None) as batch_op:
        batch_op.drop_column("settled_at")


def downgrade() -> None:
    with op.batch_alter_table("clock_offset", schema=None) as batch_op:
        batch_op.add_column(sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("worker", schema=None) as batch_op:
        batch_op.drop_column("settled_at")
    with op.batch_alter_table("outbox_item", schema=None) as batch_op:
        batch_op.drop_column("claimed_by")
