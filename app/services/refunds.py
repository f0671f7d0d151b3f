"""Giving money back: asked for by operations, carried out by the provider, confirmed by its word."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlmodel import col, select

from app.core.errors import ConflictError, InvalidInputError, ProviderRefusedError
from app.core.money import Money
from app.rules.backoff import delay
from app.rules.statuses import InvoiceStatus, PaymentStatus, can_move, move
from app.services import credit_notes, ledger, outbox, settlement
from app.services.context import Context
from app.services.ledger import HOUSE
from app.services.news import News, NotKnownYetError
from app.services.ports import JobName
from app.services.rails import MANUAL
from models.invoice import Invoice
from models.ledger import AccountKind
from models.payment import Checkout, Payment, Refund
from models.person import Role

ASK_AGAIN: Final = dt.timedelta(minutes=10)
ASK_AT_MOST: Final = dt.timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Return:
    """Money that leaves again: how much, from which account, under which fact."""

    is_charge_back: bool
    amount: Money
    key: str
    kind: str
    source: tuple[str, AccountKind]
    reason: str


async def refund(
    ctx: Context, payment_id: UUID, amount: Money | None = None, *, reason: str
) -> Refund:
    """Let operations give back a payment, or a part of it; nothing is booked until it is confirmed.

    Raises ``ConflictError`` ``not_refundable`` or ``refund_exceeds_payment`` (earlier refunds,
    also those under way, count), ``InvalidInputError`` for an amount nobody can pay.
    """
    ctx.require_ops(Role.OPS_OPERATOR)
    if not reason.strip():
        raise InvalidInputError("A reason is needed.", fields=[("reason", "must not be empty")])
    payment = await _locked(ctx, payment_id)
    if payment.status is not PaymentStatus.SUCCEEDED or payment.provider == MANUAL:
        raise ConflictError("This payment cannot be refunded here.", reason="not_refundable")
    left = await _left(ctx, payment)
    wanted = left if amount is None else amount
    if wanted.currency != left.currency or wanted <= Money.zero(left.currency):
        raise InvalidInputError("The amount must be positive.", fields=[("amount", "not positive")])
    if wanted != wanted.rounded():
        raise InvalidInputError("Nobody can pay that.", fields=[("amount", "too many digits")])
    if wanted > left:
        raise ConflictError(f"Only {left} is left to refund.", reason="refund_exceeds_payment")
    row = await request(ctx, payment, wanted, reason)
    ctx.audit(
        "ops.payment_refunded",
        tenant_id=payment.tenant_id,
        subject=("payment", payment.id),
        body={"amount": str(wanted), "why": reason},
    )
    return row


async def request(ctx: Context, payment: Payment, amount: Money, reason: str) -> Refund:
    """Add a refund and have it carried out; the payment is locked by the caller."""
    row = Refund(
        tenant_id=payment.tenant_id,
        payment_id=payment.id,
        amount_micros=amount.micros,
        currency=amount.currency,
        reason=reason,
        created_at=ctx.now(),
        next_at=ctx.now() + ASK_AGAIN,
    )
    ctx.db.add(row)
    await ctx.db.flush()
    await _enqueue(ctx, row)
    return row


async def carry_out(ctx: Context, refund_id: UUID) -> str:
    """Ask the provider for a refund (repeatable), and ask what became of it; returns its status."""
    ctx.require_system()
    row = await ctx.get_any(Refund, refund_id)
    if row.status is not PaymentStatus.PENDING:
        return row.status
    payment = await ctx.get_any(Payment, row.payment_id)
    page = await ctx.db.get(Checkout, payment.checkout_id) if payment.checkout_id else None
    async with ctx.outside() as providers:
        adapter = providers.payment(payment.provider)
        try:
            ref, failure = (
                await adapter.refund(
                    payment_ref=payment.provider_ref,
                    amount=Money(row.amount_micros, row.currency),
                    reference=row.id.hex,
                    idempotency_key=f"refund:{row.id}",
                ),
                "",
            )
        except ProviderRefusedError as refusal:
            ref, failure = "", refusal.message
        state = await adapter.fetch_page(page.provider_ref) if page and row.tries else None
    row = await ctx.get_any(Refund, refund_id, lock=True)
    if row.status is not PaymentStatus.PENDING:
        return row.status
    row.provider_ref = ref or row.provider_ref
    if failure:
        _end(ctx, row, PaymentStatus.FAILED, failure)
        return row.status
    if state is not None and state.refunded is not None:
        await ctx.save()  # invoice and payment are locked before their refunds, never after
        await _confirm(ctx, payment.id, state.refunded, ref)
        row = await ctx.get_any(Refund, refund_id)
    return row.status


async def resume_due(ctx: Context, limit: int = 100) -> int:
    """Ask again about refunds whose confirmation has not come; returns how many."""
    ctx.require_system()
    due = await ctx.db.scalars(
        select(Refund)
        .where(col(Refund.status) == PaymentStatus.PENDING, col(Refund.next_at) <= ctx.now())
        .order_by(col(Refund.next_at), col(Refund.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = due.all()
    for row in rows:
        row.tries += 1
        row.next_at = ctx.now() + delay(row.tries, ASK_AGAIN, ASK_AT_MOST)
        await _enqueue(ctx, row)
    return len(rows)


async def confirmed(ctx: Context, news: News) -> bool:
    """Book what a provider says was given back in all; the running total makes it repeatable."""
    total = news.amount("refunded_total")
    if total is None:
        raise ValueError("a refund's notification must carry refunded_total")
    payment = await _by_ref(ctx, news)
    return await _confirm(ctx, payment.id, total, news.text("refund_ref"))


async def failed(ctx: Context, news: News) -> bool:
    """Note a refund that the provider could not carry out; one booked before is booked back."""
    payment = await _locked(ctx, (await _by_ref(ctx, news)).id)
    row = await ctx.db.scalar(
        select(Refund)
        .where(
            col(Refund.payment_id) == payment.id,
            col(Refund.provider_ref) == news.text("refund_ref"),
        )
        .with_for_update()
    )
    if row is None or row.status is PaymentStatus.FAILED:
        return False
    was_booked = row.status is PaymentStatus.SUCCEEDED
    _end(ctx, row, PaymentStatus.FAILED, news.text("failure") or "the provider gave no reason")
    if was_booked:
        # The credit note stands: the money is owed to the tenant until it is paid otherwise.
        amount = Money(row.amount_micros, row.currency)
        await ledger.post(
            ctx,
            key=f"refund_failed:{row.id}",
            kind="refund_failed",
            tenant_id=row.tenant_id,
            subject_id=payment.invoice_id,
            postings=[
                (HOUSE, AccountKind.PROCESSOR, amount),
                (str(row.tenant_id), AccountKind.CREDIT, -amount),
            ],
        )
    return True


async def settle_credit(ctx: Context, tenant_id: UUID, amount: Money, *, reference: str) -> None:
    """Let operations note that a tenant's credit was paid out by bank, under its reference.

    Raises ``ConflictError`` ``credit_too_small`` or, for a reference used before,
    ``already_settled``.
    """
    ctx.require_ops(Role.OPS_OPERATOR)
    held = -await ledger.balance(ctx, tenant_id, AccountKind.CREDIT, amount.currency)
    if not Money.zero(amount.currency) < amount <= held:
        raise ConflictError(f"The credit is {held}.", reason="credit_too_small")
    written = await ledger.post(
        ctx,
        key=f"credit_paid:{tenant_id}:{reference}",
        kind="credit_paid",
        tenant_id=tenant_id,
        memo=reference,
        postings=[
            (str(tenant_id), AccountKind.CREDIT, amount),
            (HOUSE, AccountKind.BANK, -amount),
        ],
    )
    if not written:
        raise ConflictError("This reference was used before.", reason="already_settled")
    body = {"amount": str(amount), "reference": reference}
    ctx.audit("ops.credit_settled", tenant_id=tenant_id, subject=("tenant", tenant_id), body=body)


async def give_back(ctx: Context, invoice: Invoice | None, payment: Payment, back: Return) -> None:
    """Book money that left; both rows are locked by the caller.

    First goes what no invoice claimed. What an invoice had been paid with is credited as far as
    no credit note did that before, so that an invoice never claims again what was given back; an
    invoice that is still open claims it again instead.
    """
    amount, nothing = back.amount, Money.zero(back.amount.currency)
    gone = payment.amount_micros - payment.kept.micros
    excess_left = payment.excess_micros - min(gone, payment.excess_micros)
    of_claim = amount - min(amount, Money(excess_left, amount.currency))
    if back.is_charge_back:
        payment.charged_back_micros += amount.micros
    else:
        payment.refunded_micros += amount.micros
    claims_again = nothing
    if invoice is not None and of_claim:
        if invoice.status is InvoiceStatus.OPEN:
            claims_again = of_claim
        elif (uncovered := invoice.outstanding + of_claim) > nothing:
            await credit_notes.issue(ctx, invoice, min(uncovered, of_claim), back.reason)
        invoice.returned_micros += of_claim.micros
    if payment.kept <= nothing and can_move(payment.status, PaymentStatus.REFUNDED):
        payment.status = PaymentStatus.REFUNDED
    all_gone = invoice is not None and of_claim and invoice.returned_micros >= invoice.paid_micros
    if invoice is not None and all_gone and can_move(invoice.status, InvoiceStatus.REFUNDED):
        invoice.status = InvoiceStatus.REFUNDED
    owner = str(payment.tenant_id)
    is_test = payment.invoice_id is None and not payment.excess_micros
    credit = AccountKind.VERIFICATION if is_test else AccountKind.CREDIT
    await ledger.post(
        ctx,
        key=back.key,
        kind=back.kind,
        tenant_id=payment.tenant_id,
        subject_id=payment.invoice_id,
        memo=back.reason,
        postings=[
            (owner, credit, amount - claims_again),
            (owner, AccountKind.RECEIVABLE, claims_again),
            (*back.source, -amount),
        ],
    )


async def _confirm(ctx: Context, payment_id: UUID, total: Money, refund_ref: str) -> bool:
    payment = await ctx.get_any(Payment, payment_id)
    invoice = await settlement.locked_invoice(ctx, payment.invoice_id)
    payment = await _locked(ctx, payment_id)
    if payment.status in settlement.NOT_YET_MONEY:
        raise NotKnownYetError("The payment that was refunded is not settled yet.")
    rows = await ctx.db.scalars(
        select(Refund)
        .where(col(Refund.payment_id) == payment.id, col(Refund.status) == PaymentStatus.PENDING)
        .order_by(col(Refund.created_at), col(Refund.id))
        .with_for_update()
    )
    waiting = rows.all()
    amount = total - Money(payment.refunded_micros, payment.currency)
    if amount <= Money.zero(payment.currency):
        return False
    named = [row for row in waiting if refund_ref and row.provider_ref == refund_ref]
    left = amount.micros
    for row in named or waiting:
        if row.amount_micros <= left:
            left -= row.amount_micros
            row.provider_ref = row.provider_ref or refund_ref
            _end(ctx, row, PaymentStatus.SUCCEEDED, "")
    reason = next((row.reason for row in named or waiting), "") or "Refunded by the provider"
    back = Return(
        False,
        amount,
        f"payment:{payment.id}:refunded:{total.micros}",
        "refund",
        (HOUSE, AccountKind.PROCESSOR),
        reason,
    )
    await give_back(ctx, invoice, payment, back)
    ctx.audit(
        "payment.refunded",
        tenant_id=payment.tenant_id,
        subject=("payment", payment.id),
        body={"amount": str(amount), "total": str(total)},
    )
    return True


def _end(ctx: Context, row: Refund, status: PaymentStatus, failure: str) -> None:
    if row.status is PaymentStatus.PENDING:
        move(row.status, status)
    row.status, row.failure, row.finished_at = status, failure[:300], ctx.now()
    if failure:
        ctx.audit(
            "payment.refund_failed",
            tenant_id=row.tenant_id,
            subject=("payment", row.payment_id),
            body={"amount": str(Money(row.amount_micros, row.currency)), "failure": failure},
            result="failure",
        )


async def _left(ctx: Context, payment: Payment) -> Money:
    under_way = await ctx.db.scalars(
        select(Refund.amount_micros).where(
            col(Refund.payment_id) == payment.id, col(Refund.status) == PaymentStatus.PENDING
        )
    )
    return payment.kept - Money(sum(under_way), payment.currency)


async def _by_ref(ctx: Context, news: News) -> Payment:
    payment = await ctx.db.scalar(
        select(Payment).where(
            col(Payment.provider) == news.provider,
            col(Payment.provider_ref) == (news.text("payment_ref") or news.subject_ref),
        )
    )
    if payment is None:
        raise NotKnownYetError("This payment is not written down here.")
    return payment


async def _locked(ctx: Context, payment_id: UUID) -> Payment:
    return await ctx.get_any(Payment, payment_id, lock=True)


async def _enqueue(ctx: Context, row: Refund) -> None:
    await outbox.enqueue(
        ctx,
        JobName.REFUND,
        f"{row.id}:{row.tries}",
        tenant_id=row.tenant_id,
        refund_id=str(row.id),
    )
