"""What operations say about agents' actions, and the calls that wait for their word."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0016"
down_revision: str | Sequence[str] | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "action_approval",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.String(length=128), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_action_approval_tenant_id_tenant")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action_approval")),
        sa.UniqueConstraint(
            "tenant_id", "fingerprint", name=op.f("uq_action_approval_tenant_id_fingerprint")
        ),
    )
    with op.batch_alter_table("action_approval", schema=None) as batch_op:
        batch_op.create_index("ix_action_approval_status", ["status", "asked_at"], unique=False)

    op.create_table(
        "action_policy",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner", sa.String(length=36), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=True),
        sa.Column("pattern", sa.String(length=128), nullable=False),
        sa.Column("effect", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_action_policy_tenant_id_tenant")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action_policy")),
        sa.UniqueConstraint("owner", "pattern", name=op.f("uq_action_policy_owner_pattern")),
    )
    with op.batch_alter_table("action_policy", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_action_policy_tenant_id"), ["tenant_id"], unique=False)

    with op.batch_alter_table("agent_call", schema=None) as batch_op:
        batch_op.add_column(sa.Column("policy_id", sa.Uuid(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("agent_call", schema=None) as batch_op:
        batch_op.drop_column("policy_id")

    with op.batch_alter_table("action_policy", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_action_policy_tenant_id"))

    op.drop_table("action_policy")
    with op.batch_alter_table("action_approval", schema=None) as batch_op:
        batch_op.drop_index("ix_action_approval_status")

    op.drop_table("action_approval")
