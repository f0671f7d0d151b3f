from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules import activity
from app.rules.periods import BillingMonth
from app.rules.statuses import DeviceStatus
from tests.strategies import instants

NOW = dt.datetime(2026, 11, 21, 14, 5, tzinfo=dt.UTC)
MONTH_END = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)


def test_the_window_is_the_30_days_before_its_end() -> None:
    assert activity.window(MONTH_END) == (dt.datetime(2026, 11, 1, tzinfo=dt.UTC), MONTH_END)
    assert activity.window_days(MONTH_END) == (dt.date(2026, 11, 1), dt.date(2026, 12, 1))


def test_the_window_is_30_days_whatever_the_month_has() -> None:
    january, february = BillingMonth(2026, 1).end, BillingMonth(2026, 2).end
    assert activity.window_days(january) == (dt.date(2026, 1, 2), dt.date(2026, 2, 1))
    assert activity.window_days(february) == (dt.date(2026, 1, 30), dt.date(2026, 3, 1))


def test_days_divide_only_at_a_utc_midnight() -> None:
    shanghai = dt.timezone(dt.timedelta(hours=8))
    midnight_there = dt.datetime(2026, 12, 1, tzinfo=shanghai)
    for end in (NOW, MONTH_END + dt.timedelta(microseconds=1), midnight_there):
        with pytest.raises(ValueError, match="midnight"):
            activity.window_days(end)
    with pytest.raises(ValueError, match="naive"):
        activity.window(dt.datetime(2026, 12, 1))


def test_the_running_window_ends_with_today_included() -> None:
    assert activity.running_days(NOW) == (dt.date(2026, 10, 23), dt.date(2026, 11, 22))


def test_authority_events_are_the_five_and_registration_is_none() -> None:
    assert {
        "authority.cap_mint",
        "authority.permission_check",
        "authority.memory_read",
        "authority.credential_fetch",
        "authority.revocation",
    } == activity.AUTHORITY_EVENTS


@pytest.mark.parametrize(
    ("last_active_at", "released_at", "expected"),
    [
        (None, None, DeviceStatus.QUIET),
        (NOW, None, DeviceStatus.ACTIVE),
        (NOW + dt.timedelta(minutes=5), None, DeviceStatus.ACTIVE),
        (dt.datetime(2026, 10, 23, tzinfo=dt.UTC), None, DeviceStatus.ACTIVE),
        (dt.datetime(2026, 10, 22, 23, 59, 59, tzinfo=dt.UTC), None, DeviceStatus.QUIET),
        (NOW, NOW, DeviceStatus.RELEASED),
        (None, NOW, DeviceStatus.RELEASED),
    ],
)
def test_a_devices_status_follows_from_its_times(
    last_active_at: dt.datetime | None, released_at: dt.datetime | None, expected: DeviceStatus
) -> None:
    assert activity.device_status(last_active_at, released_at, NOW) is expected


@given(instants(), st.timedeltas(dt.timedelta(days=-40), dt.timedelta(days=40)))
def test_days_and_instants_agree_on_a_window(end: dt.datetime, offset: dt.timedelta) -> None:
    midnight = dt.datetime.combine(end.date(), dt.time(), dt.UTC)
    event = midnight + offset
    start, stop = activity.window(midnight)
    first, last = activity.window_days(midnight)
    assert (start <= event < stop) == (first <= event.date() < last)
    assert (last - first).days == activity.ACTIVE_DAYS


@given(instants(), st.timedeltas(dt.timedelta(0), dt.timedelta(days=40)))
def test_status_and_running_window_agree(now: dt.datetime, ago: dt.timedelta) -> None:
    first, last = activity.running_days(now)
    seen = now - ago
    is_active = activity.device_status(seen, None, now) is DeviceStatus.ACTIVE
    assert is_active == (first <= seen.date() < last)


@given(instants())
def test_the_running_window_of_the_last_day_is_the_invoices_window(at: dt.datetime) -> None:
    end = BillingMonth.containing(at).end
    assert activity.running_days(end - dt.timedelta(microseconds=1)) == activity.window_days(end)
