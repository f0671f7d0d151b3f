"""The vendors' revenue share: summed once a month, paid once, carried where it cannot be paid."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Final
from uuid import UUID

from sqlalchemy import func, update
from sqlmodel import col, select

from app.core.errors import ConflictError, InvalidInputError, ProviderRefusedError
from app.core.ids import new_id
from app.core.money import Money
from app.rules.invoicing import STATEMENT_PREFIX, settle
from app.rules.periods import BillingMonth
from app.rules.revenue import minimum_payout
from app.rules.statuses import PayoutStatus, move
from app.services import ledger, numbers, outbox, paging, payout_accounts, transfers
from app.services.context import Context
from app.services.ledger import HOUSE
from app.services.paging import Page
from app.services.ports import JobName, PayoutResult
from app.services.rails import MANUAL
from models.ledger import AccountKind
from models.payment import Payout
from models.person import Role
from models.tenant import Tenant
from models.usage import ProPayment

STUCK: Final = dt.timedelta(hours=12)
"""How long a job tries by itself before a payout counts as forgotten."""
SENDABLE: Final = (PayoutStatus.PENDING, PayoutStatus.HELD)


async def prepare(ctx: Context, tenant_id: UUID, period: str) -> list[UUID]:
    """Put a month's unpaid shares into payouts, one a currency; repeated, it finds them again.

    Everything that happened before the month's end and was in no payout yet counts, so news that
    came late is paid with the next month. A sum below the minimum, or below zero after refunds,
    is carried to the next payout.
    """
    ctx.require_system()
    month = BillingMonth.parse(period, "period")
    await ctx.get_any(Tenant, tenant_id, lock=True)
    waiting = await ctx.db.scalars(
        select(ProPayment.currency)
        .where(
            col(ProPayment.tenant_id) == tenant_id,
            col(ProPayment.payout_id).is_(None),
            col(ProPayment.occurred_at) < month.end,
        )
        .distinct()
        .order_by(col(ProPayment.currency))
    )
    for currency in waiting.all():
        await _prepare(ctx, tenant_id, month, currency)
    found = await ctx.db.scalars(
        select(Payout.id)
        .where(col(Payout.tenant_id) == tenant_id, col(Payout.period) == period)
        .order_by(col(Payout.currency))
    )
    return list(found.all())


async def sharing(ctx: Context, tenant_ids: Collection[UUID], month: BillingMonth) -> set[UUID]:
    """Return those tenants that have a share of a month or before, or a payout of it, to go out."""
    waiting = select(col(ProPayment.tenant_id)).where(
        col(ProPayment.tenant_id).in_(tenant_ids),
        col(ProPayment.payout_id).is_(None),
        col(ProPayment.occurred_at) < month.end,
    )
    begun = select(col(Payout.tenant_id)).where(
        col(Payout.tenant_id).in_(tenant_ids), col(Payout.period) == str(month)
    )
    return {tenant_id for (tenant_id,) in await ctx.db.execute(waiting.union(begun)) if tenant_id}


async def list_page(
    ctx: Context, *, limit: int = paging.DEFAULT_LIMIT, cursor: str | None = None
) -> Page[Payout]:
    """Return the acting vendor's payouts, the newest first."""
    query = ctx.mine(Payout)
    if cursor:
        key, id_ = paging.decode_cursor(cursor, "payouts")
        at = paging.instant(key)
        query = query.where(
            paging.after(col(Payout.created_at), at, col(Payout.id), id_, down=True)
        )
    query = query.order_by(col(Payout.created_at).desc(), col(Payout.id).desc())
    rows = list(await ctx.db.scalars(query.limit(limit + 1)))
    more, rows = len(rows) > limit, rows[:limit]
    last = rows[-1] if more else None
    return Page(
        rows,
        paging.encode_cursor("payouts", last.created_at.isoformat(), last.id) if last else None,
    )


async def start_sending(ctx: Context, payout_id: UUID) -> None:
    """Have a payout sent by a job of its own; asked again, it is the same job."""
    payout = await ctx.get_any(Payout, payout_id)
    if payout.status is PayoutStatus.PENDING and payout.amount_micros > 0:
        await _enqueue(ctx, payout, "send")


