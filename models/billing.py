"""Monthly runs: one row a month, one row a tenant in it."""

import datetime as dt
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from app.core.ids import new_id
from app.rules.statuses import RunStatus
from models.base import Table, UtcDateTime, text_enum


class BillingRun(Table, table=True):
    """The billing of one month of everybody who is invoiced by the month; a second start finds it."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    period: str = Field(max_length=7, unique=True)
    status: RunStatus = Field(default=RunStatus.PENDING, sa_type=text_enum(RunStatus))
    started_at: dt.datetime = Field(sa_type=UtcDateTime)
    finished_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)


class BillingPeriod(Table, table=True):
    """One tenant's month: how far its billing came, and why it stopped."""

    __table_args__ = (
        UniqueConstraint("tenant_id", "period"),
        Index("ix_billing_period_run_status", "run_id", "status"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    run_id: UUID = Field(foreign_key="billing_run.id")
    tenant_id: UUID = Field(foreign_key="tenant.id")
    period: str = Field(max_length=7)
    status: RunStatus = Field(default=RunStatus.PENDING, sa_type=text_enum(RunStatus))
    step: str = Field(default="", description="The last step that finished.")
    attempts: int = 0
    error: str = ""
    invoice_id: UUID | None = Field(default=None, foreign_key="invoice.id")
    payout_id: UUID | None = Field(default=None, foreign_key="payout.id")
    carried_micros: int = Field(default=0, description="A sub-minor remainder for the next month.")
    currency: str = Field(default="USD", max_length=3)
    updated_at: dt.datetime = Field(sa_type=UtcDateTime)
    retry_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
