from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import ConflictError, InvalidInputError
from app.core.money import CurrencyMismatchError, Money, minor_micros, total
from app.rules import invoicing
from app.rules.invoicing import Line, LineKind
from tests.strategies import moneys

NOTHING = Money.zero("USD")
rates = st.decimals(0, Decimal("0.9999"), places=4)


def usd(amount: str) -> Money:
    return Money.of(amount, "USD")


def devices(count: int, price: str = "2.50") -> Line:
    return invoicing.line(LineKind.DEVICES, "line.devices", count, usd(price), count=count)


def close(
    lines: list[Line],
    carried_in: Money = NOTHING,
    tax_rate: str = "0",
    reverse_charge: bool = False,
    minimum: Money = NOTHING,
) -> invoicing.Totals:
    return invoicing.close(
        lines,
        carried_in=carried_in,
        tax_rate=Decimal(tax_rate),
        reverse_charge=reverse_charge,
        minimum=minimum,
    )


def test_a_line_works_out_its_amount() -> None:
    made = devices(92)
    assert made.amount == usd("230.00")
    assert made.params == {"count": 92}
    hours = invoicing.line(LineKind.ADJUSTMENT, "line.hours", Decimal("1.5"), usd("-0.000001"))
    assert hours.amount == usd("-0.000002")


def test_a_line_whose_amount_does_not_follow_is_refused() -> None:
    with pytest.raises(ValueError, match=r"92 x 2\.50 USD is not 231\.00 USD"):
        Line(LineKind.DEVICES, "line.devices", 92, usd("2.50"), usd("231.00"))


@pytest.mark.parametrize(
    ("count", "carried_in", "tax_rate", "total_due", "carried_out"),
    [
        (92, "0", "0", "230.00", "0"),
        (1, "0", "0.075", "2.69", "-0.0025"),
        (1, "-0.0025", "0.075", "2.69", "-0.005"),
        (1, "-0.005", "0.075", "2.68", "0.0025"),
        (1, "0.004999", "0", "2.50", "0.004999"),
        (1, "0.005", "0", "2.51", "-0.005"),
        (3, "0", "0.19", "8.93", "-0.005"),
        (0, "0", "0.19", "0.00", "0"),
        (0, "0.42", "0.19", "0.42", "0"),
    ],
)
def test_an_invoice_rounds_once_and_carries_the_rest(
    count: int, carried_in: str, tax_rate: str, total_due: str, carried_out: str
) -> None:
    totals = close([devices(count)], usd(carried_in), tax_rate)
    assert totals.total == usd(total_due)
    assert totals.carried_out == usd(carried_out)
    assert totals.carried_in == usd(carried_in)


def test_tax_is_on_the_lines_and_not_on_what_was_carried_in() -> None:
    totals = close([devices(4), devices(2)], usd("5.00"), "0.06")
    assert totals.subtotal == usd("15.00")
    assert totals.tax == usd("0.90")
    assert totals.total == usd("20.90")


def test_under_reverse_charge_the_customer_owes_the_tax() -> None:
    totals = close([devices(4)], tax_rate="0.19", reverse_charge=True)
    assert totals.tax == NOTHING
    assert totals.total == usd("10.00")


@pytest.mark.parametrize(
    ("count", "total_due", "carried_out"),
    [(0, "0", "0"), (1, "0", "2.50"), (2, "5.00", "0"), (3, "7.50", "0")],
)
def test_below_the_minimum_everything_is_carried(
    count: int, total_due: str, carried_out: str
) -> None:
    totals = close([devices(count)], minimum=usd("5.00"))
    assert totals.total == usd(total_due)
    assert totals.carried_out == usd(carried_out)


def test_a_credit_larger_than_the_lines_is_carried_and_never_claimed_backwards() -> None:
    credit = invoicing.line(LineKind.CREDIT, "line.credit", 1, usd("-12.345"))
    totals = close([devices(4), credit])
    assert totals.total == NOTHING
    assert totals.carried_out == usd("-2.345")
    assert close([devices(4)], totals.carried_out).total == usd("7.66")


@pytest.mark.parametrize("tax_rate", ["-0.01", "1", "19", "NaN"])
def test_a_senseless_tax_rate_is_refused(tax_rate: str) -> None:
    with pytest.raises((ValueError, ArithmeticError)):
        close([devices(1)], tax_rate=tax_rate)


def test_a_negative_minimum_is_refused() -> None:
    with pytest.raises(ValueError, match="minimum"):
        close([devices(1)], minimum=usd("-0.01"))


def test_an_invoice_has_one_currency() -> None:
    for carried_in, minimum in (
        (Money.zero("EUR"), Money.zero("EUR")),
        (NOTHING, Money.zero("EUR")),
    ):
        with pytest.raises(CurrencyMismatchError):
            close([devices(1)], carried_in, minimum=minimum)


@pytest.mark.parametrize(
    ("sequence", "number"),
    [(1, "TP-2026-00001"), (42, "TP-2026-00042"), (123_456, "TP-2026-123456")],
)
def test_numbers_are_padded_and_grow(sequence: int, number: str) -> None:
    assert invoicing.format_number("TP", 2026, sequence) == number


def test_each_series_has_its_prefix() -> None:
    assert invoicing.format_number(invoicing.CREDIT_NOTE_PREFIX, 2026, 7) == "CN-2026-00007"
    assert invoicing.format_number(invoicing.STATEMENT_PREFIX, 2026, 7) == "ST-2026-00007"


