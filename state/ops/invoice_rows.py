"""Invoices and credit notes in the words of operations."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from app.core.locale import format_date
from app.core.money import Money
from app.rules.dunning import shown_status
from app.rules.periods import BillingMonth
from app.services.ops_money import InvoiceLine
from models.invoice import InvoiceKind
from state.moments import moment
from state.ops.words import LOCALE, money


@dataclass(frozen=True)
class InvoiceRow:
    """An invoice or credit note in a list."""

    id: str
    number: str
    is_note: bool
    vendor: str
    period: str
    status: str
    total: str
    outstanding: str
    due: str
    created: str
    created_exact: str


def to_invoice(line: InvoiceLine, now: dt.datetime) -> InvoiceRow:
    """Say an invoice in the words of a list."""
    one = line.invoice
    created = moment(one.created_at, now, LOCALE)
    due = (one.due_at - dt.timedelta(days=1)).date() if one.due_at else None
    left = max(Money.zero(one.currency), one.outstanding)
    return InvoiceRow(
        id=str(one.id),
        number=one.number or "",
        is_note=one.kind is InvoiceKind.CREDIT_NOTE,
        vendor=line.vendor,
        period=str(BillingMonth.containing(one.period_start)),
        status=shown_status(one.status, one.due_at, now).value,
        total=money(one.total),
        outstanding=money(left) if left else "–",
        due=format_date(due, LOCALE) if due else "–",
        created=created.text,
        created_exact=created.exact,
    )
