"""Invoices that a product runtime of its own had made at the provider: none of ours, so none in our books."""

import datetime as dt
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, UniqueConstraint
from sqlmodel import Field

from app.core.ids import new_id
from app.core.money import Money
from models.base import Table, UtcDateTime, text_enum


class RuntimeInvoiceStatus(StrEnum):
    """How far it came; only the provider's word makes it paid."""

    PENDING = "pending"
    OPEN = "open"
    PAID = "paid"


class RuntimeInvoice(Table, table=True):
    """The mapping of S2-66: one invoice a tenant and period, under one key."""

    __table_args__ = (UniqueConstraint("tenant_id", "period"), UniqueConstraint("tenant_id", "key"))

    id: UUID = Field(default_factory=new_id, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenant.id")
    period: str = Field(max_length=7)
    key: str = Field(max_length=200, description="The idempotency key it was asked for under.")
    provider: str = Field(max_length=32)
    provider_ref: str | None = Field(default=None, unique=True)
    amount_micros: int = Field(sa_type=BigInteger)
    currency: str = Field(max_length=3)
    description: str = Field(max_length=500)
    status: RuntimeInvoiceStatus = Field(
        default=RuntimeInvoiceStatus.PENDING, sa_type=text_enum(RuntimeInvoiceStatus)
    )
    hosted_url: str = ""
    created_at: dt.datetime = Field(sa_type=UtcDateTime)

    @property
    def amount(self) -> Money:
        """What it claims."""
        return Money(self.amount_micros, self.currency)
