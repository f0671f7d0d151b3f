from __future__ import annotations

from enum import StrEnum
from itertools import product

import pytest

from app.core.errors import ConflictError
from app.rules import statuses
from app.rules.statuses import TRANSITIONS, can_move, move

# Written out once more on purpose: a change of a life cycle has to be made twice.
ALLOWED = {
    statuses.DisputeStatus: {"open": "won lost"},
    statuses.TenantStatus: {
        "pending": "active closed",
        "active": "suspended closed",
        "suspended": "active closed",
    },
    statuses.InvoiceStatus: {
        "draft": "open void",
        "open": "paid void",
        "paid": "disputed refunded",
        "disputed": "paid refunded",
    },
    statuses.PaymentStatus: {
        "pending": "succeeded failed cancelled",
        "failed": "succeeded",
        "cancelled": "succeeded",
        "succeeded": "refunded disputed",
        "disputed": "succeeded refunded",
        "refunded": "succeeded",
    },
    statuses.PaymentMethodStatus: {
        "pending": "connected failed detached",
        "failed": "connected detached",
        "connected": "detached failed",
        "detached": "pending",
    },
    statuses.PayoutStatus: {
        "pending": "sent held failed",
        "held": "pending",
        "sent": "paid failed",
        "failed": "pending",
        "paid": "failed",
    },
    statuses.RunStatus: {
        "pending": "running failed",
        "running": "done failed",
        "failed": "running",
    },
    statuses.DeviceState: {"registered": "released"},
}
PAIRS = [pair for kind in ALLOWED for pair in product(kind, kind)]


def pair_name(value: StrEnum) -> str:
    return f"{type(value).__name__}.{value}"


def test_every_stored_status_has_a_life_cycle() -> None:
    assert set(TRANSITIONS) == set(ALLOWED)


@pytest.mark.parametrize(("current", "to"), PAIRS, ids=pair_name)
def test_a_status_follows_another_only_as_its_life_cycle_says(
    current: StrEnum, to: StrEnum
) -> None:
    allowed = str(to) in ALLOWED[type(current)].get(str(current), "").split()
    assert can_move(current, to) is allowed
    if allowed:
        assert move(current, to) is to
    else:
        with pytest.raises(ConflictError, match=f"is {current} and cannot become {to}") as refusal:
            move(current, to)
        assert refusal.value.reason == "status_conflict"
        assert refusal.value.details == {"current": str(current), "to": str(to)}


def test_a_paid_invoice_cannot_be_void_and_late_news_cannot_unpay_it() -> None:
    paid = statuses.InvoiceStatus.PAID
    assert not can_move(paid, statuses.InvoiceStatus.VOID)
    assert not can_move(paid, statuses.InvoiceStatus.OPEN)
    assert not can_move(statuses.InvoiceStatus.REFUNDED, paid)
    assert not can_move(statuses.PaymentStatus.SUCCEEDED, statuses.PaymentStatus.FAILED)


def test_overdue_is_never_stored() -> None:
    overdue = statuses.InvoiceStatus.OVERDUE
    assert not any(can_move(current, overdue) for current in statuses.InvoiceStatus)


def test_equal_words_of_different_life_cycles_are_not_mixed_up() -> None:
    pending, failed = statuses.PaymentStatus.PENDING, statuses.RunStatus.FAILED
    assert failed == statuses.PaymentStatus.FAILED
    assert not can_move(pending, failed)
    with pytest.raises(ConflictError):
        move(pending, failed)


def test_the_words_are_the_ones_people_read() -> None:
    assert [str(each) for each in statuses.DeviceStatus] == ["active", "quiet", "released"]
    assert [str(each) for each in statuses.InvoiceStatus] == [
        "draft",
        "open",
        "paid",
        "overdue",
        "disputed",
        "refunded",
        "void",
    ]
