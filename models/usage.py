"""What was used: raw events as they came, and the per-day figures folded from them."""

import datetime as dt
from uuid import UUID

from sqlalchemy import BigInteger, Date, Index, Integer, Text, UniqueConstraint
from sqlmodel import Field

from app.core.ids import new_id
from models.base import Table, UtcDateTime


class UsageEvent(Table, table=True):
    """An event exactly as the platform sent it; durable before it is acknowledged.

    ``seq`` grows with every insert and is the fold's position. ``data`` is canonical JSON, so that
    a repeated event can be told from another one under the same id.
    """

    __table_args__ = (UniqueConstraint("source_id", "event_id"),)

    seq: int | None = Field(
        default=None,
        primary_key=True,
        sa_type=BigInteger().with_variant(Integer, "sqlite"),  # type: ignore[arg-type]
    )
    source_id: UUID = Field(description="The platform token it came by.")
    event_id: str = Field(max_length=255)
    type: str = Field(max_length=64)
    occurred_at: dt.datetime = Field(sa_type=UtcDateTime)
    data: str = Field(sa_type=Text)
    received_at: dt.datetime = Field(sa_type=UtcDateTime)


class UsageFold(Table, table=True):
    """How far the fold of one stream has come; its row lock makes the fold single."""

    stream: str = Field(primary_key=True)
    position: int = Field(default=0, sa_type=BigInteger)
    folded_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)


class DeviceDay(Table, table=True):
    """How many authority events one device had on one UTC day."""

    __table_args__ = (Index("ix_device_day_tenant_day", "tenant_id", "day", "device_pk"),)

    device_pk: UUID = Field(primary_key=True, foreign_key="device.id")
    day: dt.date = Field(primary_key=True, sa_type=Date)
    tenant_id: UUID = Field(foreign_key="tenant.id")
    events: int
    first_at: dt.datetime = Field(sa_type=UtcDateTime)
    last_at: dt.datetime = Field(sa_type=UtcDateTime)


class UnmatchedEvent(Table, table=True):
    """An event whose actor or user nobody registered: kept and shown, never lost."""

    seq: int = Field(primary_key=True, sa_type=BigInteger)
    reason: str
    noted_at: dt.datetime = Field(sa_type=UtcDateTime)


class ProPayment(Table, table=True):
    """A consumer's Pro payment or its refund, with the share of the vendor that acquired them."""

    __table_args__ = (
        UniqueConstraint("source_id", "event_id"),
        Index("ix_pro_payment_tenant_at", "tenant_id", "occurred_at", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    source_id: UUID
    event_id: str = Field(max_length=255)
    tenant_id: UUID | None = Field(default=None, foreign_key="tenant.id")
    kind: str = Field(max_length=16, description="paid or refunded")
    subscription_ref: str
    user_omni: str = Field(max_length=64)
    refunds_id: UUID | None = Field(default=None, foreign_key="pro_payment.id", index=True)
    gross_micros: int = Field(sa_type=BigInteger, description="Negative for a refund.")
    share_micros: int = Field(sa_type=BigInteger, description="Negative for a refund.")
    currency: str = Field(max_length=3)
    occurred_at: dt.datetime = Field(sa_type=UtcDateTime)
    payout_id: UUID | None = Field(default=None, foreign_key="payout.id", index=True)
