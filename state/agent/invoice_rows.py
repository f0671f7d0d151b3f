"""Why an agent's invoice is as high as it is, in the words of its page."""

from __future__ import annotations

import datetime as dt

from app.core.locale import format_date, format_money, format_number
from app.services.explanations import Explanation
from app.services.invoices import InvoiceDetail
from components.explain import WhyRow
from models.invoice import InvoiceKind
from state.agent.standing_rows import LOCALE

RULE = (
    "A call is charged when it is billable and succeeded after the upgrade. Dry runs, replays, reads and "
    "calls that failed cost nothing."
)


def why_row(found: InvoiceDetail, why: Explanation) -> WhyRow:
    """Say the arithmetic behind an invoice; a credit note has none of its own."""
    if found.invoice.kind is not InvoiceKind.INVOICE or not why.sums:
        return WhyRow()
    one = why.sums[0]
    period = ""
    if why.counted_from and why.counted_until:
        last = why.counted_until - dt.timedelta(days=1)
        period = f"{format_date(why.counted_from, LOCALE)} to {format_date(last, LOCALE)}"
    return WhyRow(
        quantity=format_number(one.quantity, LOCALE),
        quantity_label="charged calls",
        price=format_money(one.unit_price, LOCALE),
        price_label="a call",
        amount=format_money(one.amount, LOCALE),
        amount_label="before tax",
        rule=RULE,
        period=period,
        contract=f"{format_money(one.unit_price, LOCALE)} a call",
    )
