"""Closing an account: nothing new can begin, what was used is still invoiced."""

from __future__ import annotations

from sqlalchemy import update
from sqlmodel import col

from app.core.errors import ConflictError
from app.rules.statuses import InvoiceStatus, TenantStatus, move
from app.services import notices, onboarding, passwords, people
from app.services.context import Context
from models.credential import Credential, CredentialKind
from models.invoice import Invoice


async def close_account(ctx: Context, password: str) -> None:
    """Close the acting vendor's account for good.

    Its tokens and its owner's other sessions end at once; a mail says so. The running month is invoiced as ever,
    and the owner can go on reading. Raises ``ForbiddenError`` ``wrong_password`` and
    ``ConflictError`` ``invoices_open`` while something is to be paid.
    """
    person = await passwords.prove(ctx, await people.me(ctx), password)
    tenant = await onboarding.own_tenant(ctx, lock=True)
    owing = await ctx.db.scalar(
        ctx.mine(Invoice)
        .where(col(Invoice.status).in_([InvoiceStatus.OPEN, InvoiceStatus.DISPUTED]))
        .limit(1)
    )
    if owing is not None:
        raise ConflictError(
            "Please settle what is open first: an invoice is unpaid or disputed.",
            reason="invoices_open",
        )
    tenant.status = move(tenant.status, TenantStatus.CLOSED)
    tenant.closed_at = ctx.now()
    await ctx.db.execute(
        update(Credential)
        .where(
            col(Credential.tenant_id) == tenant.id,
            col(Credential.kind) == CredentialKind.VENDOR_TOKEN,
            col(Credential.revoked_at).is_(None),
        )
        .values(revoked_at=ctx.now())
    )
    await passwords.end_sessions(ctx, person, but_this=True)
    ctx.audit("vendor.closed", subject=("tenant", tenant.id))
    await notices.to_vendor(
        ctx,
        "tenant_closed",
        tenant,
        key=f"tenant_closed/{tenant.id}",
        tenant=tenant.display_name,
        at=ctx.now(),
        url="/vendor",
    )
