"""Automatic charges of invoices: one at a time, never beside an open page, never stuck."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select

from app.core.clock import wall_now
from app.core.errors import ProviderRefusedError
from app.core.money import Money
from app.rules import dunning
from app.rules.backoff import delay
from app.rules.statuses import InvoiceStatus, PaymentStatus, move
from app.services import checkouts, notices, outbox, settlement
from app.services.context import Context
from app.services.ports import ChargeResult, JobName, ProviderInvoice
from app.services.rails import PROVIDER_OF
from app.services.settlement import Taken
from models.invoice import Invoice
from models.payment import ChargeAttempt, PaymentMethod
from models.tenant import Rail

ASK_AGAIN: Final = dt.timedelta(minutes=10)
ASK_AT_MOST: Final = dt.timedelta(hours=6)
"""When to ask what became of a charge whose notification has not come, doubling in between."""
GIVE_UP: Final = dt.timedelta(days=5)
"""After this long an unconfirmed charge counts as failed, so that dunning goes on."""
POSTPONED: Final = dt.timedelta(hours=1)
"""When to try again after another way to pay was in the way."""


async def start(ctx: Context, invoice_id: UUID) -> UUID | None:
    """Begin to charge an open invoice; None where there is nothing to charge or one is under way.

    The attempt is the lock: from here on no page is opened for the invoice until the provider's
    answer is known.
    """
    invoice = await ctx.get_any(Invoice, invoice_id, lock=True)
    if not _is_chargeable(invoice) or await pending(ctx, invoice_id) is not None:
        return None
    number = await ctx.db.scalar(
        select(func.count())
        .select_from(ChargeAttempt)
        .where(col(ChargeAttempt.invoice_id) == invoice_id)
    )
    attempt = ChargeAttempt(
        tenant_id=invoice.tenant_id,
        invoice_id=invoice.id,
        number=(number or 0) + 1,
        created_at=ctx.now(),
        started_at=wall_now(),
        next_at=ctx.now() + ASK_AGAIN,
    )
    ctx.db.add(attempt)
    invoice.next_attempt_at = None
    await _enqueue(ctx, attempt)
    return attempt.id


async def collect(ctx: Context, attempt_id: UUID) -> str:
    """Carry out a charge, or find out what became of it; returns the attempt's status.

    Interrupted anywhere, it is repeated under the same idempotency key. A refusal is a failed
    charge; ``ProviderDownError`` leaves the attempt, and with it the lock, to the next try.
    """
    ctx.require_system()
    attempt = await ctx.get_any(ChargeAttempt, attempt_id)
    invoice, attempt = await _locked(ctx, attempt)
    if attempt.status is not PaymentStatus.PENDING:
        return attempt.status
    if not _is_chargeable(invoice) or not invoice.provider_ref:
        return await _postpone(ctx, attempt)
    page = await checkouts.open_page(ctx, invoice.id)
    if page is not None and not await checkouts.close(ctx, page.id):
        return await _postpone(ctx, attempt)
    ref, slug, claimed = invoice.provider_ref, PROVIDER_OF[Rail(invoice.rail)], invoice.outstanding
    async with ctx.outside() as providers:
        copy = await providers.payment(slug).fetch_invoice(ref)
    if copy.status == "paid":
        return await _paid(ctx, attempt_id, copy)
    if copy.status != "open" or copy.total != claimed:
        return await _mend_copy(ctx, attempt_id, copy)
    if attempt.reported:
        return await _still_open(ctx, attempt_id)
    async with ctx.outside() as providers:
        try:
            result = await providers.payment(slug).charge_invoice(
                ref, idempotency_key=f"charge:{attempt_id}"
            )
        except ProviderRefusedError as refusal:
            result = ChargeResult("failed", failure=refusal.message)
    return await _answered(ctx, attempt_id, result)


async def fail(
    ctx: Context,
    invoice: Invoice,
    attempt: ChargeAttempt,
    *,
    failure: str,
    payment_ref: str = "",
    action_url: str = "",
) -> None:
    """Note that a charge failed and plan what the rule says; both rows are locked by the caller."""
    attempt.status = move(attempt.status, PaymentStatus.FAILED)
    attempt.failure, attempt.action_url = failure[:300], action_url
    attempt.payment_ref, attempt.finished_at = payment_ref or attempt.payment_ref, ctx.now()
    invoice.failures += 1
    invoice.next_attempt_at = dunning.next_attempt(invoice.failures, ctx.now())
    method = await method_label(ctx, invoice)
    if attempt.payment_ref:
        slug = PROVIDER_OF[Rail(invoice.rail)]
        tried = Taken(
            invoice.tenant_id, invoice.id, slug, attempt.payment_ref, invoice.outstanding, method
        )
        await settlement.note_failed(ctx, tried, failure)
    ctx.audit(
        "payment.failed",
        tenant_id=invoice.tenant_id,
        subject=("invoice", invoice.id),
        body={"number": invoice.number, "failure": attempt.failure, "attempt": attempt.number},
        result="failure",
    )
    last = invoice.next_attempt_at is None
    opened, due = invoice.opened_at or ctx.now(), invoice.due_at or ctx.now()
    when: dict[str, Any] = (
        {"blocked_on": dunning.blocked_from(opened, due).date()}
        if invoice.next_attempt_at is None
        else {"next_try_on": invoice.next_attempt_at.date()}
    )
    await notices.about_invoice(
        ctx,
        "payment_failed_final" if last else "payment_failed",
        invoice,
        key=f"payment_failed/{attempt.id}",
        to_pay=True,
        method=method or "the payment method on file",
        cause=attempt.failure or "no reason given",
        **when,
    )


async def resume_due(ctx: Context, limit: int = 200) -> int:
    """Ask again about charges whose end is not known although it should be; returns how many."""
    ctx.require_system()
    due = await ctx.db.scalars(
        select(ChargeAttempt)
        .where(
            col(ChargeAttempt.status) == PaymentStatus.PENDING,
            col(ChargeAttempt.next_at) <= ctx.now(),
        )
        .order_by(col(ChargeAttempt.next_at), col(ChargeAttempt.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    attempts = due.all()
    for attempt in attempts:
        attempt.tries += 1
        attempt.next_at = ctx.now() + delay(attempt.tries, ASK_AGAIN, ASK_AT_MOST)
        await _enqueue(ctx, attempt)
    return len(attempts)


async def pending(ctx: Context, invoice_id: UUID, *, lock: bool = False) -> ChargeAttempt | None:
    """Return the charge of an invoice that is under way."""
    query = select(ChargeAttempt).where(
        col(ChargeAttempt.invoice_id) == invoice_id,
        col(ChargeAttempt.status) == PaymentStatus.PENDING,
    )
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return await ctx.db.scalar(query)


async def method_label(ctx: Context, invoice: Invoice) -> str:
    """Return how the payment method on file for an invoice's rail is called, perhaps empty."""
    label = await ctx.db.scalar(
        select(PaymentMethod.label).where(
            col(PaymentMethod.tenant_id) == invoice.tenant_id,
            col(PaymentMethod.provider) == PROVIDER_OF[Rail(invoice.rail)],
        )
    )
    return label or ""


