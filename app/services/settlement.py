"""Money that came: written down once, put against its invoice, and what is too much kept apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlmodel import col, select

from app.core.ids import new_id
from app.core.money import Money
from app.rules.statuses import InvoiceStatus, PaymentStatus, move
from app.services import ledger, notices, outbox
from app.services.context import Context
from app.services.ledger import HOUSE
from app.services.outbox import insert_or_ignore
from app.services.ports import JobName
from app.services.rails import MANUAL
from models.invoice import Invoice
from models.ledger import AccountKind
from models.payment import ChargeAttempt, Checkout, CheckoutStatus, Payment

NOT_YET_MONEY: Final = (PaymentStatus.PENDING, PaymentStatus.FAILED, PaymentStatus.CANCELLED)
"""What a payment may be when its money is first heard of."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A payment as a provider (or an operator) reports it.

    ``copy_ref`` names the provider's copy of the invoice when that was paid, not a page of its own.
    """

    tenant_id: UUID
    invoice_id: UUID | None
    provider: str
    payment_ref: str
    amount: Money
    label: str = ""
    reference: str = ""
    checkout_id: UUID | None = None
    copy_ref: str = ""


async def record(ctx: Context, taken: Taken) -> bool:
    """Write down money that was taken; False when that was done before.

    What the invoice still claims is put against it. The rest, because it was paid twice or too
    much or is void by now, goes to the tenant's credit account and is shown to operations: it is
    never refused, since it has been taken. Locks the invoice, then the payment.
    """
    invoice = await locked_invoice(ctx, taken.invoice_id)
    if taken.copy_ref and await _copy_is_paid(ctx, taken):
        return False
    payment = await locked_payment(ctx, taken)
    if payment.status not in NOT_YET_MONEY:
        return False
    payment.status = move(payment.status, PaymentStatus.SUCCEEDED)
    payment.amount_micros, payment.currency = taken.amount.micros, taken.amount.currency
    payment.copy_ref, payment.checkout_id = taken.copy_ref, taken.checkout_id
    payment.method_label = taken.label or payment.method_label
    payment.failure, payment.settled_at = "", ctx.now()
    applied = _claimable(invoice, taken.amount)
    excess = taken.amount - applied
    payment.excess_micros = excess.micros
    await _finish_checkout(ctx, taken.checkout_id)
    subject = ("payment", payment.id)
    body = {"amount": str(taken.amount), "provider": taken.provider, "ref": taken.payment_ref}
    ctx.audit("payment.succeeded", tenant_id=taken.tenant_id, subject=subject, body=body)
    if excess:
        body = {"excess": str(excess), "invoice_id": str(taken.invoice_id or "")}
        ctx.audit("payment.excess", tenant_id=taken.tenant_id, subject=subject, body=body)
    if invoice is not None and applied:
        invoice.paid_micros += applied.micros
        if invoice.outstanding <= Money.zero(invoice.currency):
            await close(ctx, invoice, payment, by_copy=bool(taken.copy_ref))
    owner = str(taken.tenant_id)
    source = AccountKind.BANK if taken.provider == MANUAL else AccountKind.PROCESSOR
    await ledger.post(
        ctx,
        key=f"payment:{payment.id}",
        kind="payment",
        tenant_id=taken.tenant_id,
        subject_id=taken.invoice_id,
        memo=taken.reference or taken.payment_ref,
        postings=[
            (HOUSE, source, taken.amount),
            (owner, AccountKind.RECEIVABLE, -applied),
            (owner, AccountKind.CREDIT, -excess),
        ],
    )
    return True


async def locked_invoice(ctx: Context, invoice_id: UUID | None) -> Invoice | None:
    """Lock an invoice, which comes before its payments and pages in the order of locks."""
    return await ctx.get_any(Invoice, invoice_id, lock=True) if invoice_id else None


async def note_pending(ctx: Context, taken: Taken) -> None:
    """Remember a payment that is on its way; nothing is settled by it."""
    await locked_payment(ctx, taken)


async def note_failed(ctx: Context, taken: Taken, failure: str) -> None:
    """Remember a payment that failed, unless it has come through since."""
    payment = await locked_payment(ctx, taken)
    if payment.status in NOT_YET_MONEY:
        payment.status, payment.failure = PaymentStatus.FAILED, failure[:300]


def _claimable(invoice: Invoice | None, amount: Money) -> Money:
    """Return how much of an amount the invoice still claims."""
    nothing = Money.zero(amount.currency)
    if invoice is None or invoice.status is not InvoiceStatus.OPEN:
        return nothing
    if invoice.currency != amount.currency:
        return nothing
    return max(nothing, min(amount, invoice.outstanding))


async def _copy_is_paid(ctx: Context, taken: Taken) -> bool:
    """Tell whether this copy's payment is known, perhaps under the stand-in for a name not told."""
    known = await ctx.db.scalar(
        select(Payment)
        .where(col(Payment.provider) == taken.provider, col(Payment.copy_ref) == taken.copy_ref)
        .with_for_update()
    )
    if known is None:
        return False
    if known.provider_ref == unnamed(taken.copy_ref):
        known.provider_ref = taken.payment_ref
    return True