async def send(ctx: Context, payout_id: UUID) -> str:
    """Send a payout to its vendor's account (repeatable); returns its status.

    Without a ready account, or where the provider cannot pay that currency out, it is held until
    the account is ready or an operator settles it. What may have been asked for already is asked
    for again just as it was, whatever became of the account since.
    """
    ctx.require_system()
    payout = await _locked(ctx, payout_id)
    if payout.status not in SENDABLE or payout.amount_micros <= 0:
        return payout.status
    transfer = await transfers.begun(ctx, payout)
    if transfer is None:
        account = await payout_accounts.current(ctx, payout.tenant_id)
        if account is None or not account.is_ready:
            return _hold(payout, account.blocked_reason if account else "no payout account")
        if payout.status is PayoutStatus.HELD:
            payout.status = move(payout.status, PayoutStatus.PENDING)
            payout.attempts += 1
        transfer = await transfers.begin(ctx, payout, account.provider, account.account_ref)
    payout.provider, payout.failure = transfer.provider, ""
    slug, ref, amount = transfer.provider, transfer.account_ref, transfer.amount
    attempt, number = payout.attempts, payout.number
    async with ctx.outside() as providers:
        adapter = providers.payment(slug)
        able = adapter.can_pay_out and amount.currency in adapter.currencies
        result: PayoutResult | None = None
        failure = ""
        if able:
            try:
                result = await adapter.pay_out(
                    account_ref=ref,
                    amount=amount,
                    reference=f"{payout_id.hex}{attempt or ''}",
                    description=f"Revenue share {number}",
                    idempotency_key=f"payout:{payout_id}:{attempt}",
                )
            except ProviderRefusedError as refusal:
                failure = refusal.message
    payout = await _locked(ctx, payout_id)
    if payout.status is not PayoutStatus.PENDING or payout.attempts != attempt:
        return payout.status
    if not able:
        await transfers.withdraw(ctx, payout)
        return _hold(payout, f"{slug} cannot pay out {amount.currency}")
    if result is None:
        payout.status = move(payout.status, PayoutStatus.FAILED)
        payout.failure = failure[:300]
        transfers.note(
            ctx, "payout.failed", payout, {"failure": failure}, amount=amount, result="failure"
        )
        return payout.status
    await transfers.book(
        ctx,
        payout,
        AccountKind.PROCESSOR,
        provider_ref=result.provider_ref,
        is_paid=result.outcome == "paid",
    )
    return payout.status


async def settle_manually(ctx: Context, payout_id: UUID, *, reference: str) -> None:
    """Let operations note that a payout was made by hand, or arrived, under a bank's reference.

    Raises ``ConflictError`` ``payout_not_settleable``: one that is just being sent is not settled
    by hand.
    """
    ctx.require_ops(Role.OPS_OPERATOR)
    if not reference.strip():
        raise InvalidInputError("A reference is needed.", fields=[("reference", "is empty")])
    payout = await _locked(ctx, payout_id)
    if payout.status is PayoutStatus.SENT:
        payout.status, payout.paid_at = move(payout.status, PayoutStatus.PAID), ctx.now()
        payout.reference = reference
    elif payout.status in (PayoutStatus.HELD, PayoutStatus.FAILED):
        payout.status = move(payout.status, PayoutStatus.PENDING)
        payout.provider, payout.reference, payout.failure = MANUAL, reference, ""
        payout.attempts += 1
        await transfers.begin(ctx, payout, MANUAL, "")
        await transfers.book(ctx, payout, AccountKind.BANK, provider_ref="", is_paid=True)
    else:
        raise ConflictError(f"This payout is {payout.status}.", reason="payout_not_settleable")
    transfers.note(ctx, "ops.payout_settled", payout, {"reference": reference})


async def retry(ctx: Context, payout_id: UUID) -> None:
    """Let operations send a failed or held payout again."""
    ctx.require_ops(Role.OPS_OPERATOR)
    payout = await _locked(ctx, payout_id)
    if payout.status not in (PayoutStatus.FAILED, PayoutStatus.HELD):
        raise ConflictError(f"This payout is {payout.status}.", reason="payout_not_settleable")
    payout.status = move(payout.status, PayoutStatus.PENDING)
    payout.attempts += 1
    await _enqueue(ctx, payout, "send")
    transfers.note(ctx, "ops.payout_retried", payout, {})


