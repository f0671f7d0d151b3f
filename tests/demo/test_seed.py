"""The demo's history looks like a history."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any, cast

import pytest

from app.demo.seed import STEP, Line, Seeder


@pytest.mark.parametrize("hour", [0, 3, 9, 23])
def test_every_day_is_about_as_busy_as_the_next_at_whatever_hour_the_demo_began(hour: int) -> None:
    seeder = Seeder(cast("Any", None), cast("Any", None))
    devices = [f"actor-{number}" for number in range(100)]
    line = Line("token", "X", 100, devices)
    began = dt.datetime(2026, 9, 1, hour, 59, tzinfo=dt.UTC)
    used: Counter[str] = Counter()
    for step in range(20):
        now = began + step * STEP
        for event in seeder._day(now, [line], step):
            assert event["time"] <= now.isoformat().replace("+00:00", "Z")
            used[event["time"][:10]] += event["type"].startswith("authority.")
    assert len(used) == 20 * STEP.days
    assert 40 <= min(used.values()) <= max(used.values()) <= 75
