from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given

from app.core.errors import InvalidInputError
from app.rules.periods import BillingMonth
from tests.strategies import instants


def test_a_month_ends_where_the_next_begins() -> None:
    december = BillingMonth(2026, 12)
    assert december.start == dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
    assert december.end == dt.datetime(2027, 1, 1, tzinfo=dt.UTC) == december.next.start
    assert december.first_day == dt.date(2026, 12, 1)
    assert december.last_day == dt.date(2026, 12, 31)


@pytest.mark.parametrize(
    ("text", "days"), [("2024-02", 29), ("2025-02", 28), ("2026-04", 30), ("2026-12", 31)]
)
def test_a_month_has_its_days(text: str, days: int) -> None:
    month = BillingMonth.parse(text)
    assert (month.end - month.start).days == month.last_day.day == days


def test_the_first_and_the_last_billing_month_are_whole() -> None:
    assert BillingMonth.parse("2000-01").start == dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
    assert BillingMonth.parse("9998-12").end == dt.datetime(9999, 1, 1, tzinfo=dt.UTC)


def test_the_edges_belong_to_one_month_only() -> None:
    november, december = BillingMonth(2026, 11), BillingMonth(2026, 12)
    last = december.start - dt.timedelta(microseconds=1)
    assert last in november
    assert last not in december
    assert december.start in december
    assert december.start not in november


def test_a_month_is_utc_wherever_the_customer_is() -> None:
    shanghai = dt.timezone(dt.timedelta(hours=8))
    early = dt.datetime(2026, 12, 1, 7, 59, tzinfo=shanghai)
    assert BillingMonth.containing(early) == BillingMonth(2026, 11)
    assert early in BillingMonth(2026, 11)


def test_a_naive_instant_falls_into_no_month() -> None:
    with pytest.raises(ValueError, match="naive"):
        BillingMonth.containing(dt.datetime(2026, 12, 1))
    with pytest.raises(ValueError, match="naive"):
        assert dt.datetime(2026, 12, 1) in BillingMonth(2026, 12)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026",
        "2026-13",
        "2026-00",
        "2026-1",
        "26-01",
        "2026-01\n",
        "1999-12",
        "9999-01",
        "２０２６-01",
    ],
)
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        BillingMonth.parse(text, "period")
    assert refusal.value.fields == [("period", "must be a month as YYYY-MM")]


@pytest.mark.parametrize(("year", "month"), [(1999, 12), (9999, 1), (2026, 0), (2026, 13)])
def test_a_month_out_of_range_cannot_be_made(year: int, month: int) -> None:
    with pytest.raises(ValueError, match="no billing month"):
        BillingMonth(year, month)


@given(instants())
def test_every_instant_is_in_exactly_one_month(at: dt.datetime) -> None:
    month = BillingMonth.containing(at)
    assert month.start <= at < month.end
    assert at in month
    assert at not in month.next
    if month > BillingMonth(2000, 1):
        assert at not in month.previous
        assert month.previous < month < month.next
        assert month.previous.next == month.next.previous == month
        assert month.previous.end == month.start
    assert BillingMonth.parse(str(month)) == month
    assert month.last_day + dt.timedelta(days=1) == month.next.first_day
