"""The sendings of a payout: each written down before it is asked for, and what came back of it."""

from __future__ import annotations

from sqlmodel import col, select

from app.core.money import Money
from app.rules.statuses import PayoutStatus, move
from app.services import ledger
from app.services.context import Context
from app.services.ledger import HOUSE
from app.services.news import News, NotKnownYetError
from models.ledger import AccountKind
from models.payment import Payout, PayoutTransfer


async def begun(ctx: Context, payout: Payout) -> PayoutTransfer | None:
    """Return what a locked payout's present attempt sends; None while nothing was asked for."""
    return await ctx.db.scalar(
        select(PayoutTransfer)
        .where(
            col(PayoutTransfer.payout_id) == payout.id,
            col(PayoutTransfer.attempt) == payout.attempts,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def begin(ctx: Context, payout: Payout, provider: str, account_ref: str) -> PayoutTransfer:
    """Write down what is sent now: all that is owed of a locked payout, to this account."""
    transfer = PayoutTransfer(
        tenant_id=payout.tenant_id,
        payout_id=payout.id,
        attempt=payout.attempts,
        provider=provider,
        account_ref=account_ref,
        amount_micros=payout.owed.micros,
        currency=payout.currency,
        created_at=ctx.now(),
    )
    ctx.db.add(transfer)
    await ctx.db.flush()
    return transfer


async def withdraw(ctx: Context, payout: Payout) -> None:
    """Forget what was to be sent and was never asked for; the payout is locked."""
    found = await begun(ctx, payout)
    if found is not None and found.sent_at is None:
        await ctx.db.delete(found)


async def book(
    ctx: Context, payout: Payout, source: AccountKind, *, provider_ref: str, is_paid: bool
) -> None:
    """Book that the locked payout's sending was carried out, out of one of our accounts."""
    transfer = await begun(ctx, payout)
    assert transfer is not None  # noqa: S101 - it was begun before it was asked for
    transfer.provider_ref, transfer.sent_at = provider_ref or None, ctx.now()
    payout.provider_ref = transfer.provider_ref
    payout.sent_micros += transfer.amount_micros
    payout.status = move(payout.status, PayoutStatus.SENT)
    if is_paid:
        payout.status, payout.paid_at = move(payout.status, PayoutStatus.PAID), ctx.now()
    note(ctx, "payout.sent", payout, {"provider": payout.provider}, amount=transfer.amount)
    if payout.owed:  # an earlier sending came back while this one was on its way
        _fall_back(payout, f"{payout.owed} came back and is still owed")
    await ledger.post(
        ctx,
        key=f"payout:{payout.id}:{transfer.attempt}",
        kind="payout",
        tenant_id=payout.tenant_id,
        subject_id=payout.id,
        memo=payout.reference or provider_ref,
        postings=[
            (str(payout.tenant_id), AccountKind.PAYABLE, transfer.amount),
            (HOUSE, source, -transfer.amount),
        ],
    )


async def reversed_(ctx: Context, news: News) -> bool:
    """Book what came back of a sending: owed again, to be sent again by an operator.

    The notification tells all that came back so far, so that one that comes twice, late or out of
    order books only what no other has; without an amount all of it came back. Raises
    ``ValueError`` when more would come back than was sent.
    """
    ref = news.text("payout_ref") or news.subject_ref
    transfer = await ctx.db.scalar(
        select(PayoutTransfer).where(
            col(PayoutTransfer.provider) == news.provider, col(PayoutTransfer.provider_ref) == ref
        )
    )
    if transfer is None:
        raise NotKnownYetError("This payout is not written down here.")
    payout = await ctx.get_any(Payout, transfer.payout_id, lock=True)
    transfer = await ctx.get_any(PayoutTransfer, transfer.id, lock=True)
    total = news.amount("amount") or transfer.amount
    if total > transfer.amount:  # raises for another currency
        raise ValueError(f"{total} came back of {transfer.amount}")
    back = total - Money(transfer.returned_micros, transfer.currency)
    if back <= Money.zero(back.currency):
        return False
    transfer.returned_micros = total.micros
    payout.sent_micros -= back.micros
    why = news.text("failure") or "sent back"
    _fall_back(payout, why if total == transfer.amount else f"{total} came back: {why}")
    note(ctx, "payout.reversed", payout, {"failure": why}, amount=back, result="failure")
    return await ledger.post(
        ctx,
        key=f"payout:{payout.id}:{transfer.attempt}:reversed:{total.micros}",
        kind="payout_reversed",
        tenant_id=payout.tenant_id,
        subject_id=payout.id,
        memo=payout.failure,
        postings=[
            (HOUSE, AccountKind.PROCESSOR, back),
            (str(payout.tenant_id), AccountKind.PAYABLE, -back),
        ],
    )


def note(
    ctx: Context,
    kind: str,
    payout: Payout,
    body: dict[str, str],
    *,
    amount: Money | None = None,
    result: str = "success",
) -> None:
    """Add to the audit stream what happened to a payout, to all of it or to an amount."""
    ctx.audit(
        kind,
        tenant_id=payout.tenant_id,
        subject=("payout", payout.id),
        body={"amount": str(amount or payout.amount), **body},
        result=result,
    )


def _fall_back(payout: Payout, why: str) -> None:
    """Let a payout wait for an operator; one that is sent again already goes on."""
    if payout.status in (PayoutStatus.SENT, PayoutStatus.PAID):
        payout.status, payout.paid_at = move(payout.status, PayoutStatus.FAILED), None
    payout.failure = why[:300]
