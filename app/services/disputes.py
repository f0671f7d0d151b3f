"""Disputes: the provider takes the money back at once, and gives it again if the dispute is won."""

from __future__ import annotations

import datetime as dt

from sqlmodel import col, select

from app.core.money import Money
from app.rules.statuses import DisputeStatus, InvoiceStatus, PaymentStatus, can_move, move
from app.services import ledger, returns, settlement
from app.services.context import Context
from app.services.ledger import HOUSE
from app.services.news import News, NotKnownYetError
from app.services.returns import Return
from models.dispute import Dispute
from models.invoice import Invoice
from models.ledger import AccountKind
from models.payment import Payment


async def opened(ctx: Context, news: News) -> bool:
    """Book the disputed money as gone for now; one that was closed before it opened stays closed."""
    payment, invoice = await _locked(ctx, news)
    amount = news.amount("amount") or payment.kept
    if await ledger.has(ctx, _key(news, "opened")):
        return False
    ctx.db.add(
        Dispute(
            tenant_id=payment.tenant_id,
            payment_id=payment.id,
            invoice_id=payment.invoice_id,
            provider=news.provider,
            provider_ref=_ref(news),
            amount_micros=amount.micros,
            currency=amount.currency,
            reason=news.text("reason"),
            respond_by=_instant(news.text("respond_by")),
            opened_at=ctx.now(),
        )
    )
    if can_move(payment.status, PaymentStatus.DISPUTED):
        payment.status = PaymentStatus.DISPUTED
    if invoice is not None and can_move(invoice.status, InvoiceStatus.DISPUTED):
        invoice.status = InvoiceStatus.DISPUTED
    ctx.audit(
        "payment.disputed",
        tenant_id=payment.tenant_id,
        subject=("payment", payment.id),
        body={"amount": str(amount), "reason": news.text("reason"), "dispute": _ref(news)},
    )
    return await ledger.post(
        ctx,
        key=_key(news, "opened"),
        kind="dispute_opened",
        tenant_id=payment.tenant_id,
        subject_id=payment.invoice_id,
        memo=news.text("reason"),
        postings=[
            (str(payment.tenant_id), AccountKind.DISPUTED, amount),
            (HOUSE, AccountKind.PROCESSOR, -amount),
        ],
    )


async def closed(ctx: Context, news: News) -> bool:
    """Book how a dispute ended; its opening, should it not have arrived yet, comes first."""
    outcome = news.text("outcome")
    if outcome not in ("won", "lost"):
        return False
    if await opened(ctx, news):
        await ctx.save()
    payment, invoice = await _locked(ctx, news)
    key = _key(news, "closed")
    if await ledger.has(ctx, key):
        return False
    held = await _held(ctx, news)
    await _note(ctx, news, DisputeStatus(outcome))
    owner = str(payment.tenant_id)
    if outcome == "lost":
        back = Return(True, held, key, "dispute_lost", (owner, AccountKind.DISPUTED), "Charge back")
        await returns.give_back(ctx, invoice, payment, back)
    if payment.status is PaymentStatus.DISPUTED:
        payment.status = PaymentStatus.SUCCEEDED
    if invoice is not None and invoice.status is InvoiceStatus.DISPUTED:
        invoice.status = InvoiceStatus.PAID
    ctx.audit(
        "payment.dispute_closed",
        tenant_id=payment.tenant_id,
        subject=("payment", payment.id),
        body={"amount": str(held), "outcome": outcome, "dispute": _ref(news)},
    )
    if outcome == "won":
        await ledger.post(
            ctx,
            key=key,
            kind="dispute_won",
            tenant_id=payment.tenant_id,
            subject_id=payment.invoice_id,
            postings=[
                (HOUSE, AccountKind.PROCESSOR, held),
                (owner, AccountKind.DISPUTED, -held),
            ],
        )
    return True


async def _locked(ctx: Context, news: News) -> tuple[Payment, Invoice | None]:
    """Return the disputed payment and its invoice, locked in the order everybody keeps."""
    payment = await ctx.db.scalar(
        select(Payment).where(
            col(Payment.provider) == news.provider,
            col(Payment.provider_ref) == news.text("payment_ref"),
        )
    )
    if payment is None:
        raise NotKnownYetError("The disputed payment is not written down here.")
    invoice = await settlement.locked_invoice(ctx, payment.invoice_id)
    payment = await ctx.get_any(Payment, payment.id, lock=True)
    if payment.status in settlement.NOT_YET_MONEY:
        raise NotKnownYetError("The disputed payment is not settled yet.")
    return payment, invoice


async def _held(ctx: Context, news: News) -> Money:
    """Return what was booked when the dispute opened: exactly that much is booked back."""
    amount = await ledger.amount_of(ctx, _key(news, "opened"), AccountKind.DISPUTED)
    assert amount is not None  # noqa: S101 - opened just before at the latest
    return amount


async def _note(ctx: Context, news: News, outcome: DisputeStatus) -> None:
    """Keep how a dispute ended beside what it was about."""
    row = await ctx.db.scalar(
        select(Dispute).where(
            col(Dispute.provider) == news.provider, col(Dispute.provider_ref) == _ref(news)
        )
    )
    if row is not None:  # every opening that was audited has one (revision 0007)
        row.status, row.closed_at = move(row.status, outcome), ctx.now()


def _instant(text: str) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None


def _ref(news: News) -> str:
    return news.text("dispute_ref") or news.subject_ref


def _key(news: News, what: str) -> str:
    return f"dispute:{news.provider}:{_ref(news)}:{what}"
