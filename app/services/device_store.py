"""Registrations by single statements, where the database allows it: one to read, one to write."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.rules import dunning
from app.rules.statuses import InvoiceStatus, PaymentMethodStatus, TenantStatus
from app.services.context import Context
from models.audit import AuditEvent
from models.device import Device, DeviceBinding

_DEVICE: Final = tuple(Device.model_fields)
_BINDING: Final = tuple(DeviceBinding.model_fields)
_AUDIT: Final = tuple(AuditEvent.model_fields)


def _named(table: str, columns: Sequence[str]) -> str:
    return ", ".join(f"{table}.{name}" for name in columns)


def _marks(columns: Sequence[str], documents: Sequence[str] = ()) -> str:
    return ", ".join("%s::json" if name in documents else "%s" for name in columns)


# Says yes only where nothing at all could refuse; every doubt is left to the ordinary way.
_IN_ORDER: Final = """
t.id = %s AND t.status = %s AND t.activated_at IS NOT NULL
  AND EXISTS (SELECT 1 FROM payment_method p WHERE p.tenant_id = t.id AND p.status = %s)
  AND NOT EXISTS (
    SELECT 1 FROM invoice i WHERE i.tenant_id = t.id AND i.status = %s AND i.opened_at <= %s
  )
"""
_RECALL: Final = f"""
SELECT t.policy, t.namespaces_allowed, {_named("d", _DEVICE)}, {_named("b", _BINDING)}
FROM tenant t
LEFT JOIN device d ON d.tenant_id = t.id AND d.device_id = %s AND d.user_omni = %s
LEFT JOIN device_binding b ON b.device_pk = d.id AND b.generation = d.generation
WHERE {_IN_ORDER}
"""  # noqa: S608 - put together from constants and the models' own column names
_INSERT: Final = f"""
WITH made AS (
  INSERT INTO device ({", ".join(_DEVICE)})
  SELECT {_marks(_DEVICE)} FROM tenant t WHERE {_IN_ORDER}
  ON CONFLICT DO NOTHING
  RETURNING id, tenant_id, user_omni, registered_at
), bound AS (
  INSERT INTO device_binding ({", ".join(_BINDING)})
  SELECT {_marks(_BINDING, ("policy_template",))} FROM made
), acquired AS (
  INSERT INTO acquisition (user_omni, tenant_id, device_pk, acquired_at)
  SELECT user_omni, tenant_id, id, registered_at FROM made
  ON CONFLICT (user_omni) DO NOTHING
), noted AS (
  INSERT INTO audit_event ({", ".join(_AUDIT)})
  SELECT {_marks(_AUDIT, ("body",))} FROM made
), first AS (
  UPDATE tenant SET first_device_at = made.registered_at FROM made
  WHERE tenant.id = made.tenant_id AND first_device_at IS NULL
)
SELECT count(*) FROM made
"""  # noqa: S608 - put together from constants and the models' own column names


@dataclass(frozen=True, slots=True)
class Found:
    """What a vendor in order has under a triple; nothing, for a new one."""

    policy: Mapping[str, Any]
    namespaces_allowed: Sequence[str]
    device: Device | None
    binding: DeviceBinding | None


async def recall(ctx: Context, device_id: str, user_omni: str) -> Found | None:
    """Return what there is of a triple; None when the vendor is not in order, or cannot be asked so."""
    if ctx.express is None:
        return None
    rows = await ctx.express.run(_RECALL, (device_id, user_omni, *_in_order(ctx)))
    if not rows:
        return None
    policy, namespaces, *rest = rows[0]
    ends = len(_DEVICE)
    if rest[0] is None or rest[ends] is None:
        return Found(policy, namespaces, None, None)
    device = Device(**dict(zip(_DEVICE, rest[:ends], strict=True)))
    return Found(
        policy, namespaces, device, DeviceBinding(**dict(zip(_BINDING, rest[ends:], strict=True)))
    )


async def insert(ctx: Context, device: Device, binding: DeviceBinding, note: AuditEvent) -> bool:
    """Store a new device with all that goes with it; False when another call was faster."""
    assert ctx.express is not None  # noqa: S101 - recall asked
    params = (
        *_values(device, _DEVICE),
        *_in_order(ctx),
        *_values(binding, _BINDING),
        *_values(note, _AUDIT),
    )
    return (await ctx.express.run(_INSERT, params))[0][0] == 1


def _in_order(ctx: Context) -> tuple[Any, ...]:
    return (
        ctx.tenant_id,
        TenantStatus.ACTIVE.value,
        PaymentMethodStatus.CONNECTED.value,
        InvoiceStatus.OPEN.value,
        ctx.now() - dunning.GRACE,
    )


def _values(row: object, columns: Sequence[str]) -> list[Any]:
    values = (getattr(row, name) for name in columns)
    return [json.dumps(value) if isinstance(value, dict) else value for value in values]
