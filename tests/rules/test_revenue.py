from __future__ import annotations

import datetime as dt
from itertools import permutations
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import InvalidInputError
from app.core.money import CurrencyMismatchError, Money, total
from app.rules import revenue
from tests.strategies import moneys

NOTHING = Money.zero("USD")
AT = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)


def usd(amount: str) -> Money:
    return Money.of(amount, "USD")


@pytest.mark.parametrize(
    ("gross", "share"), [("10.00", "3.00"), ("9.99", "2.997"), ("0.000005", "0.000002")]
)
def test_a_vendor_earns_30_percent(gross: str, share: str) -> None:
    assert revenue.share_of(usd(gross)) == usd(share)


def test_a_refund_takes_its_part_of_the_share_back() -> None:
    assert revenue.reverse(usd("3"), usd("10"), NOTHING, usd("10")) == usd("3")
    assert revenue.reverse(usd("3"), usd("10"), NOTHING, usd("2.50")) == usd("0.75")
    assert revenue.reverse(usd("3"), usd("10"), usd("2.50"), usd("7.50")) == usd("2.25")


def test_thirds_leave_no_remainder() -> None:
    share, gross, third = Money(10, "USD"), Money(99, "USD"), Money(33, "USD")
    steps = [revenue.reverse(share, gross, third.times(step), third) for step in range(3)]
    assert [step.micros for step in steps] == [3, 4, 3]


@pytest.mark.parametrize(
    ("before", "refund"), [("0", "10.01"), ("10", "0.01"), ("4", "6.01"), ("0", "0"), ("4", "-1")]
)
def test_more_than_was_paid_or_nothing_cannot_be_refunded(before: str, refund: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        revenue.reverse(usd("3"), usd("10"), usd(before), usd(refund))
    assert refusal.value.reason == "refund_exceeds_payment"
    assert refusal.value.fields == [
        ("amount", "must be positive and within what is left of the payment")
    ]


def test_a_refund_in_another_currency_is_an_error() -> None:
    with pytest.raises(CurrencyMismatchError):
        revenue.reverse(usd("3"), usd("10"), NOTHING, Money.of(1, "EUR"))


@given(moneys(1, 10**12), st.lists(st.integers(1, 10**12), max_size=8))
def test_the_reversals_of_a_full_refund_are_the_share(gross: Money, wishes: list[int]) -> None:
    share = revenue.share_of(gross)
    before = Money.zero(gross.currency)
    taken: list[Money] = []
    for wish in [*wishes, gross.micros]:
        left = gross - before
        if not left:
            break
        refund = Money(min(wish, left.micros), gross.currency)
        taken.append(revenue.reverse(share, gross, before, refund))
        before += refund
        assert Money.zero(gross.currency) <= total(taken, gross.currency) <= share
    assert before == gross
    assert total(taken, gross.currency) == share


@pytest.mark.parametrize(
    ("currency", "least"),
    [("USD", "10"), ("EUR", "10"), ("CNY", "70"), ("GBP", "0.01"), ("JPY", "1")],
)
def test_a_payout_has_a_least_amount(currency: str, least: str) -> None:
    assert revenue.minimum_payout(currency) == Money.of(least, currency)


def registration(number: int, minutes: int = 0) -> revenue.Registration:
    return revenue.Registration(UUID(int=number), uuid4(), AT + dt.timedelta(minutes=minutes))


def test_the_first_registration_acquires_the_user() -> None:
    first, second, third = registration(9, 0), registration(1, 1), registration(2, 2)
    for order in permutations([first, second, third]):
        assert revenue.acquiring(order) is first


def test_on_the_same_instant_the_lowest_id_decides() -> None:
    low, high = registration(1), registration(2)
    assert revenue.acquiring([high, low]) is revenue.acquiring([low, high]) is low


def test_a_user_nobody_registered_was_acquired_by_nobody() -> None:
    assert revenue.acquiring([]) is None
