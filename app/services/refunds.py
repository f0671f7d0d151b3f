"""Giving money back: asked for by operations, carried out by the provider, confirmed by its word."""

from __future__ import annotations

import datetime as dt
from typing import Final
from uuid import UUID

from sqlmodel import col, select

from app.core.errors import ConflictError, InvalidInputError, ProviderRefusedError
from app.core.money import Money
from app.rules.backoff import delay
from app.rules.statuses import PaymentStatus
from app.services import ledger, outbox, returns, settlement
from app.services.context import Context
from app.services.ledger import HOUSE
from app.services.ports import JobName, RefundResult
from app.services.rails import MANUAL
from models.ledger import AccountKind
from models.payment import Payment, Refund
from models.person import Role

ASK_AGAIN: Final = dt.timedelta(minutes=10)
ASK_AT_MOST: Final = dt.timedelta(hours=12)


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
    failure, result = "", RefundResult("", "pending")
    async with ctx.outside() as providers:
        try:
            result = await providers.payment(payment.provider).refund(
                payment_ref=payment.provider_ref,
                amount=Money(row.amount_micros, row.currency),
                reference=row.id.hex,
                idempotency_key=f"refund:{row.id}",
            )
        except ProviderRefusedError as refusal:
            failure = refusal.message
    row = await ctx.get_any(Refund, refund_id, lock=True)
    if row.status is not PaymentStatus.PENDING:
        return row.status
    row.provider_ref = result.provider_ref or row.provider_ref
    if failure:
        returns.end(ctx, row, PaymentStatus.FAILED, failure)
        return row.status
    is_done = result.outcome == "succeeded"
    if not is_done and not row.tries:
        return row.status  # its notification tells
    await ctx.save()  # invoice and payment are locked before their refunds, never after
    told = await returns.reconcile(ctx, payment.id, result.provider_ref)
    await settlement.locked_invoice(ctx, payment.invoice_id)
    payment = await _locked(ctx, payment.id)
    row = await ctx.get_any(Refund, refund_id, lock=True)
    if is_done and row.status is PaymentStatus.PENDING:
        if told is None:
            total = Money(payment.refunded_micros + row.amount_micros, payment.currency)
            await returns.settle_total(ctx, payment.id, total, result.provider_ref)
        else:
            returns.end(ctx, row, PaymentStatus.SUCCEEDED, "")
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


async def _left(ctx: Context, payment: Payment) -> Money:
    """Return what may be given back: kept, not under way, and not paid out by bank meanwhile."""
    under_way = await ctx.db.scalars(
        select(Refund.amount_micros).where(
            col(Refund.payment_id) == payment.id, col(Refund.status) == PaymentStatus.PENDING
        )
    )
    left = payment.kept - Money(sum(under_way), payment.currency)
    held = -await ledger.balance(ctx, payment.tenant_id, AccountKind.CREDIT, payment.currency)
    return min(left, left - payment.credit + max(held, Money.zero(payment.currency)))


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
