"""Looks at the provider's copies of a month's invoices, and what did not agree."""

import datetime as dt
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from app.core.ids import new_id
from app.rules.reconciliation import Difference
from app.rules.statuses import RunStatus
from models.base import Table, UtcDateTime, text_enum


class Reconciliation(Table, table=True):
    """One look at all invoices of a month; ``last_invoice_id`` is where it goes on."""

    __table_args__ = (Index("ix_reconciliation_period", "period", "started_at"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    period: str = Field(max_length=7)
    status: RunStatus = Field(default=RunStatus.RUNNING, sa_type=text_enum(RunStatus))
    checked: int = 0
    last_invoice_id: UUID | None = None
    started_at: dt.datetime = Field(sa_type=UtcDateTime)
    finished_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)


class ReconciliationFinding(Table, table=True):
    """An invoice that does not agree with the provider's copy, as it was when last looked at."""

    __table_args__ = (Index("ix_reconciliation_finding_period", "period", "found_at"),)

    invoice_id: UUID = Field(primary_key=True, foreign_key="invoice.id")
    tenant_id: UUID = Field(foreign_key="tenant.id", index=True)
    period: str = Field(max_length=7)
    difference: Difference = Field(sa_type=text_enum(Difference))
    ours: str = Field(max_length=120, description="Status and amount, as we have them.")
    theirs: str = Field(
        max_length=300, description="The same as the provider says, or its refusal."
    )
    provider_ref: str = Field(default="")
    found_at: dt.datetime = Field(sa_type=UtcDateTime, description="When it was first found.")
    seen_at: dt.datetime = Field(sa_type=UtcDateTime, description="When it was found last.")
