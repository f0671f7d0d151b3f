"""One invoice in the words of operations: its facts, its arithmetic and what was counted."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from app.core.locale import format_date, format_number, format_percent
from app.services.explanations import CountedDevice, Explanation
from app.services.invoices import InvoiceDetail, InvoiceView
from components.explain import WhyRow
from models.invoice import InvoiceKind
from state.moments import moment
from state.ops.words import LOCALE, money

RULE = (
    "A device counts when it had at least one authority event in the 30 days before the month "
    "ends. Registration alone does not count."
)


@dataclass(frozen=True)
class InvoicePage:
    """An invoice or credit note on its page."""

    id: str = ""
    number: str = ""
    is_note: bool = False
    vendor: str = ""
    tenant_id: str = ""
    status: str = ""
    period: str = ""
    subtotal: str = ""
    tax: str = ""
    carried: str = ""
    total: str = ""
    outstanding: str = ""
    outstanding_text: str = ""
    currency: str = ""
    issued: str = ""
    due: str = ""
    paid: str = ""
    rail: str = ""
    failures: str = ""
    next_attempt: str = ""
    is_being_charged: bool = False
    is_open: bool = False
    can_credit: bool = False
    pdf: str = ""
    corrects: str = ""
    corrects_id: str = ""


@dataclass(frozen=True)
class NoteRow:
    """A credit note that corrects an invoice."""

    id: str
    number: str
    total: str
    issued: str


@dataclass(frozen=True)
class CountedRow:
    """A device that an invoice counted."""

    id: str
    device_id: str
    user: str
    events: str
    last_day: str


def to_page(found: InvoiceDetail, why: Explanation, now: dt.datetime) -> InvoicePage:
    """Say an invoice in the words of its page."""
    one = found.invoice
    is_note, is_open = one.kind is InvoiceKind.CREDIT_NOTE, one.status.value in ("open", "overdue")
    carried = why.carried_in - why.carried_out
    rate = "reverse charge" if why.is_reverse_charge else format_percent(why.tax_rate, LOCALE)
    last = one.period_end - dt.timedelta(days=1)
    return InvoicePage(
        id=str(one.id),
        number=one.number,
        is_note=is_note,
        vendor=one.vendor,
        tenant_id=str(one.tenant_id),
        status=one.status.value,
        period=f"{format_date(one.period_start, LOCALE)} to {format_date(last, LOCALE)}",
        subtotal=money(one.subtotal),
        tax=f"{money(one.tax)}, {rate}",
        carried=money(carried) if carried else "",
        total=money(one.total),
        outstanding=money(one.outstanding) if one.outstanding else "Nothing",
        outstanding_text=one.outstanding.text(),
        currency=one.total.currency,
        issued=format_date(one.issued_on, LOCALE) if one.issued_on else "–",
        due=format_date(one.due_on, LOCALE) if one.due_on else "–",
        paid=moment(one.paid_at, now, LOCALE).exact if one.paid_at else "–",
        rail="Card" if one.rail == "card" else "Alipay, by invoice",
        failures=f"{found.failures} failed" if found.failures else "",
        next_attempt=moment(found.next_attempt_at, now, LOCALE).exact
        if found.next_attempt_at
        else "",
        is_being_charged=found.is_being_charged,
        is_open=is_open and not is_note,
        can_credit=not is_note and (is_open or one.status.value == "paid"),
        pdf=f"/api/invoices/{one.id}/pdf" if one.has_pdf else "",
        corrects=found.corrects.number if found.corrects else "",
        corrects_id=str(found.corrects.id) if found.corrects else "",
    )


def to_why(one: InvoiceView, why: Explanation) -> WhyRow:
    """Say the arithmetic of an invoice's first line; a credit note has none of its own."""
    if not why.sums or why.counted_from is None or why.counted_until is None:
        return WhyRow()
    first = why.sums[0]
    until = why.counted_until - dt.timedelta(days=1)
    return WhyRow(
        quantity=format_number(first.quantity, LOCALE),
        quantity_label="active devices",
        price=money(first.unit_price),
        price_label="a device",
        amount=money(first.amount),
        amount_label="before tax" if one.tax else "claimed",
        rule=RULE,
        period=f"{format_date(why.counted_from, LOCALE)} to {format_date(until, LOCALE)}",
        contract=f"Price in force since {format_date(why.price_since, LOCALE)}"
        if why.price_since
        else "",
    )


def to_note(one: InvoiceView) -> NoteRow:
    """Say a credit note."""
    issued = format_date(one.issued_on, LOCALE) if one.issued_on else "–"
    return NoteRow(str(one.id), one.number, money(one.total), issued)


def to_counted(one: CountedDevice) -> CountedRow:
    """Say a device that was counted."""
    return CountedRow(
        str(one.device_pk),
        one.device_id,
        one.user_omni,
        format_number(one.events, LOCALE),
        format_date(one.last_day, LOCALE),
    )
