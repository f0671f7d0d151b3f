"""One invoice in the words of its own page: its lines, its sums, what was counted."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from app.core.locale import format_date, format_money, format_number, format_percent
from app.core.money import Money
from app.services.explanations import CountedDevice, Explanation
from app.services.invoices import InvoiceDetail
from components.explain import WhyRow
from models.invoice import InvoiceKind
from state.vendor.payment_rows import is_owed

RULE = (
    "A device counts when it had at least one authority event in the 30 days before "
    "the month ends. Registration alone does not count."
)


@dataclass(frozen=True)
class LineRow:
    """One charge: quantity times price is the amount."""

    id: str
    text: str
    detail: str
    quantity: str
    price: str
    amount: str


@dataclass(frozen=True)
class SumRow:
    """One step from the lines to what is to be paid."""

    label: str
    amount: str
    is_strong: bool = False


@dataclass(frozen=True)
class CountedRow:
    """A device that was counted."""

    id: str
    device_id: str
    user: str
    events: str
    last_day: str
    href: str


def lines(why: Explanation, locale: str) -> list[LineRow]:
    """Say the charges."""
    return [
        LineRow(
            id=str(number),
            text=one.description,
            detail=str(one.basis.get("reason", "")),
            quantity=format_number(one.quantity, locale),
            price=format_money(one.unit_price, locale),
            amount=format_money(one.amount, locale),
        )
        for number, one in enumerate(why.sums)
    ]


def sums(found: InvoiceDetail, why: Explanation, locale: str) -> list[SumRow]:
    """Say the steps from the lines to what is to be paid; steps that change nothing are left out."""
    nothing = Money.zero(why.total.currency)
    rate = format_percent(why.tax_rate, locale)
    tax = "Tax (reverse charge)" if why.is_reverse_charge else f"Tax {rate}"
    steps = [SumRow("Subtotal", format_money(why.subtotal, locale))]
    steps.append(SumRow(tax, format_money(why.tax, locale)))
    if why.carried_in != nothing:
        steps.append(SumRow("Carried from before", format_money(why.carried_in, locale)))
    if why.carried_out != nothing:
        steps.append(SumRow("Carried to the next invoice", format_money(-why.carried_out, locale)))
    steps.append(SumRow("Total", format_money(why.total, locale), is_strong=True))
    one = found.invoice
    if is_owed(found) and one.outstanding != one.total:
        steps.append(SumRow("Still to pay", format_money(one.outstanding, locale), is_strong=True))
    return steps


def why_row(found: InvoiceDetail, why: Explanation, locale: str) -> WhyRow:
    """Say the arithmetic behind an invoice; a credit note has none of its own."""
    if found.invoice.kind is not InvoiceKind.INVOICE or not why.sums:
        return WhyRow()
    one = why.sums[0]
    row = WhyRow(
        quantity=format_number(one.quantity, locale),
        quantity_label="active devices",
        price=format_money(one.unit_price, locale),
        price_label="a device",
        amount=format_money(one.amount, locale),
        amount_label="before tax",
        rule=RULE,
    )
    if why.counted_from and why.counted_until:
        last = why.counted_until - dt.timedelta(days=1)
        counted = f"{format_date(why.counted_from, locale)} to {format_date(last, locale)}"
        row = replace(row, period=counted)
    if why.price_since:
        since = format_date(why.price_since, locale)
        row = replace(row, contract=f"Price in force since {since}")
    return row


def counted(one: CountedDevice, locale: str) -> CountedRow:
    """Say one device that was counted, with the way to it."""
    return CountedRow(
        id=str(one.device_pk),
        device_id=one.device_id,
        user=one.user_omni,
        events=format_number(one.events, locale),
        last_day=format_date(one.last_day, locale),
        href=f"/vendor/devices?open={one.device_pk}",
    )
