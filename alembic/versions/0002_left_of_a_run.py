"""Whether anything is left of a monthly run is answered by an index."""

from collections.abc import Sequence

from alembic import op

revision: str = "0002"
down_revision: str | Sequence[str] | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    with op.batch_alter_table("billing_period", schema=None) as batch_op:
        batch_op.drop_index("ix_billing_period_run_id")
        batch_op.create_index("ix_billing_period_run_status", ["run_id", "status"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("billing_period", schema=None) as batch_op:
        batch_op.drop_index("ix_billing_period_run_status")
        batch_op.create_index("ix_billing_period_run_id", ["run_id"], unique=False)
