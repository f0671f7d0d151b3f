"""From lines to a claim: the one place that rounds, the numbers, the due date, the credits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Final

from app.core.clock import require_utc
from app.core.errors import ConflictError, InvalidInputError
from app.core.money import Money, slice_of, total

CREDIT_NOTE_PREFIX: Final = "CN"
STATEMENT_PREFIX: Final = "ST"


class LineKind(StrEnum):
    """What a line charges or credits."""

    DEVICES = "devices"
    CALLS = "calls"
    ADJUSTMENT = "adjustment"
    CREDIT = "credit"


@dataclass(frozen=True, slots=True)
class Line:
    """One line; ``text_key`` and ``params`` name its wording in the text catalogue.

    The amount is not free: it is quantity times unit price, to the micro.
    """

    kind: LineKind
    text_key: str
    quantity: int | Decimal
    unit_price: Money
    amount: Money
    params: Mapping[str, str | int] = field(default_factory=dict[str, str | int])

    def __post_init__(self) -> None:
        """Refuse an amount that does not follow from the line."""
        if self.amount != self.unit_price.times(self.quantity):
            raise ValueError(f"{self.quantity} x {self.unit_price} is not {self.amount}")


@dataclass(frozen=True, slots=True)
class Totals:
    """What an invoice adds up to: ``subtotal + tax + carried_in == total + carried_out``.

    Only ``total`` is claimed and payable to the minor unit; the others are exact to the micro.
    """

    subtotal: Money
    tax: Money
    carried_in: Money
    carried_out: Money
    total: Money


def line(
    kind: LineKind, text_key: str, quantity: int | Decimal, unit_price: Money, **params: str | int
) -> Line:
    """Return a line with its amount worked out."""
    return Line(kind, text_key, quantity, unit_price, unit_price.times(quantity), params)


def close(
    lines: Iterable[Line],
    *,
    carried_in: Money,
    tax_rate: Decimal,
    reverse_charge: bool,
    minimum: Money,
) -> Totals:
    """Return the totals of an invoice.

    ``tax_rate`` is a fraction (``Decimal("0.06")``) on this invoice's lines; what is carried in was
    taxed where it arose, and under reverse charge the customer owes the tax instead of us. The sum
    is settled against ``minimum`` (see ``settle``). Amounts of another currency raise.
    """
    if not 0 <= tax_rate < 1:
        raise ValueError(f"not a tax rate: {tax_rate}")
    subtotal = total((each.amount for each in lines), carried_in.currency)
    tax = Money.zero(carried_in.currency) if reverse_charge else subtotal.times(tax_rate)
    claimed, carried_out = settle(subtotal + tax + carried_in, minimum)
    return Totals(subtotal, tax, carried_in, carried_out, claimed)


def settle(exact: Money, minimum: Money) -> tuple[Money, Money]:
    """Return ``(payable, carried)``, together exactly the given amount.

    Payable is rounded once, half-up, to what the currency can pay; below ``minimum``, and always
    below zero, nothing is payable and the whole amount is carried.
    """
    if minimum < Money.zero(exact.currency):
        raise ValueError("a minimum is not negative")
    payable = exact.rounded()
    if payable < minimum:
        payable = Money.zero(exact.currency)
    return payable, exact - payable


def format_number(prefix: str, year: int, sequence: int) -> str:
    """Return e.g. ``TP-2026-00042``; the sequence is gapless per prefix and year, from 1."""
    if sequence < 1:
        raise ValueError("numbers start at 1")
    return f"{prefix}-{year:04d}-{sequence:05d}"


def due_on(opened_at: dt.datetime, days: int) -> dt.date:
    """Return the last UTC day on which a payment is in time."""
    return require_utc(opened_at).date() + dt.timedelta(days=days)


def due_at(day: dt.date) -> dt.datetime:
    """Return the instant from which a payment is late: the end of the due day, in UTC."""
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), dt.UTC)


def credit_for(claimed: Money, credited: Money, amount: Money | None = None) -> Money:
    """Return what a credit note may give back; without ``amount``, all that is left.

    Raises ``InvalidInputError`` for an amount that is not positive or cannot be paid,
    ``ConflictError`` for one above what earlier credit notes left.
    """
    left = claimed - credited
    wanted = left if amount is None else amount
    if left <= Money.zero(left.currency):
        raise ConflictError("Nothing is left to credit.", reason="fully_credited")
    if wanted <= Money.zero(left.currency) or wanted != wanted.rounded():
        problem = "must be a positive amount that can be paid"
        raise InvalidInputError(f"The amount {problem}.", fields=[("amount", problem)])
    if wanted > left:
        raise ConflictError(f"Only {left} is left to credit.", reason="credit_exceeds_invoice")
    return wanted


def credited_tax(tax: Money, claimed: Money, credited: Money, amount: Money) -> Money:
    """Return the tax within one credit note; over a whole invoice they add up to its tax."""
    return slice_of(tax, credited.micros, (credited + amount).micros, claimed.micros)