async def _answered(ctx: Context, attempt_id: UUID, result: ChargeResult) -> str:
    """Keep what the provider said at once; only its notification (or asking again) settles."""
    invoice, attempt = await _locked(ctx, await ctx.get_any(ChargeAttempt, attempt_id))
    if attempt.status is not PaymentStatus.PENDING:
        return attempt.status
    if result.outcome == "failed":
        await fail(
            ctx,
            invoice,
            attempt,
            failure=result.failure,
            payment_ref=result.payment_ref,
            action_url=result.needs_action_url,
        )
        return attempt.status
    attempt.reported, attempt.payment_ref = result.outcome, result.payment_ref
    attempt.next_at = ctx.now() + ASK_AGAIN
    return attempt.status


async def _paid(ctx: Context, attempt_id: UUID, copy: ProviderInvoice) -> str:
    """Write down what the provider says was paid although no notification told us."""
    attempt = await ctx.get_any(ChargeAttempt, attempt_id)
    invoice = await ctx.get_any(Invoice, attempt.invoice_id)
    await settlement.record(
        ctx,
        Taken(
            invoice.tenant_id,
            invoice.id,
            PROVIDER_OF[Rail(invoice.rail)],
            copy.payment_ref or settlement.unnamed(copy.provider_ref),
            copy.amount_paid,
            label=await method_label(ctx, invoice),
            copy_ref=copy.provider_ref,
        ),
    )
    attempt = await ctx.get_any(ChargeAttempt, attempt_id)
    if attempt.status is PaymentStatus.PENDING:
        attempt.status, attempt.finished_at = PaymentStatus.CANCELLED, ctx.now()
    return attempt.status


async def _still_open(ctx: Context, attempt_id: UUID) -> str:
    invoice, attempt = await _locked(ctx, await ctx.get_any(ChargeAttempt, attempt_id))
    if attempt.status is PaymentStatus.PENDING and ctx.now() - attempt.created_at >= GIVE_UP:
        await fail(ctx, invoice, attempt, failure="the payment was never confirmed")
    return attempt.status


async def _mend_copy(ctx: Context, attempt_id: UUID, copy: ProviderInvoice) -> str:
    """Never charge a copy that claims another amount than we do: have it replaced first."""
    invoice, attempt = await _locked(ctx, await ctx.get_any(ChargeAttempt, attempt_id))
    if attempt.status is not PaymentStatus.PENDING:
        return attempt.status
    ctx.audit(
        "invoice.copy_differs",
        tenant_id=invoice.tenant_id,
        subject=("invoice", invoice.id),
        body={"claimed": str(invoice.outstanding), "copy": str(copy.total), "is": copy.status},
        result="failure",
    )
    status = await _postpone(ctx, attempt)
    await settlement.withdraw_other_ways(ctx, invoice, f"copy{invoice.copies}")
    return status


async def _postpone(ctx: Context, attempt: ChargeAttempt) -> str:
    """End an attempt that must not charge now; an invoice still open is tried again later."""
    invoice, attempt = await _locked(ctx, attempt)
    if attempt.status is PaymentStatus.PENDING:
        attempt.status, attempt.finished_at = PaymentStatus.CANCELLED, ctx.now()
        if invoice.status is InvoiceStatus.OPEN:
            invoice.next_attempt_at = ctx.now() + POSTPONED
    return attempt.status


async def _locked(ctx: Context, attempt: ChargeAttempt) -> tuple[Invoice, ChargeAttempt]:
    """Lock the invoice, then the attempt: the order everybody keeps."""
    invoice = await ctx.get_any(Invoice, attempt.invoice_id, lock=True)
    return invoice, await ctx.get_any(ChargeAttempt, attempt.id, lock=True)


async def _enqueue(ctx: Context, attempt: ChargeAttempt) -> None:
    await ctx.db.flush()
    await outbox.enqueue(
        ctx,
        JobName.COLLECT_INVOICE,
        f"{attempt.id}:{attempt.tries}",
        tenant_id=attempt.tenant_id,
        attempt_id=str(attempt.id),
    )


def _is_chargeable(invoice: Invoice) -> bool:
    return (
        invoice.status is InvoiceStatus.OPEN
        and invoice.rail == Rail.CARD
        and invoice.outstanding > Money.zero(invoice.currency)
    )