def unnamed(copy_ref: str) -> str:
    """Return the stand-in for a payment of a copy that its provider did not name."""
    return f"copy:{copy_ref}"


async def locked_payment(ctx: Context, taken: Taken) -> Payment:
    """Return the one row of a payment, made when it is new, locked."""
    values = {
        "id": new_id(),
        "tenant_id": taken.tenant_id,
        "invoice_id": taken.invoice_id,
        "checkout_id": taken.checkout_id,
        "status": PaymentStatus.PENDING,
        "provider": taken.provider,
        "provider_ref": taken.payment_ref,
        "copy_ref": "",
        "amount_micros": taken.amount.micros,
        "excess_micros": 0,
        "refunded_micros": 0,
        "unrefunded_micros": 0,
        "charged_back_micros": 0,
        "currency": taken.amount.currency,
        "method_label": taken.label,
        "failure": "",
        "reference": taken.reference,
        "created_at": ctx.now(),
    }
    await ctx.db.execute(insert_or_ignore(ctx, Payment, values, "provider", "provider_ref"))
    found = await ctx.db.scalars(
        select(Payment)
        .where(
            col(Payment.provider) == taken.provider, col(Payment.provider_ref) == taken.payment_ref
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return found.one()


async def _finish_checkout(ctx: Context, checkout_id: UUID | None) -> None:
    if checkout_id is None:
        return
    page = await ctx.get_any(Checkout, checkout_id, lock=True)
    page.status, page.finished_at = CheckoutStatus.COMPLETED, page.finished_at or ctx.now()


async def close(ctx: Context, invoice: Invoice, payment: Payment, *, by_copy: bool) -> None:
    """Mark an invoice as paid and see to it that no other way to pay it stays open."""
    invoice.status = move(invoice.status, InvoiceStatus.PAID)
    invoice.paid_at, invoice.next_attempt_at, invoice.remind_at = ctx.now(), None, None
    attempt = await ctx.db.scalar(
        select(ChargeAttempt)
        .where(
            col(ChargeAttempt.invoice_id) == invoice.id,
            col(ChargeAttempt.status) == PaymentStatus.PENDING,
        )
        .with_for_update()
    )
    if attempt is not None:
        attempt.status = PaymentStatus.SUCCEEDED if by_copy else PaymentStatus.CANCELLED
        attempt.finished_at = ctx.now()
    await withdraw_other_ways(ctx, invoice, "paid", copy_too=not by_copy)
    ctx.audit(
        "invoice.paid",
        tenant_id=invoice.tenant_id,
        subject=("invoice", invoice.id),
        body={"number": invoice.number, "total": str(invoice.total)},
    )
    await notices.about_invoice(
        ctx,
        "payment_received",
        invoice,
        key=f"payment_received/{invoice.id}",
        total=payment.amount,
        paid_on=ctx.now().date(),
        method=payment.method_label or payment.reference or payment.provider,
    )


async def withdraw_other_ways(
    ctx: Context, invoice: Invoice, why: str, *, copy_too: bool = True
) -> None:
    """Have open pages (and the provider's copy) of an invoice closed, where there are any."""
    page = await ctx.db.scalar(
        select(Checkout.id).where(
            col(Checkout.invoice_id) == invoice.id, col(Checkout.status) == CheckoutStatus.OPEN
        )
    )
    if page is not None or (copy_too and invoice.provider_ref):
        await outbox.enqueue(
            ctx,
            JobName.WITHDRAW_INVOICE,
            f"{invoice.id}:{why}",
            tenant_id=invoice.tenant_id,
            invoice_id=str(invoice.id),
        )
