from __future__ import annotations

import datetime as dt
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import ConflictError, InvalidInputError
from app.core.money import Money
from app.rules import rating
from app.rules.rating import NOTICE_DAYS, PriceContract, check_new_price, price_on

TODAY = dt.date(2026, 11, 21)
JANUARY = dt.date(2027, 1, 1)
FEBRUARY = dt.date(2027, 2, 1)


def contract(
    price: str, starts_on: dt.date, announced_on: dt.date = TODAY, currency: str = "USD"
) -> PriceContract:
    return PriceContract(Money.of(price, currency), starts_on, announced_on)


SIGNED = contract("2.50", dt.date(2026, 3, 17), dt.date(2026, 3, 17))


def problems(existing: list[PriceContract], new: PriceContract) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInputError) as refusal:
        check_new_price(existing, new, TODAY)
    return refusal.value.fields


def test_a_device_costs_250_cents_unless_something_else_is_agreed() -> None:
    assert Money.of("2.50", "USD") == rating.DEFAULT_PRICE == rating.default_price("USD")
    assert rating.default_price("CNY") == Money.of("17.50", "CNY")


@pytest.mark.parametrize("currency", sorted(rating.PRICE_RANGES))
def test_a_default_lies_within_its_range(currency: str) -> None:
    bounds = rating.PRICE_RANGES[currency]
    assert bounds.low < bounds.default < bounds.high
    assert {each.currency for each in (bounds.low, bounds.default, bounds.high)} == {currency}


def test_devices_are_not_priced_in_just_any_currency() -> None:
    with pytest.raises(InvalidInputError) as refusal:
        rating.default_price("EUR")
    assert refusal.value.fields == [("currency", "must be one of USD, CNY")]
    assert problems([], contract("2.50", TODAY, currency="EUR")) == refusal.value.fields


@pytest.mark.parametrize(
    ("price", "currency"),
    [("2.00", "USD"), ("3.00", "USD"), ("2.37", "USD"), ("14.00", "CNY"), ("21.00", "CNY")],
)
def test_a_first_price_within_range_starts_at_once(price: str, currency: str) -> None:
    new = contract(price, TODAY, currency=currency)
    assert check_new_price([], new, TODAY) is new


@pytest.mark.parametrize(
    ("price", "currency", "problem"),
    [
        ("1.99", "USD", "must be 2.00 USD to 3.00 USD"),
        ("3.01", "USD", "must be 2.00 USD to 3.00 USD"),
        ("13.99", "CNY", "must be 14.00 CNY to 21.00 CNY"),
        ("21.01", "CNY", "must be 14.00 CNY to 21.00 CNY"),
        ("2.505", "USD", "must be a whole number of the currency's smallest unit"),
    ],
)
def test_a_price_out_of_range_is_refused(price: str, currency: str, problem: str) -> None:
    assert problems([], contract(price, TODAY, currency=currency)) == [("price", problem)]


def test_a_first_price_does_not_start_in_the_past() -> None:
    yesterday = TODAY - dt.timedelta(days=1)
    assert problems([], contract("2.50", yesterday)) == [("starts_on", "must not be in the past")]


@pytest.mark.parametrize(
    "announced_on", [TODAY - dt.timedelta(days=1), TODAY + dt.timedelta(days=1)]
)
def test_an_announcement_cannot_be_dated_otherwise_than_today(announced_on: dt.date) -> None:
    new = contract("2.50", TODAY + dt.timedelta(days=1), announced_on)
    assert problems([], new) == [("announced_on", "must be today")]


def test_all_broken_rules_are_reported_together() -> None:
    new = contract("9.99", dt.date(2027, 3, 2), JANUARY)
    assert [path for path, _ in problems([SIGNED], new)] == ["price", "announced_on", "starts_on"]


def test_an_increase_needs_60_days_notice() -> None:
    early = contract("2.51", JANUARY)
    assert (JANUARY - TODAY).days == 41
    assert problems([SIGNED], early) == [
        ("starts_on", "must be at least 60 days after the announcement")
    ]
    in_time = contract("2.51", FEBRUARY)
    assert check_new_price([SIGNED], in_time, TODAY) is in_time


def test_the_sixtieth_day_is_enough_and_the_one_before_is_not() -> None:
    for announced_on, is_enough in (
        (FEBRUARY - dt.timedelta(days=NOTICE_DAYS), True),
        (FEBRUARY - dt.timedelta(days=NOTICE_DAYS - 1), False),
    ):
        new = contract("3.00", FEBRUARY, announced_on)
        if is_enough:
            assert check_new_price([SIGNED], new, announced_on) is new
        else:
            with pytest.raises(InvalidInputError):
                check_new_price([SIGNED], new, announced_on)


