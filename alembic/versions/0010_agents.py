"""Agents: their tier, calls and counters; leads and their scores; one monthly run for everybody."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | Sequence[str] | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "agent",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("product", sa.String(length=64), nullable=False),
        sa.Column("agent_id", sa.String(length=128), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("organisation", sa.String(length=120), nullable=False),
        sa.Column("tier", sa.String(length=32), nullable=False),
        sa.Column("payment_state", sa.String(length=32), nullable=False),
        sa.Column("onboarded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("upgraded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paid_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_agent_tenant_id_tenant")
        ),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_agent")),
        sa.UniqueConstraint("product", "email", name=op.f("uq_agent_product_email")),
    )
    with op.batch_alter_table("agent", schema=None) as batch_op:
        batch_op.create_index("ix_agent_tier", ["tier", "tenant_id"], unique=False)

    op.create_table(
        "agent_call",
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
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_agent_call_tenant_id_tenant")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_call")),
    )
    with op.batch_alter_table("agent_call", schema=None) as batch_op:
        batch_op.create_index(
            "ix_agent_call_charged", ["tenant_id", "is_charged", "at"], unique=False
        )
        batch_op.create_index("ix_agent_call_tenant_at", ["tenant_id", "at", "id"], unique=False)
        batch_op.create_index(
            "ix_agent_call_usage", ["tenant_id", "status", "is_billable", "at"], unique=False
        )

    op.create_table(
        "call_counter",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_call_counter_tenant_id_tenant")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "period", name=op.f("pk_call_counter")),
    )
    op.create_table(
        "lead",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.String(length=128), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_lead_tenant_id_tenant")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead")),
        sa.UniqueConstraint("tenant_id", "external_id", name=op.f("uq_lead_tenant_id_external_id")),
    )
    with op.batch_alter_table("lead", schema=None) as batch_op:
        batch_op.create_index(
            "ix_lead_tenant_created", ["tenant_id", "created_at", "id"], unique=False
        )

    op.create_table(
        "lead_model",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("base_points", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_lead_model_tenant_id_tenant")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_model")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("uq_lead_model_tenant_id_key")),
    )
    op.create_table(
        "lead_question",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("text", sa.String(length=500), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_lead_question_tenant_id_tenant")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_question")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("uq_lead_question_tenant_id_key")),
    )
    op.create_table(
        "lead_rule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("model_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("question", sa.String(length=64), nullable=False),
        sa.Column("operator", sa.String(length=32), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"], ["lead_model.id"], name=op.f("fk_lead_rule_model_id_lead_model")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_lead_rule_tenant_id_tenant")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_rule")),
        sa.UniqueConstraint("model_id", "key", name=op.f("uq_lead_rule_model_id_key")),
    )
    op.create_table(
        "lead_score",
        sa.Column("lead_id", sa.Uuid(), nullable=False),
        sa.Column("model_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("grade", sa.String(length=4), nullable=False),
        sa.Column("matched", sa.JSON(), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_lead_score_lead_id_lead")),
        sa.ForeignKeyConstraint(
            ["model_id"], ["lead_model.id"], name=op.f("fk_lead_score_model_id_lead_model")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_lead_score_tenant_id_tenant")
        ),
        sa.PrimaryKeyConstraint("lead_id", "model_id", name=op.f("pk_lead_score")),
    )
    with op.batch_alter_table("billing_run", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_billing_run_programme_period"), type_="unique")
        batch_op.create_unique_constraint(batch_op.f("uq_billing_run_period"), ["period"])
        batch_op.drop_column("programme")


def downgrade() -> None:
    with op.batch_alter_table("billing_run", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("programme", sa.String(), nullable=False, server_default="vendor")
        )
        batch_op.drop_constraint(batch_op.f("uq_billing_run_period"), type_="unique")
        batch_op.create_unique_constraint(
            batch_op.f("uq_billing_run_programme_period"), ["programme", "period"]
        )

    op.drop_table("lead_score")
    op.drop_table("lead_rule")
    op.drop_table("lead_question")
    op.drop_table("lead_model")
    with op.batch_alter_table("lead", schema=None) as batch_op:
        batch_op.drop_index("ix_lead_tenant_created")

    op.drop_table("lead")
    op.drop_table("call_counter")
    with op.batch_alter_table("agent_call", schema=None) as batch_op:
        batch_op.drop_index("ix_agent_call_usage")
        batch_op.drop_index("ix_agent_call_tenant_at")
        batch_op.drop_index("ix_agent_call_charged")

    op.drop_table("agent_call")
    with op.batch_alter_table("agent", schema=None) as batch_op:
        batch_op.drop_index("ix_agent_tier")

    op.drop_table("agent")
