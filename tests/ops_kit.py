"""What tests about operations need: one row of each kind that they look at and act on."""

from __future__ import annotations

from typing import Any

from sqlmodel import select

from app.core.ids import new_id
from app.rules.statuses import PaymentStatus, PayoutStatus, RunStatus
from app.services import outbox
from app.services.context import Context
from models.audit import AuditEvent
from models.billing import BillingPeriod, BillingRun
from models.exchange import InboxEvent, OutboxItem, OutboxKind
from models.payment import Payment, Payout
from models.tenant import Tenant


async def _kept(ctx: Context, row: Any) -> Any:
    ctx.db.add(row)
    await ctx.db.flush()
    return row


async def make_event(ctx: Context, **columns: object) -> InboxEvent:
    """A notification that nobody has handled yet."""
    given: dict[str, Any] = {
        "provider": "stripe",
        "event_id": f"evt_{new_id().hex}",
        "kind": "payment.succeeded",
        "subject_ref": "pi_1",
        "body": b'{"id": "evt_1"}',
        "occurred_at": ctx.now(),
        "received_at": ctx.now(),
    }
    return await _kept(ctx, InboxEvent(**given | columns))


async def make_mail(ctx: Context, **params: str) -> OutboxItem:
    """A mail that waits."""
    key = f"test/{new_id()}"
    await outbox.mail(
        ctx,
        "vendor_activated",
        to="owner@acme.example.com",
        key=key,
        params={"tenant": "Acme Toys", "url": "/vendor/onboarding", **params},
    )
    found = await ctx.db.scalars(select(OutboxItem).where(OutboxItem.business_key == key))
    return found.one()


async def make_job(ctx: Context, **columns: object) -> OutboxItem:
    """A job that waits."""
    given: dict[str, Any] = {
        "kind": OutboxKind.JOB,
        "business_key": f"pay_out:{new_id()}",
        "name": "pay_out",
        "created_at": ctx.now(),
        "next_at": ctx.now(),
    }
    return await _kept(ctx, OutboxItem(**given | columns))


async def make_payment(ctx: Context, vendor: Tenant, **columns: object) -> Payment:
    """A payment of $25.00 by card that arrived."""
    given: dict[str, Any] = {
        "tenant_id": vendor.id,
        "status": PaymentStatus.SUCCEEDED,
        "provider": "stripe",
        "provider_ref": "pi_1",
        "amount_micros": 25_000_000,
        "currency": "USD",
        "method_label": "Visa ending 4242",
        "created_at": ctx.now(),
    }
    return await _kept(ctx, Payment(**given | columns))


async def make_payout(ctx: Context, vendor: Tenant, **columns: object) -> Payout:
    """A payout of $30.00 that is held for want of an account."""
    given: dict[str, Any] = {
        "tenant_id": vendor.id,
        "period": "2026-10",
        "status": PayoutStatus.HELD,
        "amount_micros": 30_000_000,
        "gross_micros": 100_000_000,
        "currency": "USD",
        "failure": "no payout account",
        "created_at": ctx.now(),
    }
    return await _kept(ctx, Payout(**given | columns))


async def make_failed_month(ctx: Context, vendor: Tenant) -> BillingPeriod:
    """A vendor's October that stopped after its devices were counted."""
    run: BillingRun = await _kept(
        ctx,
        BillingRun(period="2026-10", status=RunStatus.RUNNING, started_at=ctx.now()),
    )
    return await _kept(
        ctx,
        BillingPeriod(
            run_id=run.id,
            tenant_id=vendor.id,
            period="2026-10",
            status=RunStatus.FAILED,
            step="counted",
            error="down",
            attempts=1,
            updated_at=ctx.now(),
        ),
    )


async def audited(ctx: Context, kind: str) -> list[dict[str, Any]]:
    """The facts of every act of one kind."""
    await ctx.db.flush()
    rows = await ctx.db.scalars(select(AuditEvent).where(AuditEvent.kind == kind))
    return [row.body for row in rows]
