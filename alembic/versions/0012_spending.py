"""Budgets of agents, and a counter that says what was charged, granted and may still be spent."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | Sequence[str] | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

AGENT = ("budget_micros", "hard_stop", "budget_set_by", "budget_set_at")
COUNTER = ("charged", "granted", "budget_calls", "cap")
MONTH_OF_A_CALL = {
    "sqlite": "strftime('%Y-%m', agent_call.at)",
    "postgresql": "to_char(agent_call.at AT TIME ZONE 'UTC', 'YYYY-MM')",
}


def upgrade() -> None:
    with op.batch_alter_table("agent", schema=None) as batch_op:
        batch_op.add_column(sa.Column("budget_micros", sa.BigInteger(), nullable=True))
        batch_op.add_column(
            sa.Column("hard_stop", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        batch_op.add_column(
            sa.Column("budget_set_by", sa.String(length=200), nullable=False, server_default="")
        )
        batch_op.add_column(sa.Column("budget_set_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("call_counter", schema=None) as batch_op:
        batch_op.add_column(sa.Column("charged", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("granted", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("budget_calls", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("cap", sa.BigInteger(), nullable=True))
    month = MONTH_OF_A_CALL[op.get_bind().dialect.name]
    op.execute(
        "UPDATE call_counter SET charged = (SELECT count(*) FROM agent_call"  # noqa: S608
        " WHERE agent_call.tenant_id = call_counter.tenant_id AND agent_call.is_charged"
        f" AND {month} = call_counter.period)"
    )
    for table, columns in (
        ("agent", ("hard_stop", "budget_set_by")),
        ("call_counter", ("charged", "granted")),
    ):
        with op.batch_alter_table(table, schema=None) as batch_op:
            for name in columns:
                batch_op.alter_column(name, server_default=None)


def downgrade() -> None:
    for table, columns in (("call_counter", COUNTER), ("agent", AGENT)):
        with op.batch_alter_table(table, schema=None) as batch_op:
            for name in reversed(columns):
                batch_op.drop_column(name)
