"""Payments and refunds in the words of operations."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from app.core.money import Money
from app.services.ops_money import PaymentLine
from models.payment import Refund
from state.moments import moment
from state.ops.words import LOCALE, money


@dataclass(frozen=True)
class PaymentRow:
    """A payment in a list, and beside it."""

    id: str = ""
    vendor: str = ""
    tenant_id: str = ""
    number: str = ""
    invoice_id: str = ""
    status: str = ""
    amount: str = ""
    kept: str = ""
    is_reduced: bool = False
    method: str = ""
    provider: str = ""
    provider_ref: str = ""
    reference: str = ""
    failure: str = ""
    excess: str = ""
    created: str = ""
    created_exact: str = ""
    settled: str = ""
    can_refund: bool = False
    refundable: str = ""
    currency: str = ""


@dataclass(frozen=True)
class RefundRow:
    """Money given back of a payment."""

    id: str
    status: str
    amount: str
    reason: str
    failure: str
    created: str
    created_exact: str


def to_payment(line: PaymentLine, now: dt.datetime) -> PaymentRow:
    """Say a payment; ``refundable`` is what no refund has taken yet."""
    one = line.payment
    created = moment(one.created_at, now, LOCALE)
    may = one.status.value == "succeeded" and one.provider != "manual" and bool(one.kept)
    return PaymentRow(
        id=str(one.id),
        vendor=line.vendor,
        tenant_id=str(one.tenant_id),
        number=line.number or "–",
        invoice_id=str(one.invoice_id or ""),
        status=one.status.value,
        amount=money(one.amount),
        kept=money(one.kept),
        is_reduced=one.kept != one.amount,
        method=one.method_label or "–",
        provider=one.provider,
        provider_ref=one.provider_ref,
        reference=one.reference,
        failure=one.failure,
        excess=money(one.credit) if one.credit else "",
        created=created.text,
        created_exact=created.exact,
        settled=moment(one.settled_at, now, LOCALE).exact if one.settled_at else "–",
        can_refund=may,
        refundable=one.kept.text(),
        currency=one.currency,
    )


def to_refund(row: Refund, now: dt.datetime) -> RefundRow:
    """Say a refund."""
    created = moment(row.created_at, now, LOCALE)
    return RefundRow(
        id=str(row.id),
        status=row.status.value,
        amount=money(Money(row.amount_micros, row.currency)),
        reason=row.reason,
        failure=row.failure,
        created=created.text,
        created_exact=created.exact,
    )
