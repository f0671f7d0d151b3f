"""Payments that a customer's bank took back until it decides."""

import datetime as dt
from uuid import UUID

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlmodel import Field

from app.core.ids import new_id
from app.core.money import Money
from app.rules.statuses import DisputeStatus
from models.base import Table, UtcDateTime, text_enum


class Dispute(Table, table=True):
    """One dispute: unique at the provider, traced to the payment and invoice it touches."""

    __table_args__ = (
        UniqueConstraint("provider", "provider_ref"),
        Index("ix_dispute_status", "status", "respond_by"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenant.id", index=True)
    payment_id: UUID = Field(foreign_key="payment.id", index=True)
    invoice_id: UUID | None = Field(default=None, foreign_key="invoice.id")
    status: DisputeStatus = Field(default=DisputeStatus.OPEN, sa_type=text_enum(DisputeStatus))
    provider: str
    provider_ref: str
    amount_micros: int = Field(sa_type=BigInteger)
    currency: str = Field(max_length=3)
    reason: str = Field(default="", description="The bank's, in the provider's word.")
    respond_by: dt.datetime | None = Field(
        default=None, sa_type=UtcDateTime, description="Wall time, since the bank judges it."
    )
    opened_at: dt.datetime = Field(sa_type=UtcDateTime)
    closed_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)

    @property
    def amount(self) -> Money:
        """The amount, as one value."""
        return Money(self.amount_micros, self.currency)
