"""Everybody's devices, for operations."""

from __future__ import annotations

from typing import Any, Final

from sqlmodel import col, select

from app.rules.statuses import DeviceStatus
from app.services.context import Context
from app.services.device_lists import has_status
from app.services.ops_lists import Listed, Search, as_they_are, found, of_tenant
from models.device import Device


def _matching(ctx: Context, search: Search) -> Any:
    wanted = search.q.strip().lower().removeprefix("0x")
    query = select(Device).where(
        *of_tenant(Device, search),
        *found(wanted, Device.device_id, Device.user_omni, Device.actor_omni),
    )
    if search.status:
        query = query.where(has_status(DeviceStatus(search.status), ctx.now()))
    return query


DEVICES: Final[Listed[Device]] = Listed(
    "devices",
    _matching,
    as_they_are,
    {
        "registered_at": col(Device.registered_at),
        "last_active_at": col(Device.last_active_at),
        "device_id": col(Device.device_id),
    },
    col(Device.id),
    tuple(DeviceStatus),
)
