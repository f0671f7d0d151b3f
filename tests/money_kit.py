"""What tests about money need: invoices opened for real, notifications stored and handled, jobs run."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from app.core.clock import FixedClock, wall_now
from app.core.ids import new_id
from app.core.money import Money
from app.rules.invoicing import LineKind, line
from app.rules.periods import BillingMonth
from app.services import (
    billing,
    billing_batches,
    billing_runs,
    charges,
    copies,
    delivery,
    inbox,
    ledger,
    opening,
    payments,
    payouts,
    reconciliation,
    refunds,
)
from app.services.context import Context
from app.services.opening import Draft, DraftLine
from app.services.ports import EventKind, ProviderEvent
from models.device import Device
from models.exchange import InboxEvent, OutboxItem, OutboxKind, OutboxStatus
from models.invoice import Invoice
from models.ledger import AccountKind
from models.tenant import Tenant
from models.usage import DeviceDay
from tests.factories import USER, make_device

NOVEMBER = BillingMonth(2026, 11)


def usd(text: str) -> Money:
    return Money.of(text, "USD")


def wire(amount: Money) -> dict[str, str]:
    """An amount the way notifications carry it."""
    return {"amount": amount.text(), "currency": amount.currency}


async def make_invoice(
    ctx: Context, tenant: Tenant, units: int = 10, price: str = "2.50", *, pushed: bool = True
) -> Invoice:
    """Open an invoice over some devices, with the provider's copy where the tenant pays by card."""
    invoice = opening.draft(
        ctx, tenant, NOVEMBER, business_key=f"test:{new_id()}", currency=tenant.currency
    )
    await ctx.db.flush()
    charged = line(LineKind.DEVICES, "line.active_devices", units, Money.of(price, tenant.currency))
    await opening.open_drafts(ctx, [Draft(invoice, tenant, [DraftLine(charged, "Active devices")])])
    if pushed:
        await copies.push(ctx, invoice.id)
    return await fresh(ctx, invoice)


async def fresh(ctx: Context, row: Any) -> Any:
    """The row as the database has it now."""
    await ctx.db.flush()
    return await ctx.db.get_one(type(row), row.id, populate_existing=True)


async def told(
    ctx: Context,
    kind: EventKind,
    *,
    provider: str = "stripe",
    subject: str = "",
    at: dt.datetime | None = None,
    event_id: str = "",
    **facts: Any,
) -> str:
    """Store a notification and handle it; the status it ends with."""
    stored = await inbox.store(
        ctx,
        provider,
        ProviderEvent(event_id or f"evt_{new_id()}", kind, subject, at or wall_now(), facts),
        b"{}",
    )
    if stored is None:
        return "duplicate"
    return await inbox.handle(ctx, stored)


async def again(ctx: Context) -> list[str]:
    """Handle every notification once more, as if its job had been interrupted at the very end."""
    outcomes: list[str] = []
    for event in (await ctx.db.scalars(select(InboxEvent))).all():
        event.status = type(event.status).RECEIVED
        await ctx.db.flush()
        outcomes.append(await inbox.handle(ctx, event.id))
    return outcomes


async def jobs(ctx: Context, name: str = "") -> list[OutboxItem]:
    """Jobs that wait, oldest first."""
    query = select(OutboxItem).where(
        col(OutboxItem.kind) == OutboxKind.JOB, col(OutboxItem.status) == OutboxStatus.QUEUED
    )
    if name:
        query = query.where(col(OutboxItem.name) == name)
    return list(await ctx.db.scalars(query.order_by(col(OutboxItem.id))))


async def mails(ctx: Context, template: str = "") -> list[OutboxItem]:
    """Mails that wait, oldest first."""
    query = select(OutboxItem).where(col(OutboxItem.kind) == OutboxKind.MAIL)
    if template:
        query = query.where(col(OutboxItem.name) == template)
    return list(await ctx.db.scalars(query.order_by(col(OutboxItem.id))))


async def work(ctx: Context, rounds: int = 20) -> list[str]:
    """Do every waiting job that is due, as the worker would; the names done."""
    done: list[str] = []
    for _ in range(rounds):
        waiting = [job for job in await jobs(ctx) if job.next_at <= ctx.now()]
        if not waiting:
            return done
        for job in waiting:
            await do(ctx, job.name, job.payload)
            row = await ctx.db.get_one(OutboxItem, job.id)
            row.status = OutboxStatus.SENT
            await ctx.db.flush()
            done.append(job.name)
    raise AssertionError(f"the work never ends: {done}")


async def do(  # noqa: PLR0912 - one branch a job
    ctx: Context, name: str, payload: dict[str, Any]
) -> None:
    """Do one job."""
    match name:
        case "handle_inbox":
            await inbox.handle(ctx, UUID(payload["inbox_id"]))
        case "reconcile":
            while await reconciliation.look(ctx, UUID(payload["run_id"])) != "done":
                pass
        case "billing_run":
            await billing_runs.start_run(ctx, payload["period"])
        case "open_months":
            await billing_batches.drain(ctx, payload["period"])
            tenant_ids = [UUID(one) for one in payload["tenant_ids"]]
            await billing_batches.open_months(ctx, tenant_ids, payload["period"])
        case "bill_tenant":
            for step in billing.STEPS:
                await step(ctx, UUID(payload["tenant_id"]), payload["period"])
        case "collect_invoice":
            await charges.collect(ctx, UUID(payload["attempt_id"]))
        case "deliver_invoice":
            await delivery.deliver(ctx, UUID(payload["invoice_id"]))
        case "create_customer":
            await payments.ensure_customer(ctx, UUID(payload["tenant"]))
        case "pay_out":
            await payouts.send(ctx, UUID(payload["payout_id"]))
        case "refund":
            await refunds.carry_out(ctx, UUID(payload["refund_id"]))
        case "withdraw_invoice":
            await copies.withdraw(ctx, UUID(payload["invoice_id"]))
        case _:
            raise AssertionError(f"nobody does {name}")


async def balances(ctx: Context, tenant: Tenant, currency: str = "USD") -> dict[str, str]:
    """What the tenant's and the house's accounts hold, the empty ones left out."""
    found: dict[str, str] = {}
    for owner, name in ((str(tenant.id), ""), (ledger.HOUSE, "house ")):
        for kind in AccountKind:
            amount = await ledger.balance(ctx, owner, kind, currency)
            if amount:
                found[f"{name}{kind}"] = amount.text()
    return found


async def used(
    ctx: Context, tenant: Tenant, count: int, *, day: dt.date = dt.date(2026, 11, 15)
) -> list[Device]:
    """Register devices and let each have three authority events on a day."""
    at = dt.datetime.combine(day, dt.time(12), dt.UTC)
    devices: list[Device] = []
    for number in range(count):
        device = await make_device(ctx, tenant, f"SN-{number:04d}", user_omni=USER)
        devices.append(device)
        ctx.db.add(
            DeviceDay(
                device_pk=device.id,
                day=day,
                tenant_id=tenant.id,
                events=3,
                first_at=at,
                last_at=at,
            )
        )
    await ctx.db.flush()
    return devices


def until(clock: FixedClock, at: dt.datetime) -> None:
    """Move the clock forward to an instant."""
    clock.advance(at - clock.now())


async def close_books(ctx: Context) -> None:
    """The books must be in order whatever a test did, and every mail it caused can be written."""
    assert await ledger.check(ctx) == []
    for mail in await mails(ctx):
        for locale in ("en", "zh-CN"):
            ctx.documents.mail(
                mail.name, mail.payload, locale=locale, brand="Turnpike", site_url=ctx.site_url
            )
