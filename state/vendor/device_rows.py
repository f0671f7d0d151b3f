"""Devices in the words of the list and of the drawer."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from app.rules.activity import device_status
from app.services.devices import Registered
from models.device import Device, DeviceBinding
from state.moments import moment


@dataclass(frozen=True)
class DeviceRow:
    """One device in the list."""

    id: str
    device_id: str
    user: str
    actor: str
    status: str
    registered: str
    registered_exact: str
    active: str
    active_exact: str
    is_released: bool


@dataclass(frozen=True)
class BindingRow:
    """One generation a device was bound in."""

    id: str
    generation: str
    actor: str
    since: str
    since_exact: str
    state: str


@dataclass(frozen=True)
class DeviceDetail:
    """One device in its drawer."""

    id: str = ""
    device_id: str = ""
    user: str = ""
    actor: str = ""
    generation: int = 0
    status: str = ""
    registered: str = ""
    active: str = ""
    released: str = ""
    receipt: str = ""
    verify: str = ""
    namespaces: str = ""


def to_row(device: Device, now: dt.datetime, locale: str) -> DeviceRow:
    """Say a device in the words of the list."""
    registered = moment(device.registered_at, now, locale)
    active = moment(device.last_active_at, now, locale)
    return DeviceRow(
        id=str(device.id),
        device_id=device.device_id,
        user=device.user_omni,
        actor=device.actor_omni,
        status=device_status(device.last_active_at, device.released_at, now).value,
        registered=registered.text,
        registered_exact=registered.exact,
        active=active.text,
        active_exact=active.exact,
        is_released=device.released_at is not None,
    )


def to_detail(found: Registered, now: dt.datetime, locale: str, site: str) -> DeviceDetail:
    """Say a device with its binding in the words of the drawer."""
    device, binding = found.device, found.binding
    released = device.released_at
    allowed = binding.policy_template.get("namespaces_allowed")
    return DeviceDetail(
        id=str(device.id),
        device_id=device.device_id,
        user=device.user_omni,
        actor=device.actor_omni,
        generation=device.generation,
        status=device_status(device.last_active_at, released, now).value,
        registered=moment(device.registered_at, now, locale).exact,
        active=moment(device.last_active_at, now, locale).exact or "Never",
        released=moment(released, now, locale).exact if released else "",
        receipt=binding.receipt,
        verify=f"turnpike-vendor verify-receipt - --url {site} --vendor-id {device.tenant_id}",
        namespaces=", ".join(map(str, allowed)) if isinstance(allowed, list) else "",
    )


def to_binding(row: DeviceBinding, now: dt.datetime, locale: str) -> BindingRow:
    """Say one generation of a device's actor."""
    bound = moment(row.bound_at, now, locale)
    return BindingRow(
        id=str(row.id),
        generation=str(row.generation),
        actor=row.actor_omni,
        since=bound.text,
        since_exact=bound.exact,
        state="active" if row.superseded_at is None else "superseded",
    )
