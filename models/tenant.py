"""Customers of all four programmes: one table, whatever they buy."""

import datetime as dt
from enum import StrEnum
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint
from sqlmodel import Field

from app.core.ids import new_id
from app.rules.statuses import TenantStatus
from models.base import Table, UtcDateTime, text_enum


class Programme(StrEnum):
    """Which of the four kinds of customer a tenant is."""

    VENDOR = "vendor"
    HOSTING = "hosting"
    AGENT = "agent"
    LICENCE = "licence"


class Rail(StrEnum):
    """How a tenant pays: by card on file, or by an invoice sent by mail."""

    CARD = "card"
    INVOICE = "invoice"


class Tenant(Table, table=True):
    """One customer. Everything that belongs to it carries its ``tenant_id``."""

    __table_args__ = (CheckConstraint("length(currency) = 3", name="currency_is_iso"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    programme: Programme = Field(sa_type=text_enum(Programme))
    status: TenantStatus = Field(default=TenantStatus.PENDING, sa_type=text_enum(TenantStatus))
    status_reason: str = ""
    display_name: str = ""
    legal_name: str = ""
    email: str = Field(index=True)
    locale: str = "en"
    country: str = ""
    address: str = ""
    tax_id: str = ""
    tax_rate: str = Field(default="0", description="A decimal fraction as text, e.g. 0.19.")
    is_reverse_charge: bool = False
    rail: Rail | None = Field(default=None, sa_type=text_enum(Rail))
    currency: str = Field(default="USD", max_length=3)
    namespaces_allowed: list[str] = Field(default_factory=lambda: ["travel"], sa_type=JSON)
    policy: dict[str, object] = Field(
        default_factory=dict, sa_type=JSON, description="What the vendor narrowed in the template."
    )
    logo_id: UUID | None = Field(default=None, foreign_key="stored_file.id")
    notes: str = Field(default="", description="For operations only.")
    created_at: dt.datetime = Field(sa_type=UtcDateTime)
    activated_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    first_device_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    branding_done_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
