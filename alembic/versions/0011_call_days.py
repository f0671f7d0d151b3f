"""Calls are numbered in the order they came, and folded into days."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | Sequence[str] | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INDEXES = {
    "ix_agent_call_charged": ["tenant_id", "is_charged", "at"],
    "ix_agent_call_tenant_at": ["tenant_id", "at", "id"],
    "ix_agent_call_usage": ["tenant_id", "status", "is_billable", "at"],
}


def upgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        op.drop_constraint("pk_agent_call", "agent_call")
        op.execute("ALTER TABLE agent_call ADD COLUMN seq BIGSERIAL")
        op.create_primary_key("pk_agent_call", "agent_call", ["seq"])
        op.create_unique_constraint("uq_agent_call_id", "agent_call", ["id"])
    else:
        _rebuild(
            sa.Column("seq", sa.Integer(), nullable=False),
            sa.PrimaryKeyConstraint("seq", name="pk_agent_call"),
            sa.UniqueConstraint("id", name="uq_agent_call_id"),
        )
    op.create_table(
        "call_day",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("action", sa.String(length=128), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("is_billable", sa.Boolean(), nullable=False),
        sa.Column("is_charged", sa.Boolean(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_call_day_tenant_id_tenant")
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id",
            "day",
            "action",
            "status",
            "is_billable",
            "is_charged",
            name=op.f("pk_call_day"),
        ),
    )


def downgrade() -> None:
    op.drop_table("call_day")
    op.execute("DELETE FROM usage_fold WHERE stream = 'calls'")
    if op.get_context().dialect.name == "postgresql":
        op.drop_constraint("uq_agent_call_id", "agent_call")
        op.drop_constraint("pk_agent_call", "agent_call")
        op.drop_column("agent_call", "seq")
        op.create_primary_key("pk_agent_call", "agent_call", ["id"])
    else:
        _rebuild(sa.PrimaryKeyConstraint("id", name="pk_agent_call"))


def _rebuild(*more: sa.Column[int] | sa.Constraint) -> None:
    """Make the table anew with another key: SQLite changes none of a table that is there."""
    for name in INDEXES:
        op.drop_index(name, "agent_call")
    op.rename_table("agent_call", "agent_call_before")
    op.create_table(
        "agent_call",
        *[one for one in more if isinstance(one, sa.Column)],
        *_columns(),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_agent_call_tenant_id_tenant")
        ),
        *[one for one in more if isinstance(one, sa.Constraint)],
    )
    names = ", ".join(column.name for column in _columns())
    op.execute(
        f"INSERT INTO agent_call ({names}) SELECT {names} FROM agent_call_before ORDER BY at, id"  # noqa: S608 - constants
    )
    op.drop_table("agent_call_before")
    for name, columns in INDEXES.items():
        op.create_index(name, "agent_call", columns)


def _columns() -> list[sa.Column[object]]:
    """Return the columns that were there before."""
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.String(length=128), nullable=False),
        sa.Column("pack", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("is_billable", sa.Boolean(), nullable=False),
        sa.Column("is_charged", sa.Boolean(), nullable=False),
        sa.Column("unit", sa.String(length=16), nullable=False),
        sa.Column("actor_id", sa.String(length=64), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("idempotency_key", sa.String(length=200), nullable=False),
        sa.Column("is_dry_run", sa.Boolean(), nullable=False),
        sa.Column("is_replay", sa.Boolean(), nullable=False),
        sa.Column("error_code", sa.String(length=32), nullable=False),
        sa.Column("error", sa.String(length=500), nullable=False),
        sa.Column("ip", sa.String(length=64), nullable=False),
        sa.Column("latency_ms", sa.Integer(), nullable=False),
        sa.Column("result_meta", sa.JSON(), nullable=False),
    ]