async def resume_due(ctx: Context) -> int:
    """Start again what should have been sent by now and was not; returns how many."""
    ctx.require_system()
    stuck = await ctx.db.scalars(
        select(Payout)
        .where(
            col(Payout.status) == PayoutStatus.PENDING,
            col(Payout.amount_micros) > 0,
            col(Payout.next_at) <= ctx.now(),
        )
        .order_by(col(Payout.next_at), col(Payout.id))
        .with_for_update(skip_locked=True)
    )
    payouts = stuck.all()
    for payout in payouts:
        await _enqueue(ctx, payout, ctx.now().isoformat())
        payout.next_at = ctx.now() + STUCK
    return len(payouts)


async def _prepare(ctx: Context, tenant_id: UUID, month: BillingMonth, currency: str) -> None:
    period = str(month)
    there = await ctx.db.scalar(
        select(Payout.id).where(
            col(Payout.tenant_id) == tenant_id,
            col(Payout.period) == period,
            col(Payout.currency) == currency,
        )
    )
    if there is not None:
        return  # what came after it was made waits for the next month
    carried_in = await _carried(ctx, tenant_id, currency)
    now = ctx.now()
    payout = Payout(
        id=new_id(),
        tenant_id=tenant_id,
        period=period,
        amount_micros=0,
        currency=currency,
        created_at=now,
        next_at=now + STUCK,
    )
    ctx.db.add(payout)
    await ctx.db.flush()
    gross, share = await _claim(ctx, payout, month.end)
    nothing = Money.zero(currency)
    amount, carried_out = settle(share + carried_in, minimum_payout(currency))
    payout.gross_micros, payout.amount_micros = gross.micros, amount.micros
    payout.carried_in_micros, payout.carried_out_micros = carried_in.micros, carried_out.micros
    if amount == nothing:
        payout.status, payout.paid_at = PayoutStatus.PAID, now  # complete: all of it is carried
    payout.number = await numbers.take(ctx, STATEMENT_PREFIX, now.date())
    transfers.note(ctx, "payout.prepared", payout, {"share": str(share), "period": period})
    if share != nothing:
        await ledger.post(
            ctx,
            key=f"share:{payout.id}",
            kind="revenue_share",
            tenant_id=tenant_id,
            subject_id=payout.id,
            memo=period,
            postings=[
                (HOUSE, AccountKind.REVENUE_SHARE, share),
                (str(tenant_id), AccountKind.PAYABLE, -share),
            ],
        )


async def _claim(ctx: Context, payout: Payout, end: dt.datetime) -> tuple[Money, Money]:
    """Take the unpaid payments into a payout and return their gross and share."""
    await ctx.db.execute(
        update(ProPayment)
        .where(
            col(ProPayment.tenant_id) == payout.tenant_id,
            col(ProPayment.currency) == payout.currency,
            col(ProPayment.payout_id).is_(None),
            col(ProPayment.occurred_at) < end,
        )
        .values(payout_id=payout.id)
        .execution_options(synchronize_session=False)
    )
    gross, share = (
        await ctx.db.execute(
            select(func.sum(ProPayment.gross_micros), func.sum(ProPayment.share_micros)).where(
                col(ProPayment.payout_id) == payout.id
            )
        )
    ).one()
    return Money(int(gross or 0), payout.currency), Money(int(share or 0), payout.currency)


async def _carried(ctx: Context, tenant_id: UUID, currency: str) -> Money:
    """Return what the latest payout handed on; the tenant is locked, so nobody else takes it."""
    micros = await ctx.db.scalar(
        select(Payout.carried_out_micros)
        .where(col(Payout.tenant_id) == tenant_id, col(Payout.currency) == currency)
        .order_by(col(Payout.created_at).desc(), col(Payout.id).desc())
        .limit(1)
    )
    return Money(micros or 0, currency)


def _hold(payout: Payout, why: str) -> str:
    if payout.status is not PayoutStatus.HELD:
        payout.status = move(payout.status, PayoutStatus.HELD)
    payout.failure = (why or "the payout account is not ready")[:300]
    return payout.status


async def _locked(ctx: Context, payout_id: UUID) -> Payout:
    return await ctx.get_any(Payout, payout_id, lock=True)


async def _enqueue(ctx: Context, payout: Payout, why: str) -> None:
    await outbox.enqueue(
        ctx,
        JobName.PAY_OUT,
        f"{payout.id}:{payout.attempts}:{why}",
        tenant_id=payout.tenant_id,
        payout_id=str(payout.id),
    )
