"""Usage per device and day: what activity, invoices and figures are counted from."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import col

from app.services.context import Context
from models.device import Device
from models.usage import DeviceDay


@dataclass(frozen=True, slots=True)
class ActiveDevice:
    """A device that counts, and the activity within the window that makes it count."""

    device_pk: UUID
    device_id: str
    user_omni: str
    events: int
    last_day: dt.date


async def active_devices(
    ctx: Context, tenant_id: UUID, start: dt.date, end: dt.date
) -> list[ActiveDevice]:
    """Return the devices with an authority event on the days ``[start, end)``, by device id.

    A device that was released since still counts for what it did before.
    """
    _only(ctx, tenant_id)
    rows = await ctx.db.execute(
        select(
            col(Device.id),
            col(Device.device_id),
            col(Device.user_omni),
            func.sum(DeviceDay.events),
            func.max(DeviceDay.day),
        )
        .join(Device, col(Device.id) == DeviceDay.device_pk)
        .where(
            col(DeviceDay.tenant_id) == tenant_id,
            col(DeviceDay.day) >= start,
            col(DeviceDay.day) < end,
        )
        .group_by(col(Device.id), col(Device.device_id), col(Device.user_omni))
        .order_by(col(Device.device_id), col(Device.user_omni))
    )
    return [ActiveDevice(*row) for row in rows]


async def count_active(ctx: Context, tenant_id: UUID, start: dt.date, end: dt.date) -> int:
    """Return how many devices had an authority event on the days ``[start, end)``."""
    _only(ctx, tenant_id)
    counted = await ctx.db.scalar(
        select(func.count(func.distinct(DeviceDay.device_pk))).where(
            col(DeviceDay.tenant_id) == tenant_id,
            col(DeviceDay.day) >= start,
            col(DeviceDay.day) < end,
        )
    )
    return counted or 0


async def monthly_active_users(ctx: Context, tenant_id: UUID, start: dt.date, end: dt.date) -> int:
    """Return how many users stand behind the devices that count on the days ``[start, end)``."""
    _only(ctx, tenant_id)
    counted = await ctx.db.scalar(
        select(func.count(func.distinct(Device.user_omni)))
        .join(DeviceDay, col(DeviceDay.device_pk) == Device.id)
        .where(
            col(DeviceDay.tenant_id) == tenant_id,
            col(DeviceDay.day) >= start,
            col(DeviceDay.day) < end,
        )
    )
    return counted or 0


def _only(ctx: Context, tenant_id: UUID) -> None:
    """Let tenants count their own, operations and the system anybody's."""
    if ctx.actor.tenant_id != tenant_id:
        ctx.require_ops()
