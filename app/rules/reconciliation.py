"""Where an invoice of ours and the provider's copy of it say different things."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.core.money import Money
from app.rules.statuses import InvoiceStatus


class Difference(StrEnum):
    """What does not agree."""

    NO_COPY = "no_copy"
    MISSING_THERE = "missing_there"
    NOT_TOLD = "not_told"
    AMOUNT_DIFFERS = "amount_differs"
    PAID_THERE = "paid_there"
    PAID_HERE = "paid_here"
    VOID_THERE = "void_there"
    VOID_HERE = "void_here"


_SETTLED: Final = (InvoiceStatus.PAID, InvoiceStatus.DISPUTED, InvoiceStatus.REFUNDED)
"""Statuses of what was paid once, whatever became of the money."""


@dataclass(frozen=True, slots=True)
class Ours:
    """An invoice as we have it; ``credited`` was taken off what was claimed."""

    status: InvoiceStatus
    total: Money
    credited: Money
    outstanding: Money
    has_copy: bool = True


@dataclass(frozen=True, slots=True)
class Theirs:
    """The provider's copy; ``status`` is draft, open, paid or void."""

    status: str
    total: Money


def compare(ours: Ours, theirs: Theirs | None) -> Difference | None:
    """Return what does not agree, None where all does; ``theirs`` is None for what is not there.

    Money comes first: what was paid on one side only, then what could still be paid by mistake,
    then amounts. A copy that was withdrawn because the invoice was paid another way is in order.
    """
    nothing = Money.zero(ours.total.currency)
    is_owed = ours.status is InvoiceStatus.OPEN and ours.outstanding > nothing
    if not ours.has_copy:
        return Difference.NO_COPY if is_owed else None
    if theirs is None:
        return Difference.MISSING_THERE
    is_settled = ours.status in _SETTLED
    if theirs.status == "paid" and not is_settled:
        return Difference.PAID_THERE
    if theirs.status in ("open", "draft") and is_settled:
        return Difference.PAID_HERE
    if theirs.status in ("open", "draft") and ours.status is InvoiceStatus.VOID:
        return Difference.VOID_HERE
    if theirs.status == "void":
        return Difference.VOID_THERE if is_owed else None
    return Difference.AMOUNT_DIFFERS if not _agrees(ours, theirs) else None


def _agrees(ours: Ours, theirs: Theirs) -> bool:
    """Tell whether the amounts may stand beside each other.

    An open copy claims what is left to pay. A paid one claimed what was left when it was made:
    all of the invoice, or that less what was credited by then.
    """
    if theirs.total.currency != ours.total.currency:
        return False
    if ours.status is InvoiceStatus.OPEN:
        return theirs.total == ours.outstanding
    return ours.total - ours.credited <= theirs.total <= ours.total
