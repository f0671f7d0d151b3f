"""The shortest way to a device that is registered already: what SDKs ask for at every start."""

from __future__ import annotations

from typing import Final

from app.rules import dunning
from app.rules.statuses import InvoiceStatus, PaymentMethodStatus, TenantStatus
from app.services.context import Context
from models.device import Device, DeviceBinding

_DEVICE: Final = tuple(Device.model_fields)
_BINDING: Final = tuple(DeviceBinding.model_fields)
_COLUMNS: Final = ", ".join([f"d.{name}" for name in _DEVICE] + [f"b.{name}" for name in _BINDING])
# Says yes only where nothing at all could refuse; every doubt is left to the ordinary way.
_RECALL: Final = f"""
SELECT {_COLUMNS}
FROM tenant t
JOIN device d ON d.tenant_id = t.id AND d.device_id = %s AND d.user_omni = %s
JOIN device_binding b ON b.device_pk = d.id AND b.generation = d.generation
WHERE t.id = %s AND t.status = %s AND t.activated_at IS NOT NULL
  AND EXISTS (SELECT 1 FROM payment_method p WHERE p.tenant_id = t.id AND p.status = %s)
  AND NOT EXISTS (
    SELECT 1 FROM invoice i WHERE i.tenant_id = t.id AND i.status = %s AND i.opened_at <= %s
  )
"""  # noqa: S608 - put together from the models' own column names


async def recall(
    ctx: Context, device_id: str, user_omni: str
) -> tuple[Device, DeviceBinding] | None:
    """Return a device of a vendor that is in order, by one statement where the database allows it.

    None says nothing: the device may be new, or the vendor not in order.
    """
    if ctx.express is None:
        return None
    params = (
        device_id,
        user_omni,
        ctx.tenant_id,
        TenantStatus.ACTIVE.value,
        PaymentMethodStatus.CONNECTED.value,
        InvoiceStatus.OPEN.value,
        ctx.now() - dunning.GRACE,
    )
    rows = await ctx.express.run(_RECALL, params)
    if not rows:
        return None
    device = Device(**dict(zip(_DEVICE, rows[0], strict=False)))
    binding = DeviceBinding(**dict(zip(_BINDING, rows[0][len(_DEVICE) :], strict=True)))
    return device, binding
