from __future__ import annotations

import decimal
import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.money import (
    MAX_MICROS,
    MINOR_DIGITS,
    CurrencyMismatchError,
    Money,
    minor_micros,
    slice_of,
    total,
)
from tests.strategies import currencies, moneys


@pytest.mark.parametrize(
    ("amount", "micros"),
    [
        ("12.34", 12_340_000),
        ("0", 0),
        ("-0", 0),
        ("-0.000001", -1),
        ("1.0000000000", 1_000_000),
        (3, 3_000_000),
        (Decimal("2.5"), 2_500_000),
        (Decimal("2.5E+1"), 25_000_000),
        ("9223372036854.775807", MAX_MICROS),
    ],
)
def test_a_decimal_amount_is_read_exactly(amount: str | int | Decimal, micros: int) -> None:
    assert Money.of(amount, "USD") == Money(micros, "USD")


@pytest.mark.parametrize(
    "amount",
    [
        "",
        "1e3",
        " 1",
        "1\n",
        "+1",
        "1_000",
        "1,5",
        ".5",
        "1.",
        "NaN",
        "Infinity",
        "１２",
        "1e999999999",
        "0.0000001",
        "9223372036854.775808",
        "99999999999999999999999999999.1",
        "1.00000000000000000000000000001",
        Decimal("NaN"),
        Decimal("1E+30"),
        True,
    ],
)
def test_what_is_no_exact_amount_is_refused(amount: str | Decimal) -> None:
    with pytest.raises(ValueError, match=r"amount|decimal places|too large"):
        Money.of(amount, "USD")


def test_micros_are_integers_and_nothing_else() -> None:
    for wrong in (1.0, True, "1", Decimal(1)):
        with pytest.raises(TypeError, match="must be an int"):
            Money(wrong, "USD")  # type: ignore[arg-type]


def test_an_unknown_currency_is_an_error() -> None:
    for call in (lambda: Money(1, "XXX"), lambda: minor_micros("usd")):
        with pytest.raises(ValueError, match="unknown currency"):
            call()


def test_an_amount_that_no_column_holds_is_refused() -> None:
    assert Money(-MAX_MICROS, "USD")
    with pytest.raises(ValueError, match="too large"):
        Money(MAX_MICROS, "USD") + Money(1, "USD")


@pytest.mark.parametrize(
    ("micros", "currency", "expected"),
    [
        (4_999, "USD", 0),
        (5_000, "USD", 10_000),
        (-4_999, "USD", 0),
        (-5_000, "USD", -10_000),
        (15_000, "USD", 20_000),
        (25_000, "USD", 30_000),
        (499_999, "JPY", 0),
        (500_000, "JPY", 1_000_000),
    ],
)
def test_rounding_is_half_up_to_what_the_currency_can_pay(
    micros: int, currency: str, expected: int
) -> None:
    assert Money(micros, currency).rounded() == Money(expected, currency)


@pytest.mark.parametrize(
    ("micros", "factor", "expected"),
    [
        (2_500_000, 3, 7_500_000),
        (1, Decimal("0.5"), 1),
        (-1, Decimal("0.5"), -1),
        (1, Decimal("0.49"), 0),
        (7, Decimal("0.30"), 2),
        (5, Decimal("0.30"), 2),
        (2_500_000, Decimal(-2), -5_000_000),
    ],
)
def test_multiplying_rounds_half_up_to_one_micro(
    micros: int, factor: int | Decimal, expected: int
) -> None:
    assert Money(micros, "USD").times(factor) == Money(expected, "USD")


def test_multiplying_is_exact_whatever_the_decimal_context_says() -> None:
    with decimal.localcontext(prec=3):
        assert Money(1_234_567_891_234_567, "USD").times(Decimal("1.000001")) == Money(
            1_234_569_125_802_458, "USD"
        )
        assert Money(1_234_567_891_235_000, "USD").rounded() == Money(1_234_567_891_240_000, "USD")


@pytest.mark.parametrize(
    ("micros", "currency", "text"),
    [
        (12_340_000, "USD", "12.34"),
        (12_000_000, "USD", "12.00"),
        (-500_000, "USD", "-0.50"),
        (1_234_500, "USD", "1.2345"),
        (1, "USD", "0.000001"),
        (12_000_000, "JPY", "12"),
        (12_500_000, "JPY", "12.5"),
    ],
)
def test_text_has_the_currencys_digits_and_more_only_where_they_matter(
    micros: int, currency: str, text: str
) -> None:
    money = Money(micros, currency)
    assert money.text() == text
    assert str(money) == f"{text} {currency}"


def test_minor_units_convert_only_when_whole() -> None:
    assert Money.from_minor(1_234, "USD") == Money.of("12.34", "USD")
    assert Money.from_minor(12, "JPY") == Money.of(12, "JPY")
    assert Money.of("-12.34", "USD").to_minor() == -1_234
    with pytest.raises(ValueError, match="whole number of minor units"):
        Money(1, "USD").to_minor()


