"""What refunds that failed late brought back."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | Sequence[str] | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("unrefunded_micros", sa.BigInteger(), nullable=False, server_default="0")
        )
    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.alter_column("unrefunded_micros", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.drop_column("unrefunded_micros")