def test_numbers_start_at_1() -> None:
    with pytest.raises(ValueError, match="start at 1"):
        invoicing.format_number("TP", 2026, 0)


def test_an_invoice_may_be_paid_through_its_whole_due_day() -> None:
    day = invoicing.due_on(dt.datetime(2026, 12, 1, 0, 3, tzinfo=dt.UTC), 14)
    assert day == dt.date(2026, 12, 15)
    assert invoicing.due_at(day) == dt.datetime(2026, 12, 16, tzinfo=dt.UTC)


def test_the_due_day_is_counted_in_utc() -> None:
    shanghai = dt.timezone(dt.timedelta(hours=8))
    opened_at = dt.datetime(2026, 12, 1, 7, 59, tzinfo=shanghai)
    assert invoicing.due_on(opened_at, 0) == dt.date(2026, 11, 30)


def test_a_credit_gives_back_all_that_is_left_or_less() -> None:
    assert invoicing.credit_for(usd("10"), usd("0")) == usd("10")
    assert invoicing.credit_for(usd("10"), usd("4")) == usd("6")
    assert invoicing.credit_for(usd("10"), usd("4"), usd("6")) == usd("6")
    assert invoicing.credit_for(usd("10"), usd("4"), usd("0.01")) == usd("0.01")


@pytest.mark.parametrize("amount", ["0", "-1", "0.001"])
def test_a_credit_is_a_positive_amount_that_can_be_paid(amount: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        invoicing.credit_for(usd("10"), usd("4"), usd(amount))
    assert refusal.value.fields == [("amount", "must be a positive amount that can be paid")]


def test_a_credit_never_exceeds_what_is_left() -> None:
    with pytest.raises(ConflictError, match=r"Only 6\.00 USD is left") as refusal:
        invoicing.credit_for(usd("10"), usd("4"), usd("6.01"))
    assert refusal.value.reason == "credit_exceeds_invoice"
    for credited in ("10", "11"):
        with pytest.raises(ConflictError) as refusal:
            invoicing.credit_for(usd("10"), usd(credited), usd("1"))
        assert refusal.value.reason == "fully_credited"


def test_a_credit_takes_its_part_of_the_tax() -> None:
    assert invoicing.credited_tax(usd("1.90"), usd("11.90"), usd("0"), usd("11.90")) == usd("1.90")
    assert invoicing.credited_tax(usd("1.90"), usd("11.90"), usd("0"), usd("5.95")) == usd("0.95")


lines = st.lists(
    st.builds(
        lambda quantity, price: invoicing.line(LineKind.ADJUSTMENT, "line", quantity, price),
        st.integers(-1_000, 100_000) | st.decimals(0, 1_000, places=3),
        moneys(-(10**7), 10**7, "USD"),
    ),
    max_size=8,
)


@given(lines, moneys(-(10**7), 10**7, "USD"), rates, st.booleans(), moneys(0, 10**8, "USD"))
def test_totals_add_up_and_nothing_is_lost(
    lines: list[Line], carried_in: Money, rate: Decimal, reverse_charge: bool, minimum: Money
) -> None:
    totals = invoicing.close(
        lines,
        carried_in=carried_in,
        tax_rate=rate,
        reverse_charge=reverse_charge,
        minimum=minimum,
    )
    assert totals.subtotal == total((each.amount for each in lines), "USD")
    assert totals.subtotal + totals.tax + totals.carried_in == totals.total + totals.carried_out
    assert totals.total == totals.total.rounded()
    assert totals.total == NOTHING or totals.total >= minimum
    if totals.total:
        assert 2 * abs(totals.carried_out.micros) <= minor_micros("USD")
    else:
        assert totals.carried_out.rounded() < minimum or not totals.carried_out.rounded()


@given(lines.flatmap(lambda made: st.tuples(st.just(made), st.permutations(made))))
def test_the_order_of_lines_does_not_matter(orders: tuple[list[Line], list[Line]]) -> None:
    one, other = orders
    assert close(one, tax_rate="0.19") == close(other, tax_rate="0.19")


@given(st.lists(st.integers(0, 50), min_size=1, max_size=36), rates, moneys(0, 10**8, "USD"))
def test_over_the_months_everything_is_claimed_to_the_micro(
    counts: list[int], rate: Decimal, minimum: Money
) -> None:
    carried, claimed, owed = NOTHING, NOTHING, NOTHING
    for count in counts:
        totals = invoicing.close(
            [devices(count)],
            carried_in=carried,
            tax_rate=rate,
            reverse_charge=False,
            minimum=minimum,
        )
        carried = totals.carried_out
        claimed += totals.total
        owed += totals.subtotal + totals.tax
    assert claimed + carried == owed


@given(st.integers(1, 10**6), rates, st.lists(st.integers(1, 10**6), max_size=6))
def test_credit_notes_add_up_to_the_invoice_and_its_tax(
    cents: int, rate: Decimal, wishes: list[int]
) -> None:
    claimed = Money.from_minor(cents, "USD")
    tax = claimed.times(rate)
    credited, credited_tax = NOTHING, NOTHING
    for wish in [*wishes, None]:
        left = (claimed - credited).to_minor()
        if not left:
            break
        amount = None if wish is None else Money.from_minor(min(wish, left), "USD")
        credit = invoicing.credit_for(claimed, credited, amount)
        credited_tax += invoicing.credited_tax(tax, claimed, credited, credit)
        credited += credit
    assert credited == claimed
    assert credited_tax == tax
