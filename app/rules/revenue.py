"""The vendor's share of what its users pay for Pro: earned for life, given back on a refund."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from app.core.errors import InvalidInputError
from app.core.money import Money, slice_of

SHARE: Final = Decimal("0.30")

MINIMUM_PAYOUT: Final[Mapping[str, Money]] = {
    "USD": Money.of(10, "USD"),
    "EUR": Money.of(10, "EUR"),
    "CNY": Money.of(70, "CNY"),
}
"""The least that is paid out; what is below it waits for the next month."""


@dataclass(frozen=True, slots=True)
class Registration:
    """A device registered for the user in question, by any vendor; released ones count as well."""

    id: UUID
    tenant_id: UUID
    registered_at: dt.datetime


def share_of(gross: Money) -> Money:
    """Return the vendor's part of a Pro payment, exact to the micro."""
    return gross.times(SHARE)


def reverse(share: Money, gross: Money, refunded_before: Money, refund: Money) -> Money:
    """Return how much of a payment's share one refund takes back.

    Worked out from the running total, so that the reversals of a payment refunded in any number
    of steps are its share exactly. Raises ``InvalidInputError`` when more would be refunded than
    was paid, or nothing at all.
    """
    nothing = Money.zero(gross.currency)
    after = refunded_before + refund
    if refund <= nothing or after > gross:
        problem = "must be positive and within what is left of the payment"
        raise InvalidInputError(
            f"The refunded amount {problem}.",
            fields=[("amount", problem)],
            reason="refund_exceeds_payment",
        )
    return slice_of(share, refunded_before.micros, after.micros, gross.micros)


def minimum_payout(currency: str) -> Money:
    """Return the least that is paid out in a currency; one cent where nothing else is agreed."""
    return MINIMUM_PAYOUT.get(currency) or Money.from_minor(1, currency)


def acquiring(registrations: Iterable[Registration]) -> Registration | None:
    """Return the registration whose vendor acquired the user: the first ever, lowest id on a tie.

    The answer depends on nothing that happens later, so a share once attributed stays attributed.
    """
    return min(registrations, key=lambda each: (each.registered_at, each.id), default=None)