def test_a_price_in_the_vendors_favour_needs_no_notice() -> None:
    this_month = dt.date(2026, 11, 1)
    for price in ("2.49", "2.50"):
        new = contract(price, this_month)
        assert check_new_price([SIGNED], new, TODAY) is new


def test_a_favour_never_reaches_into_a_month_that_is_over() -> None:
    assert problems([SIGNED], contract("2.00", dt.date(2026, 10, 1))) == [
        ("starts_on", "must not be before the current month")
    ]


def test_a_change_within_a_month_is_refused() -> None:
    assert problems([SIGNED], contract("2.00", dt.date(2026, 12, 2))) == [
        ("starts_on", "must be the first of a month")
    ]


def test_another_currency_is_no_favour() -> None:
    assert problems([SIGNED], contract("14.00", JANUARY, currency="CNY")) == [
        ("starts_on", "must be at least 60 days after the announcement")
    ]
    new = contract("14.00", FEBRUARY, currency="CNY")
    assert check_new_price([SIGNED], new, TODAY) is new


def test_a_favour_is_measured_against_the_price_it_replaces() -> None:
    announced = contract("2.80", FEBRUARY)
    before, after = contract("2.70", JANUARY), contract("2.70", dt.date(2027, 3, 1))
    assert problems([SIGNED, announced], before)
    assert check_new_price([announced, SIGNED], after, TODAY) is after


def test_a_price_before_anything_is_in_force_is_no_favour() -> None:
    later = contract("3.00", dt.date(2027, 2, 15))
    assert problems([later], contract("2.00", JANUARY)) == [
        ("starts_on", "must be at least 60 days after the announcement")
    ]


@pytest.mark.parametrize("starts_on", [JANUARY, FEBRUARY])
def test_two_prices_cannot_start_on_one_day(starts_on: dt.date) -> None:
    announced = contract("2.80", starts_on)
    with pytest.raises(ConflictError, match=str(starts_on)) as refusal:
        check_new_price([SIGNED, announced], contract("2.90", starts_on), TODAY)
    assert refusal.value.reason == "price_already_set"


def test_the_price_in_force_is_the_one_that_started_last() -> None:
    raised = contract("2.80", FEBRUARY)
    for order in permutations([SIGNED, raised, contract("3.00", dt.date(2027, 6, 1))]):
        assert price_on(order, SIGNED.starts_on) is SIGNED
        assert price_on(order, dt.date(2027, 1, 31)) is SIGNED
        assert price_on(order, FEBRUARY) is raised
        assert price_on(order, dt.date(2027, 5, 31)) is raised


@pytest.mark.parametrize("contracts", [[], [SIGNED]])
def test_before_the_first_contract_there_is_no_price(contracts: list[PriceContract]) -> None:
    with pytest.raises(ConflictError, match="2026-03-16") as refusal:
        price_on(contracts, dt.date(2026, 3, 16))
    assert refusal.value.reason == "no_price_contract"


def test_devices_cost_their_number_times_the_price() -> None:
    assert rating.rate_devices(1_284, Money.of("2.50", "USD")) == Money.of("3210.00", "USD")
    assert rating.rate_devices(0, rating.DEFAULT_PRICE) == Money.zero("USD")
    with pytest.raises(ValueError, match="not negative"):
        rating.rate_devices(-1, rating.DEFAULT_PRICE)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(200, 300))
def test_counting_together_or_apart_costs_the_same(one: int, other: int, cents: int) -> None:
    price = Money.from_minor(cents, "USD")
    apart = rating.rate_devices(one, price) + rating.rate_devices(other, price)
    assert rating.rate_devices(one + other, price) == apart == apart.rounded()


@given(
    st.lists(st.integers(200, 300), min_size=1, max_size=4),
    st.integers(190, 310),
    st.integers(-3, 6),
)
def test_nobody_ever_pays_more_without_60_days_warning(
    prices: list[int], cents: int, months: int
) -> None:
    starts = [dt.date(2026, 1 + index * 3, 1) for index in range(len(prices))]
    existing = [
        PriceContract(Money.from_minor(price, "USD"), day, day)
        for price, day in zip(prices, starts, strict=True)
    ]
    year, month = divmod(2026 * 12 + TODAY.month - 1 + months, 12)
    new = PriceContract(Money.from_minor(cents, "USD"), dt.date(year, month + 1, 1), TODAY)
    try:
        check_new_price(existing, new, TODAY)
    except (InvalidInputError, ConflictError):
        return
    for ahead in range(NOTICE_DAYS):
        day = TODAY + dt.timedelta(days=ahead)
        assert price_on([*existing, new], day).price <= price_on(existing, day).price
