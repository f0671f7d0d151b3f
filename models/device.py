"""Devices of vendors, the actors they are bound to, and who acquired which user."""

import datetime as dt
from uuid import UUID

from sqlalchemy import JSON, Index, Text, UniqueConstraint
from sqlmodel import Field

from app.core.ids import new_id
from models.base import Table, UtcDateTime


class Device(Table, table=True):
    """One permanent row a (vendor, device id, user) triple; its actor changes only by re-key."""

    __table_args__ = (
        UniqueConstraint("tenant_id", "device_id", "user_omni"),
        Index("ix_device_tenant_registered", "tenant_id", "registered_at", "id"),
        Index("ix_device_tenant_active", "tenant_id", "last_active_at", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenant.id")
    device_id: str = Field(max_length=128)
    user_omni: str = Field(max_length=64)
    actor_omni: str = Field(max_length=64, unique=True)
    generation: int = 0
    registered_at: dt.datetime = Field(sa_type=UtcDateTime)
    last_active_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    released_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)


class DeviceBinding(Table, table=True):
    """One generation of a device's actor with its receipt, kept for ever.

    ``id`` is the receipt's ``jti``; events name ``actor_omni`` and find the device here.
    """

    id: UUID = Field(default_factory=new_id, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenant.id")
    device_pk: UUID = Field(foreign_key="device.id", index=True)
    actor_omni: str = Field(max_length=64, unique=True)
    generation: int
    receipt: str = Field(sa_type=Text)
    policy_template: dict[str, object] = Field(sa_type=JSON)
    bound_at: dt.datetime = Field(sa_type=UtcDateTime)
    superseded_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)


class Acquisition(Table, table=True):
    """The vendor of record that brought a user: the first to register a device of theirs."""

    user_omni: str = Field(primary_key=True, max_length=64)
    tenant_id: UUID = Field(foreign_key="tenant.id", index=True)
    device_pk: UUID = Field(foreign_key="device.id")
    acquired_at: dt.datetime = Field(sa_type=UtcDateTime)
