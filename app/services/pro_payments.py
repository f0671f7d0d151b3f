"""What users paid for Pro and got back, with the share of the vendor that acquired them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import delete, func, select
from sqlmodel import col

from app.core.errors import InvalidInputError
from app.core.money import Money
from app.rules import revenue
from app.services.context import Context
from app.services.outbox import insert_or_ignore
from models.device import Acquisition
from models.usage import ProPayment, UnmatchedEvent, UsageEvent

PAID: Final = "paid"
REFUNDED: Final = "refunded"
WAITING: Final = "payment_not_seen"


@dataclass(slots=True)
class _Payment:
    """A payment and how much of it was given back so far."""

    row: ProPayment
    refunded: Money


async def fold(ctx: Context, low: int, high: int) -> None:
    """Take over the Pro events numbered ``(low, high]``; refunds that waited for them as well."""
    events = await _events(
        ctx,
        col(UsageEvent.seq) > low,
        col(UsageEvent.seq) <= high,
        col(UsageEvent.type).like("pro.%"),
    )
    paid = [event for event in events if event.type == "pro.paid"]
    await _store_payments(ctx, paid)
    refunds = [event for event in events if event.type == "pro.refunded"]
    refunds += await _waiting(ctx, {event.event_id for event in paid})
    await _store_refunds(ctx, refunds)
    await ctx.db.flush()


async def _store_payments(ctx: Context, events: Sequence[UsageEvent]) -> None:
    facts = [json.loads(event.data) for event in events]
    vendors = dict(
        (
            await ctx.db.execute(
                select(col(Acquisition.user_omni), col(Acquisition.tenant_id)).where(
                    col(Acquisition.user_omni).in_({fact["user_omni"] for fact in facts})
                )
            )
        ).all()
    )
    for event, fact in zip(events, facts, strict=True):
        gross = Money.of(fact["amount"], fact["currency"])
        tenant_id = vendors.get(fact["user_omni"])
        share = revenue.share_of(gross) if tenant_id else Money.zero(gross.currency)
        if tenant_id is None:
            await _set_aside(ctx, event, "user_not_acquired")
        row = ProPayment(
            source_id=event.source_id,
            event_id=event.event_id,
            tenant_id=tenant_id,
            kind=PAID,
            subscription_ref=fact["subscription_ref"],
            user_omni=fact["user_omni"],
            gross_micros=gross.micros,
            share_micros=share.micros,
            currency=gross.currency,
            occurred_at=event.occurred_at,
        )
        ctx.db.add(row)
        _note(ctx, row)
    await ctx.db.flush()


async def _store_refunds(ctx: Context, events: Sequence[UsageEvent]) -> None:
    facts = {event.seq: json.loads(event.data) for event in events}
    payments = await _payments(ctx, {fact["payment_event_id"] for fact in facts.values()})
    done: list[int | None] = []
    for event in sorted(events, key=lambda one: one.seq or 0):
        fact = facts[event.seq]
        same_id = payments.get(fact["payment_event_id"], [])
        payment = next((one for one in same_id if one.row.source_id == event.source_id), None)
        # The platform's token may have changed between the payment and its refund.
        payment = payment or (same_id[0] if len(same_id) == 1 else None)
        problem = WAITING if payment is None else _give_back(ctx, event, fact, payment)
        if problem:
            await _set_aside(ctx, event, problem)
        if problem != WAITING:
            done.append(event.seq)
    await ctx.db.execute(
        delete(UnmatchedEvent).where(
            col(UnmatchedEvent.seq).in_(done), col(UnmatchedEvent.reason) == WAITING
        )
    )


def _give_back(
    ctx: Context, event: UsageEvent, fact: dict[str, str], payment: _Payment
) -> str | None:
    """Add the refund of a payment, or say why it cannot be one."""
    paid = payment.row
    amount = Money.of(fact["amount"], fact["currency"])
    if amount.currency != paid.currency:
        return "currency_differs"
    gross, share = Money(paid.gross_micros, paid.currency), Money(paid.share_micros, paid.currency)
    try:
        back = revenue.reverse(share, gross, payment.refunded, amount)
    except InvalidInputError as error:
        return error.reason
    payment.refunded += amount
    row = ProPayment(
        source_id=event.source_id,
        event_id=event.event_id,
        tenant_id=paid.tenant_id,
        kind=REFUNDED,
        subscription_ref=fact["subscription_ref"],
        user_omni=paid.user_omni,
        refunds_id=paid.id,
        gross_micros=-amount.micros,
        share_micros=-back.micros,
        currency=paid.currency,
        occurred_at=event.occurred_at,
    )
    ctx.db.add(row)
    _note(ctx, row)
    return None


async def _payments(ctx: Context, event_ids: Iterable[str]) -> dict[str, list[_Payment]]:
    rows = (
        await ctx.db.scalars(
            select(ProPayment).where(
                col(ProPayment.event_id).in_(event_ids), col(ProPayment.kind) == PAID
            )
        )
    ).all()
    sums = dict(
        (
            await ctx.db.execute(
                select(col(ProPayment.refunds_id), func.sum(col(ProPayment.gross_micros)))
                .where(col(ProPayment.refunds_id).in_([row.id for row in rows]))
                .group_by(col(ProPayment.refunds_id))
            )
        ).all()
    )
    found: dict[str, list[_Payment]] = {}
    for row in rows:
        refunded = Money(-int(sums.get(row.id, 0)), row.currency)
        found.setdefault(row.event_id, []).append(_Payment(row, refunded))
    return found


async def _waiting(ctx: Context, paid: set[str]) -> list[UsageEvent]:
    """Return the refunds set aside until one of these payments is seen."""
    if not paid:
        return []
    aside = await _events(
        ctx,
        col(UsageEvent.seq).in_(
            select(col(UnmatchedEvent.seq)).where(col(UnmatchedEvent.reason) == WAITING)
        ),
    )
    return [event for event in aside if json.loads(event.data)["payment_event_id"] in paid]


async def _events(ctx: Context, *conditions: Any) -> list[UsageEvent]:
    rows = await ctx.db.scalars(select(UsageEvent).where(*conditions).order_by(col(UsageEvent.seq)))
    return list(rows)


async def _set_aside(ctx: Context, event: UsageEvent, reason: str) -> None:
    values = {"seq": event.seq, "reason": reason, "noted_at": ctx.now()}
    await ctx.db.execute(insert_or_ignore(ctx, UnmatchedEvent, values, "seq"))


def _note(ctx: Context, row: ProPayment) -> None:
    if row.tenant_id is None:
        return
    gross, share = Money(row.gross_micros, row.currency), Money(row.share_micros, row.currency)
    ctx.audit(
        f"pro.{row.kind}",
        tenant_id=row.tenant_id,
        subject=("pro_payment", row.id),
        body={
            "subscription_ref": row.subscription_ref,
            "user_omni": row.user_omni,
            "gross": str(gross),
            "share": str(share),
        },
    )