def test_two_currencies_never_meet() -> None:
    one, other = Money.of(1, "USD"), Money.of(1, "EUR")
    assert one != other
    for call in (
        lambda: one + other,
        lambda: one - other,
        lambda: one < other,
        lambda: one <= other,
        lambda: one > other,
        lambda: one >= other,
        lambda: total([one, other], "USD"),
    ):
        with pytest.raises(CurrencyMismatchError, match="USD and EUR"):
            call()


def test_amounts_compare_by_size() -> None:
    small, large = Money(1, "USD"), Money(2, "USD")
    assert small < large
    assert small <= large
    assert large > small
    assert large >= small
    assert small <= Money(1, "USD")
    assert small >= Money(1, "USD")
    assert not small < Money(1, "USD")
    assert not small > Money(1, "USD")


def test_the_opposite_has_the_other_sign() -> None:
    assert -Money(5, "USD") == Money(-5, "USD")


@pytest.mark.parametrize(
    ("currency", "micros"),
    [
        ("USD", 10_000),
        ("EUR", 10_000),
        ("GBP", 10_000),
        ("CNY", 10_000),
        ("TZS", 10_000),
        ("JPY", 1_000_000),
    ],
)
def test_a_currency_has_its_smallest_payable_unit(currency: str, micros: int) -> None:
    assert minor_micros(currency) == micros


def test_only_nothing_is_falsy() -> None:
    assert not Money.zero("USD")
    assert Money(-1, "USD")


@pytest.mark.parametrize(
    ("micros", "weights", "parts"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (-100, [1, 1, 1], [-34, -33, -33]),
        (10, [0, 1], [0, 10]),
        (5, [1, 3], [1, 4]),
        (2, [1, 1, 1, 1], [1, 1, 0, 0]),
    ],
)
def test_splitting_hands_out_the_remainder(
    micros: int, weights: list[int], parts: list[int]
) -> None:
    assert [part.micros for part in Money(micros, "USD").split(weights)] == parts


@pytest.mark.parametrize("weights", [[], [0, 0], [2, -1]])
def test_splitting_by_senseless_weights_is_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        Money(1, "USD").split(weights)


@pytest.mark.parametrize(("start", "stop", "whole"), [(-1, 1, 2), (2, 1, 2), (1, 3, 2), (0, 0, 0)])
def test_a_slice_lies_on_its_way(start: int, stop: int, whole: int) -> None:
    with pytest.raises(ValueError, match="no slice"):
        slice_of(Money(1, "USD"), start, stop, whole)


def test_a_slice_is_its_part_of_the_amount() -> None:
    assert slice_of(Money(300, "USD"), 20, 70, 100) == Money(150, "USD")


@given(moneys(), st.lists(st.integers(0, 10**9), min_size=1).filter(any))
def test_parts_add_up_to_the_whole(money: Money, weights: list[int]) -> None:
    parts = money.split(weights)
    assert total(parts, money.currency) == money
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part.micros * sum(weights) - money.micros * weight) < sum(weights)


@given(moneys(), st.lists(st.integers(0, 10**9), min_size=1).map(sorted))
def test_slices_add_up_to_the_whole(money: Money, stops: list[int]) -> None:
    whole = stops[-1] + 1
    edges = [0, *stops, whole]
    steps = itertools.pairwise(edges)
    assert total((slice_of(money, a, b, whole) for a, b in steps), money.currency) == money


@given(moneys(), st.decimals(-100, 100, places=6))
def test_a_product_is_within_half_a_micro_and_keeps_signs_symmetric(
    money: Money, factor: Decimal
) -> None:
    with decimal.localcontext(prec=60):
        assert abs(money.times(factor).micros - money.micros * factor) <= Decimal("0.5")
    assert (-money).times(factor) == -money.times(factor)


@given(moneys())
def test_rounding_moves_by_half_a_unit_at_most_and_only_once(money: Money) -> None:
    rounded = money.rounded()
    assert 2 * abs((rounded - money).micros) <= minor_micros(money.currency)
    assert rounded.rounded() == rounded
    assert Money.from_minor(rounded.to_minor(), money.currency) == rounded


@given(moneys(-MAX_MICROS, MAX_MICROS))
def test_text_reads_back_as_the_same_amount(money: Money) -> None:
    assert Money.of(money.text(), money.currency) == money
    assert Money.of(money.decimal(), money.currency) == money


@given(currencies, st.lists(st.integers(-(10**12), 10**12)))
def test_the_order_of_a_sum_does_not_matter(currency: str, micros: list[int]) -> None:
    amounts = [Money(each, currency) for each in micros]
    assert (
        total(amounts, currency)
        == total(reversed(amounts), currency)
        == Money(sum(micros), currency)
    )
    assert total(amounts, currency) - total(amounts, currency) == Money.zero(currency)


def test_every_currency_has_no_more_digits_than_micros_hold() -> None:
    assert all(0 <= digits <= 6 for digits in MINOR_DIGITS.values())
