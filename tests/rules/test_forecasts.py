"""A forecast is an extrapolation that can be checked by hand."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules.forecasts import BASIS, Forecast, forecast

START = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
END = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("so_far", "day", "expected"),
    [
        (100, 10, Forecast(100, Decimal("10.0"), Decimal("10.0"), Decimal("20.0"), 300)),
        (0, 10, Forecast(0, Decimal("10.0"), Decimal("0.0"), Decimal("20.0"), 0)),
        (1, 29, Forecast(1, Decimal("29.0"), Decimal("0.0"), Decimal("1.0"), 1)),
        (7, 20, Forecast(7, Decimal("20.0"), Decimal("0.4"), Decimal("10.0"), 11)),
        (50, 30, Forecast(50, Decimal("30.0"), Decimal("1.7"), Decimal("0.0"), 50)),
    ],
)
def test_a_month_goes_on_as_it_began(so_far: int, day: int, expected: Forecast) -> None:
    assert forecast(so_far, START, START + dt.timedelta(days=day), END) == expected


@pytest.mark.parametrize("seconds", [0, 3_600, int(BASIS.total_seconds()) - 1])
def test_before_there_is_a_basis_nothing_is_said(seconds: int) -> None:
    assert forecast(1_000, START, START + dt.timedelta(seconds=seconds), END) is None


@given(
    st.integers(0, 10**9),
    st.integers(int(BASIS.total_seconds()), 30 * 86_400),
)
def test_the_shown_steps_add_up_and_it_never_falls_below_what_is_counted(
    so_far: int, seconds: int
) -> None:
    found = forecast(so_far, START, START + dt.timedelta(seconds=seconds), END)
    assert found is not None
    assert found.total >= so_far
    assert abs(found.total - (so_far + found.a_day * found.days_left)) <= Decimal("0.5")
