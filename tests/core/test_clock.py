from __future__ import annotations

import datetime as dt

import pytest

from app.core.clock import FixedClock, SystemClock, require_utc, to_rfc3339, wall_now

NOON = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        require_utc(dt.datetime(2026, 11, 21, 12))
    with pytest.raises(ValueError, match="naive"):
        FixedClock(dt.datetime(2026, 11, 21, 12))


def test_another_zone_becomes_utc() -> None:
    shanghai = dt.timezone(dt.timedelta(hours=8))
    at = require_utc(dt.datetime(2026, 11, 21, 20, tzinfo=shanghai))
    assert at == NOON
    assert at.tzinfo is dt.UTC
    assert to_rfc3339(at) == "2026-11-21T12:00:00Z"


def test_the_system_clock_runs_ahead_by_its_offset() -> None:
    before = wall_now()
    ahead = SystemClock(dt.timedelta(days=30)).now()
    after = wall_now()
    assert before <= ahead - dt.timedelta(days=30) <= after
    assert ahead.tzinfo is dt.UTC


def test_the_fixed_clock_moves_only_forward_and_only_when_told() -> None:
    clock = FixedClock(NOON)
    assert clock.now() == clock.now() == NOON
    clock.advance(dt.timedelta(hours=1))
    assert clock.now() == NOON + dt.timedelta(hours=1)
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(dt.timedelta(seconds=-1))
