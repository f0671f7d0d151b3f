"""How an invoice is paid, in the words of its page: what came, what was tried, what happens next."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.locale import format_date, format_datetime, format_money
from app.rules.statuses import InvoiceStatus, PaymentStatus
from app.services.invoices import InvoiceDetail
from app.services.rails import MANUAL
from models.payment import ChargeAttempt, Payment
from models.tenant import Rail


@dataclass(frozen=True)
class TryRow:
    """Money that came, or a try to get it."""

    id: str
    at: str
    what: str
    amount: str
    status: str
    note: str


@dataclass(frozen=True)
class PayWords:
    """What is to be done about the money; ``href`` is empty where nothing can be paid by hand."""

    amount: str = ""
    paid: str = ""
    line: str = ""
    href: str = ""


def pay_of(found: InvoiceDetail, pay_href: str, locale: str) -> PayWords:
    """Say what is to be done about the money; ``pay_href`` is where it can be paid by hand."""
    one = found.invoice
    return PayWords(
        amount=format_money(one.outstanding, locale),
        paid=format_datetime(one.paid_at, locale) if one.paid_at else "",
        line=pay_words(found, locale),
        href=pay_href if is_payable(found) else "",
    )


def is_owed(found: InvoiceDetail) -> bool:
    """Tell whether an invoice is open, late or not."""
    return found.invoice.status in (InvoiceStatus.OPEN, InvoiceStatus.OVERDUE)


def is_payable(found: InvoiceDetail) -> bool:
    """Tell whether its vendor may pay by hand: it always does, or the charge of its card failed."""
    one = found.invoice
    by_hand = one.rail == Rail.INVOICE or found.failures > 0
    return is_owed(found) and by_hand and bool(one.outstanding) and not found.is_being_charged


def pay_words(found: InvoiceDetail, locale: str) -> str:
    """Say what happens next about the money of an open invoice."""
    if not is_owed(found):
        return ""
    if found.is_being_charged:
        return "We are charging your payment method now."
    if found.invoice.rail == Rail.INVOICE:
        return "Please pay with Alipay. It shows as paid as soon as the payment arrives."
    if not found.failures:
        return "We will charge your payment method."
    if found.next_attempt_at is None:
        return "Your payment method was refused. Please pay here, or connect another one."
    again = format_date(found.next_attempt_at.date(), locale)
    return f"Your payment method was refused. We try again on {again}, or you pay here now."


def tries(found: InvoiceDetail, locale: str) -> list[TryRow]:
    """Say the payments and the charges that brought none, in the order they happened."""
    # A failed charge is in both lists: the attempt counts it, the payment keeps the provider's id.
    attempted = {one.payment_ref for one in found.attempts if one.payment_ref}
    came = [
        (one.created_at, _payment(one, locale))
        for one in found.payments
        if one.status is not PaymentStatus.FAILED or one.provider_ref not in attempted
    ]
    tried = [
        (one.created_at, _attempt(one, locale))
        for one in found.attempts
        if one.status is not PaymentStatus.SUCCEEDED
    ]
    return [row for _, row in sorted([*tried, *came], key=lambda each: each[0])]


def _payment(one: Payment, locale: str) -> TryRow:
    by_hand = "Bank transfer" if one.provider == MANUAL else one.provider.capitalize()
    gone = one.amount - one.kept
    note = one.failure or (f"{format_money(gone, locale)} given back" if gone else "")
    return TryRow(
        id=str(one.id),
        at=format_datetime(one.created_at, locale),
        what=one.method_label or by_hand,
        amount=format_money(one.amount, locale),
        status=one.status.value,
        note=note,
    )


def _attempt(one: ChargeAttempt, locale: str) -> TryRow:
    return TryRow(
        id=str(one.id),
        at=format_datetime(one.created_at, locale),
        what=f"Charge {one.number}",
        amount="",
        status=one.status.value,
        note=one.failure,
    )
