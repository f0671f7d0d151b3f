"""Calls that runtimes of their own told of: each id once."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0017"
down_revision: str | Sequence[str] | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "ingested_call",
        sa.Column("event_id", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_ingested_call_tenant_id_tenant")
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_ingested_call")),
    )
    with op.batch_alter_table("ingested_call", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ingested_call_tenant_id"), ["tenant_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("ingested_call", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ingested_call_tenant_id"))
    op.drop_table("ingested_call")
