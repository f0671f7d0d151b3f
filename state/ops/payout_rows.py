"""Payouts in the words of operations."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from app.core.money import Money
from app.services.ops_money import PayoutLine
from state.moments import moment
from state.ops.words import LOCALE, money


@dataclass(frozen=True)
class PayoutRow:
    """A payout in a list, and beside it."""

    id: str = ""
    vendor: str = ""
    tenant_id: str = ""
    period: str = ""
    number: str = ""
    status: str = ""
    amount: str = ""
    owed: str = ""
    is_part_owed: bool = False
    gross: str = ""
    carried: str = ""
    provider: str = ""
    provider_ref: str = ""
    reference: str = ""
    failure: str = ""
    next_step: str = ""
    attempts: int = 0
    created: str = ""
    created_exact: str = ""
    paid: str = ""
    can_settle: bool = False
    can_retry: bool = False
    has_statement: bool = False


def to_payout(line: PayoutLine, now: dt.datetime) -> PayoutRow:
    """Say a payout."""
    one = line.payout
    created = moment(one.created_at, now, LOCALE)
    status = one.status.value
    carried = Money(one.carried_in_micros, one.currency)
    return PayoutRow(
        id=str(one.id),
        vendor=line.vendor,
        tenant_id=str(one.tenant_id),
        period=one.period,
        number=one.number or "–",
        status=status,
        amount=money(one.amount),
        owed=money(one.owed),
        is_part_owed=Money.zero(one.currency) < one.owed < one.amount,
        gross=money(Money(one.gross_micros, one.currency)),
        carried=money(carried) if carried else "",
        provider=one.provider or "–",
        provider_ref=one.provider_ref or "",
        reference=one.reference,
        failure=one.failure,
        next_step=next_step(status, one.failure),
        attempts=one.attempts,
        created=created.text,
        created_exact=created.exact,
        paid=moment(one.paid_at, now, LOCALE).exact if one.paid_at else "–",
        can_settle=status in ("held", "failed", "sent") and one.amount_micros > 0,
        can_retry=status in ("held", "failed") and one.amount_micros > 0,
        has_statement=one.statement_id is not None,
    )


def next_step(status: str, failure: str) -> str:
    """Say what operations should do about a payout that waits; nothing for one that does not."""
    by_hand = "or pay it by bank and mark it paid."
    if status == "failed":
        return f"The money did not arrive. Check the account with the vendor, then send it again, {by_hand}"
    if status != "held":
        return ""
    if failure == "no payout account":
        return f"Ask the vendor to connect a payout account under Revenue, then send it again, {by_hand}"
    if "cannot pay out" in failure:
        return "The provider does not pay out this currency. Pay it by bank and mark it paid."
    return f"Ask the vendor to complete its payout account, then send it again, {by_hand}"
