from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import InvalidInputError
from app.core.money import Money
from app.rules import spending
from app.rules.quota import PRICE
from app.rules.spending import ALERTS, FREE_ALERTS


@pytest.mark.parametrize(
    ("count", "whole", "told"),
    [(0, 10, None), (4, 10, None), (5, 10, 50), (7, 10, 50), (8, 10, 80), (10, 10, 100),
     (11, 10, 100), (1, 1, 100), (1, 3, None), (2, 3, 50), (3, 3, 100)],
)  # fmt: skip
def test_a_part_is_reached_by_the_first_count_that_is_at_least_as_much(
    count: int, whole: int, told: int | None
) -> None:
    assert spending.reached(count, whole, ALERTS) == told


@given(whole=st.integers(1, 500), jumps=st.lists(st.integers(1, 40), max_size=60))
def test_every_part_is_crossed_in_exactly_one_step(whole: int, jumps: list[int]) -> None:
    count, told = 0, list[int]()
    for jump in jumps:
        percent = spending.crossed(count, count + jump, whole, ALERTS)
        count += jump
        if percent is not None:
            told.append(percent)
        assert max(told, default=None) == spending.reached(count, whole, ALERTS)
    assert told == sorted(set(told))


@given(whole=st.integers(1, 10_000))
def test_one_by_one_each_part_that_is_not_another_is_told(whole: int) -> None:
    marks = {spending.threshold(one, whole) for one in FREE_ALERTS}
    told = [
        percent
        for count in sorted(marks)
        if (percent := spending.crossed(count - 1, count, whole, FREE_ALERTS)) is not None
    ]
    assert len(told) == len(marks)
    assert told[-1] == 100


@given(cents=st.integers(1, 100_000_000))
def test_a_budget_pays_for_no_more_calls_than_it_has_money_for(cents: int) -> None:
    budget = spending.checked_budget(Money.from_minor(cents, "USD"))
    calls = spending.calls_paid_by(budget)
    assert PRICE.times(calls) <= budget < PRICE.times(calls + 1)


@pytest.mark.parametrize(
    "budget",
    [Money.zero("USD"), Money(9_999, "USD"), Money(15_000, "USD"), Money.of("-1", "USD"),
     Money.of("1000000.01", "USD"), Money.of("5", "EUR")],
)  # fmt: skip
def test_a_budget_is_a_whole_number_of_cents_within_bounds(budget: Money) -> None:
    with pytest.raises(InvalidInputError) as refused:
        spending.checked_budget(budget)
    assert refused.value.fields[0][0] == "budget"
