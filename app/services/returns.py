"""Money that leaves again, and comes back again: booked by the provider's running total."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import col, select

from app.core.money import Money
from app.rules.statuses import InvoiceStatus, PaymentStatus, can_move, move
from app.services import credit_notes, ledger, settlement
from app.services.context import Context
from app.services.ledger import HOUSE
from app.services.news import News, NotKnownYetError
from models.invoice import Invoice
from models.ledger import AccountKind
from models.payment import Payment, Refund

_FAILED: Final = PaymentStatus.FAILED
ROUNDS: Final = 5
"""How often the running total is asked for again while it moves."""


@dataclass(frozen=True, slots=True)
class Return:
    """Money that leaves again: how much, from which account, under which fact."""

    is_charge_back: bool
    amount: Money
    key: str
    kind: str
    source: tuple[str, AccountKind]
    reason: str


async def confirmed(ctx: Context, news: News) -> bool:
    """Book what a provider says was given back in all; the running total makes it repeatable.

    Once a refund of the payment failed, a total may be higher than a later one: then the
    notification's is not trusted, and the provider is asked for the present one.
    """
    total = news.amount("refunded_total")
    if total is None:
        raise ValueError("a refund's notification must carry refunded_total")
    payment = await _by_ref(ctx, news)
    refund_ref = news.text("refund_ref")
    if await _one_failed(ctx, payment.id):
        changed = await reconcile(ctx, payment.id, refund_ref)
        if changed is not None:
            return changed
    return await settle_total(ctx, payment.id, total, refund_ref)


async def failed(ctx: Context, news: News) -> bool:
    """Note a refund that the provider could not carry out, perhaps days later, and what follows.

    One that was booked is booked back as far as the provider's present total says so; one that
    was never booked moves nothing, in whichever order the notifications come. One that nobody
    here asked for is written down, to be seen.
    """
    payment = await _by_ref(ctx, news)
    total = await _told_total(ctx, payment.id)
    await settlement.locked_invoice(ctx, payment.invoice_id)
    payment = await ctx.get_any(Payment, payment.id, lock=True)
    row = await _refund_of(ctx, payment, news)
    is_new, was_booked = row.status is not _FAILED, row.status is PaymentStatus.SUCCEEDED
    if is_new:
        end(ctx, row, _FAILED, news.text("failure") or "the provider gave no reason")
    if total is None:  # it tells no total: what was booked for this refund is what comes back
        if not was_booked:
            return is_new
        booked = Money(payment.refunded_micros - row.amount_micros, payment.currency)
        return await settle_total(ctx, payment.id, booked, is_current=True)
    changed = await settle_total(ctx, payment.id, total, is_current=True)
    return bool(changed and await reconcile(ctx, payment.id)) or changed or is_new


async def reconcile(ctx: Context, payment_id: UUID, refund_ref: str = "") -> bool | None:
    """Book the difference to what the provider says now; None when it does not say.

    It is asked once more after each booking: whoever books last has then seen the newest total.
    """
    changed = False
    for _ in range(ROUNDS):
        total = await _told_total(ctx, payment_id)
        if total is None:
            return None
        if not await settle_total(ctx, payment_id, total, refund_ref, is_current=True):
            break
        changed = True
    return changed


async def settle_total(
    ctx: Context, payment_id: UUID, total: Money, refund_ref: str = "", *, is_current: bool = False
) -> bool:
    """Book the difference between a running total and what is booked; False when there is none.

    A lower one is old news, unless it is what the provider says at present: then a refund failed
    after it was booked.
    """
    payment = await ctx.get_any(Payment, payment_id)
    invoice = await settlement.locked_invoice(ctx, payment.invoice_id)
    payment = await ctx.get_any(Payment, payment_id, lock=True)
    if payment.status in settlement.NOT_YET_MONEY:
        raise NotKnownYetError("The payment that was refunded is not settled yet.")
    amount = total - Money(payment.refunded_micros, payment.currency)
    nothing = Money.zero(payment.currency)
    if amount < nothing and is_current:
        await _take_back(ctx, invoice, payment, -amount)
        return True
    if amount <= nothing:
        return False
    reason = await _finish_waiting(ctx, payment, amount, refund_ref)
    gone = total.micros + payment.unrefunded_micros
    back = Return(
        False,
        amount,
        f"payment:{payment.id}:refunded:{gone}",
        "refund",
        (HOUSE, AccountKind.PROCESSOR),
        reason or "Refunded by the provider",
    )
    await give_back(ctx, invoice, payment, back)
    ctx.audit(
        "payment.refunded",
        tenant_id=payment.tenant_id,
        subject=("payment", payment.id),
        body={"amount": str(amount), "total": str(total)},
    )
    return True


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
    credit = AccountKind.VERIFICATION if _is_test(payment) else AccountKind.CREDIT
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


async def _take_back(
    ctx: Context, invoice: Invoice | None, payment: Payment, amount: Money
) -> None:
    """Book that money given back is here again, since its refund failed; both rows are locked.

    Credit notes stand, and an invoice that was refunded stays so: the money lies on the tenant's
    credit account until it is given back again or paid out by bank. Only an invoice that is still
    open, and therefore claimed it again, is paid with it.
    """
    nothing = Money.zero(amount.currency)
    gone = payment.refunded_micros + payment.charged_back_micros
    of_claim = min(amount, Money(max(0, gone - payment.excess_micros), amount.currency))
    claim = nothing
    if invoice is not None and invoice.status is InvoiceStatus.OPEN:
        claim = max(nothing, min(of_claim, invoice.outstanding))
        invoice.returned_micros -= claim.micros
    is_test = _is_test(payment)
    if not is_test:
        payment.excess_micros = max(payment.excess_micros, gone) - claim.micros
    payment.refunded_micros -= amount.micros
    payment.unrefunded_micros += amount.micros
    if payment.status is PaymentStatus.REFUNDED:
        payment.status = move(payment.status, PaymentStatus.SUCCEEDED)
    if invoice is not None and claim and invoice.outstanding <= nothing:
        await settlement.close(ctx, invoice, payment, by_copy=False)
    ctx.audit(
        "payment.refund_came_back",
        tenant_id=payment.tenant_id,
        subject=("payment", payment.id),
        body={"amount": str(amount)},
        result="failure",
    )
    owner = str(payment.tenant_id)
    await ledger.post(
        ctx,
        key=f"payment:{payment.id}:unrefunded:{payment.unrefunded_micros}",
        kind="refund_failed",
        tenant_id=payment.tenant_id,
        subject_id=payment.invoice_id,
        postings=[
            (HOUSE, AccountKind.PROCESSOR, amount),
            (owner, AccountKind.RECEIVABLE, -claim),
            (owner, AccountKind.VERIFICATION if is_test else AccountKind.CREDIT, claim - amount),
        ],
    )


async def _finish_waiting(ctx: Context, payment: Payment, amount: Money, ref: str) -> str:
    """End the refunds that an amount confirms; returns why the first was made."""
    rows = await ctx.db.scalars(
        select(Refund)
        .where(col(Refund.payment_id) == payment.id, col(Refund.status) == PaymentStatus.PENDING)
        .order_by(col(Refund.created_at), col(Refund.id))
        .with_for_update()
    )
    waiting = rows.all()
    named = [row for row in waiting if ref and row.provider_ref == ref]
    left = amount.micros
    for row in named or waiting:
        if row.amount_micros <= left:
            left -= row.amount_micros
            row.provider_ref = row.provider_ref or ref
            end(ctx, row, PaymentStatus.SUCCEEDED, "")
    return next((row.reason for row in named or waiting), "")


def end(ctx: Context, row: Refund, status: PaymentStatus, failure: str) -> None:
    """Note how a refund ended."""
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


async def _told_total(ctx: Context, payment_id: UUID) -> Money | None:
    payment = await ctx.get_any(Payment, payment_id)
    slug, ref = payment.provider, payment.provider_ref
    async with ctx.outside() as providers:
        return await providers.payment(slug).fetch_refunded(ref)


async def _one_failed(ctx: Context, payment_id: UUID) -> bool:
    query = select(Refund.id).where(
        col(Refund.payment_id) == payment_id, col(Refund.status) == _FAILED
    )
    return await ctx.db.scalar(query.limit(1)) is not None


async def _refund_of(ctx: Context, payment: Payment, news: News) -> Refund:
    """Return the refund a notification is about, locked; written down where nobody here made it."""
    ref, own = news.text("refund_ref"), _as_id(news.text("reference"))
    rows = await ctx.db.scalars(
        select(Refund)
        .where(col(Refund.payment_id) == payment.id)
        .where(or_(col(Refund.provider_ref) == ref, col(Refund.id) == own))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    row = rows.first()
    if row is None:
        amount = news.amount("amount") or Money.zero(payment.currency)
        row = Refund(
            tenant_id=payment.tenant_id,
            payment_id=payment.id,
            amount_micros=amount.micros,
            currency=payment.currency,
            reason="Refunded at the provider",
            created_at=ctx.now(),
            next_at=ctx.now(),
        )
        ctx.db.add(row)
        await ctx.db.flush()
    row.provider_ref = row.provider_ref or ref
    return row


def _is_test(payment: Payment) -> bool:
    """Tell whether a payment only proved an account: no invoice and no credit is behind it."""
    return payment.invoice_id is None and not payment.excess_micros


def _as_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
