"""Every sending of a payout, and what came back of it."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | Sequence[str] | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "payout_transfer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("payout_id", sa.Uuid(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("provider_ref", sa.String(), nullable=True),
        sa.Column("account_ref", sa.String(), nullable=False),
        sa.Column("amount_micros", sa.BigInteger(), nullable=False),
        sa.Column("returned_micros", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["payout_id"], ["payout.id"], name=op.f("fk_payout_transfer_payout_id_payout")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_payout_transfer_tenant_id_tenant")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_transfer")),
        sa.UniqueConstraint(
            "payout_id", "attempt", name=op.f("uq_payout_transfer_payout_id_attempt")
        ),
        sa.UniqueConstraint(
            "provider", "provider_ref", name=op.f("uq_payout_transfer_provider_provider_ref")
        ),
    )
    op.create_index(op.f("ix_payout_transfer_tenant_id"), "payout_transfer", ["tenant_id"])
    with op.batch_alter_table("payout", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("sent_micros", sa.BigInteger(), nullable=False, server_default="0")
        )
    # What was sent before is told by its payout: one that failed after it was sent came back whole.
    op.execute(
        "INSERT INTO payout_transfer (id, tenant_id, payout_id, attempt, provider, provider_ref,"
        " account_ref, amount_micros, returned_micros, currency, created_at, sent_at)"
        " SELECT id, tenant_id, id, attempts, provider, provider_ref, '', amount_micros,"
        " CASE WHEN status IN ('sent', 'paid') THEN 0 ELSE amount_micros END, currency,"
        " created_at, COALESCE(paid_at, created_at) FROM payout"
        " WHERE amount_micros > 0 AND (provider_ref IS NOT NULL OR status IN ('sent', 'paid'))"
        " AND status IN ('sent', 'paid', 'failed')"
    )
    op.execute("UPDATE payout SET sent_micros = amount_micros WHERE status IN ('sent', 'paid')")
    with op.batch_alter_table("payout", schema=None) as batch_op:
        batch_op.alter_column("sent_micros", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("payout", schema=None) as batch_op:
        batch_op.drop_column("sent_micros")
    op.drop_index(op.f("ix_payout_transfer_tenant_id"), table_name="payout_transfer")
    op.drop_table("payout_transfer")
