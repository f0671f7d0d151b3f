"""What follows an unpaid invoice: charges again, reminders, and in the end no new devices."""

from __future__ import annotations

import datetime as dt
from typing import Final
from uuid import UUID

from sqlmodel import col, select

from app.rules import dunning as rules
from app.rules.dunning import Reminder
from app.rules.statuses import InvoiceStatus
from app.services import charges, notices
from app.services.context import Context
from models.invoice import Invoice, InvoiceKind
from models.tenant import Rail

LOOK_AGAIN: Final = dt.timedelta(hours=1)
"""When to look again at an invoice that is just being paid."""

TEMPLATES: Final = {
    Reminder.DUE_SOON: "payment_due_soon",
    Reminder.OVERDUE: "payment_overdue",
    Reminder.BLOCKED: "registration_blocked",
}


async def run_due(ctx: Context, limit: int = 200) -> int:
    """Do what fell due on unpaid invoices, whatever their rail; returns how much that was.

    Charges whose day has come are started and reminders are mailed, each once; charges without an
    answer are ``charges.resume_due``'s. Called again at once it finds nothing.
    """
    ctx.require_system()
    return await _charge(ctx, limit) + await _remind(ctx, limit)


async def is_blocked(ctx: Context, tenant_id: UUID) -> bool:
    """Tell whether a tenant may register no new devices because an invoice is unpaid."""
    if ctx.actor.tenant_id != tenant_id:
        ctx.require_ops()
    unpaid = await ctx.db.scalars(
        select(Invoice).where(
            col(Invoice.tenant_id) == tenant_id,
            col(Invoice.status) == InvoiceStatus.OPEN,
            col(Invoice.kind) == InvoiceKind.INVOICE,
        )
    )
    return any(
        rules.blocks_registration(invoice.opened_at, invoice.due_at, ctx.now())
        for invoice in unpaid
        if invoice.opened_at and invoice.due_at
    )


async def _charge(ctx: Context, limit: int) -> int:
    due = await ctx.db.scalars(
        select(Invoice.id)
        .where(
            col(Invoice.status) == InvoiceStatus.OPEN,
            col(Invoice.rail) == Rail.CARD,
            col(Invoice.next_attempt_at) <= ctx.now(),
        )
        .order_by(col(Invoice.next_attempt_at), col(Invoice.id))
        .limit(limit)
    )
    ids = due.all()
    for invoice_id in ids:
        if await charges.start(ctx, invoice_id) is None:
            invoice = await ctx.get_any(Invoice, invoice_id, lock=True)
            invoice.next_attempt_at = None  # one is under way, and its end plans the next
    await ctx.db.flush()
    return len(ids)


async def _remind(ctx: Context, limit: int) -> int:
    due = await ctx.db.scalars(
        select(Invoice)
        .where(
            col(Invoice.status) == InvoiceStatus.OPEN,
            col(Invoice.kind) == InvoiceKind.INVOICE,
            col(Invoice.remind_at) <= ctx.now(),
        )
        .order_by(col(Invoice.remind_at), col(Invoice.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    invoices = due.all()
    for invoice in invoices:
        await _remind_of(ctx, invoice)
    await ctx.db.flush()
    return len(invoices)


async def _remind_of(ctx: Context, invoice: Invoice) -> None:
    if invoice.opened_at is None or invoice.due_at is None:
        invoice.remind_at = None
        return
    if await charges.pending(ctx, invoice.id) is not None:
        invoice.remind_at = ctx.now() + LOOK_AGAIN
        return
    sent = rules.sent_before(invoice.reminded)
    reminder = rules.mail_due(invoice.opened_at, invoice.due_at, ctx.now(), sent)
    if reminder is not None:
        await _mail(ctx, invoice, reminder)
        invoice.reminded = rules.passed_with(reminder)
        ctx.audit(
            f"invoice.{reminder}",
            tenant_id=invoice.tenant_id,
            subject=("invoice", invoice.id),
            body={"number": invoice.number, "outstanding": str(invoice.outstanding)},
        )
    invoice.remind_at = rules.next_reminder(invoice.opened_at, invoice.due_at, invoice.reminded)


async def _mail(ctx: Context, invoice: Invoice, reminder: Reminder) -> None:
    opened, due = invoice.opened_at or ctx.now(), invoice.due_at or ctx.now()
    due_on = (due - dt.timedelta(days=1)).date()
    blocked_on = rules.blocked_from(opened, due).date()
    params = {
        Reminder.DUE_SOON: {"due_on": due_on},
        Reminder.OVERDUE: {"due_on": due_on, "blocked_on": blocked_on},
        Reminder.BLOCKED: {},
    }[reminder]
    await notices.about_invoice(
        ctx,
        TEMPLATES[reminder],
        invoice,
        key=f"{reminder}/{invoice.id}",
        to_pay=True,
        **params,  # pyright: ignore[reportArgumentType] - dates, and none of the named parameters
    )
