"""Sessions and mailed links of tenants themselves, and who made a call."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0015"
down_revision: str | Sequence[str] | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OWNED = ("login_session", "mailed_link")


def upgrade() -> None:
    for table in OWNED:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("tenant_id", sa.Uuid(), nullable=True))
            batch_op.alter_column("person_id", existing_type=sa.Uuid(), nullable=True)
            batch_op.create_foreign_key(
                batch_op.f(f"fk_{table}_tenant_id_tenant"), "tenant", ["tenant_id"], ["id"]
            )
            batch_op.create_index(batch_op.f(f"ix_{table}_tenant_id"), ["tenant_id"], unique=False)
            batch_op.create_check_constraint(
                batch_op.f(f"ck_{table}_one_owner"), "(person_id IS NULL) <> (tenant_id IS NULL)"
            )
    op.add_column(
        "agent_call",
        sa.Column("actor_type", sa.String(length=32), nullable=False, server_default="api_key"),
    )


def downgrade() -> None:
    with op.batch_alter_table("agent_call", schema=None) as batch_op:
        batch_op.drop_column("actor_type")
    for table in OWNED:
        # A tenant's sessions and links have no place in the tables as they were.
        op.execute(f"DELETE FROM {table} WHERE person_id IS NULL")  # noqa: S608
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_constraint(batch_op.f(f"ck_{table}_one_owner"), type_="check")
            batch_op.drop_index(batch_op.f(f"ix_{table}_tenant_id"))
            batch_op.drop_constraint(batch_op.f(f"fk_{table}_tenant_id_tenant"), type_="foreignkey")
            batch_op.drop_column("tenant_id")
            batch_op.alter_column("person_id", existing_type=sa.Uuid(), nullable=False)
