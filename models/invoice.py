"""Invoices, credit notes and statements: numbered without gaps, frozen when they open."""

import datetime as dt
from enum import StrEnum
from uuid import UUID

from sqlalchemy import JSON, BigInteger, CheckConstraint, Date, Index, UniqueConstraint
from sqlmodel import Field

from app.core.ids import new_id
from app.core.money import Money
from app.rules.statuses import InvoiceStatus
from models.base import Table, UtcDateTime, text_enum


class InvoiceKind(StrEnum):
    """What the document claims."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


class Invoice(Table, table=True):
    """A numbered claim on one tenant; its parties, lines and amounts freeze when it opens."""

    __table_args__ = (
        UniqueConstraint("issuer", "number"),
        UniqueConstraint("business_key"),
        CheckConstraint("length(currency) = 3", name="currency_is_iso"),
        Index("ix_invoice_tenant_created", "tenant_id", "created_at", "id"),
        Index("ix_invoice_status_remind", "status", "remind_at"),
        Index("ix_invoice_status_next", "status", "next_attempt_at"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenant.id")
    business_key: str = Field(description="E.g. vendor:<tenant>:2026-11; one claim per fact.")
    kind: InvoiceKind = Field(default=InvoiceKind.INVOICE, sa_type=text_enum(InvoiceKind))
    status: InvoiceStatus = Field(default=InvoiceStatus.DRAFT, sa_type=text_enum(InvoiceStatus))
    issuer: str = Field(default="turnpike")
    number: str | None = Field(default=None, description="Given in the transaction that opens it.")
    corrects_id: UUID | None = Field(default=None, foreign_key="invoice.id", index=True)
    period_start: dt.datetime = Field(sa_type=UtcDateTime)
    period_end: dt.datetime = Field(sa_type=UtcDateTime)
    currency: str = Field(max_length=3)
    subtotal_micros: int = Field(default=0, sa_type=BigInteger)
    tax_micros: int = Field(default=0, sa_type=BigInteger)
    carried_in_micros: int = Field(default=0, sa_type=BigInteger)
    carried_out_micros: int = Field(default=0, sa_type=BigInteger)
    total_micros: int = Field(default=0, sa_type=BigInteger)
    paid_micros: int = Field(default=0, sa_type=BigInteger)
    credited_micros: int = Field(default=0, sa_type=BigInteger)
    returned_micros: int = Field(
        default=0, sa_type=BigInteger, description="Of what was paid: refunded or charged back."
    )
    tax_rate: str = "0"
    is_reverse_charge: bool = False
    seller: dict[str, object] = Field(default_factory=dict, sa_type=JSON)
    buyer: dict[str, object] = Field(default_factory=dict, sa_type=JSON)
    locale: str = "en"
    rail: str = Field(default="", description="card or invoice, as it was when it opened.")
    provider_ref: str | None = Field(default=None, unique=True)
    pay_token_hash: str | None = Field(default=None, unique=True)
    pdf_id: UUID | None = Field(default=None, foreign_key="stored_file.id")
    failures: int = Field(default=0, description="Failed charges so far; dunning counts them.")
    next_attempt_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    reminded: int = Field(default=0, description="How many kinds of reminders are behind us.")
    remind_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    copies: int = Field(default=0, description="How often the provider's copy was replaced.")
    created_at: dt.datetime = Field(sa_type=UtcDateTime)
    opened_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    issued_on: dt.date | None = Field(default=None, sa_type=Date)
    due_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    paid_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)

    @property
    def total(self) -> Money:
        """What was claimed when it opened, as one value."""
        return Money(self.total_micros, self.currency)

    @property
    def outstanding(self) -> Money:
        """What is still to be paid; below zero where we hold more than we may claim."""
        held = self.paid_micros - self.returned_micros
        return Money(self.total_micros - self.credited_micros - held, self.currency)


class InvoiceLine(Table, table=True):
    """One frozen line; ``basis`` names the price contract and the counting rule behind it."""

    __table_args__ = (UniqueConstraint("invoice_id", "position"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    invoice_id: UUID = Field(foreign_key="invoice.id", index=True)
    tenant_id: UUID = Field(foreign_key="tenant.id")
    position: int
    kind: str
    description: str
    quantity: str = Field(description="A decimal as text.")
    unit_price_micros: int = Field(sa_type=BigInteger)
    amount_micros: int = Field(sa_type=BigInteger)
    currency: str = Field(max_length=3)
    basis: dict[str, object] = Field(default_factory=dict, sa_type=JSON)


class InvoiceDevice(Table, table=True):
    """A device that an invoice counted, and the activity that made it count."""

    invoice_id: UUID = Field(primary_key=True, foreign_key="invoice.id")
    device_pk: UUID = Field(primary_key=True, foreign_key="device.id")
    tenant_id: UUID = Field(foreign_key="tenant.id")
    device_id: str
    user_omni: str
    events: int
    last_day: dt.date = Field(sa_type=Date)


class NumberSeries(Table, table=True):
    """The last number given in a series; its row lock keeps the series gapless."""

    issuer: str = Field(primary_key=True)
    series: str = Field(primary_key=True)
    last: int = 0
