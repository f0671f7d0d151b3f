"""What must be in order before a vendor may register devices."""

from __future__ import annotations

from sqlmodel import col, select

from app.core.errors import DomainError
from app.rules import dunning, onboarding
from app.rules.statuses import InvoiceStatus, PaymentMethodStatus
from app.services import agreements
from app.services.context import Context
from models.invoice import Invoice
from models.payment import PaymentMethod
from models.tenant import Tenant


async def check(ctx: Context, *, device_id: str, user_omni: str) -> Tenant:
    """Return the acting tenant if it may register devices.

    Raises what ``rules.onboarding.can_register`` raises; the refusal is audited for good.
    """
    tenant = await ctx.db.get_one(Tenant, ctx.tenant_id)
    try:
        onboarding.can_register(
            tenant_status=tenant.status,
            payment_connected=await _is_connected(ctx),
            terms_accepted=tenant.activated_at is not None
            or await agreements.has_accepted(ctx, tenant.id),
            is_blocked_unpaid=await _is_blocked(ctx),
        )
    except DomainError as error:
        ctx.audit_refusal(
            "device.register_refused",
            subject=("device", device_id),
            body={"reason": error.reason, "device_id": device_id, "user_omni": user_omni},
        )
        raise
    return tenant


async def _is_connected(ctx: Context) -> bool:
    found = await ctx.db.scalar(
        select(PaymentMethod.id)
        .where(
            col(PaymentMethod.tenant_id) == ctx.tenant_id,
            col(PaymentMethod.status) == PaymentMethodStatus.CONNECTED,
        )
        .limit(1)
    )
    return found is not None


async def _is_blocked(ctx: Context) -> bool:
    unpaid = await ctx.db.execute(
        select(Invoice.opened_at, Invoice.due_at).where(
            col(Invoice.tenant_id) == ctx.tenant_id,
            col(Invoice.status) == InvoiceStatus.OPEN,
            col(Invoice.opened_at) <= ctx.now() - dunning.GRACE,
        )
    )
    return any(
        dunning.blocks_registration(opened, due or opened, ctx.now())
        for opened, due in unpaid
        if opened is not None
    )
