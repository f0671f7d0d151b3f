from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules.backoff import delay

SECOND = dt.timedelta(seconds=1)
spans = st.timedeltas(dt.timedelta(0), dt.timedelta(days=30))


@pytest.mark.parametrize(
    ("attempt", "seconds"), [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (99, 60)]
)
def test_the_wait_doubles_up_to_its_cap(attempt: int, seconds: int) -> None:
    assert delay(attempt, SECOND, 60 * SECOND) == seconds * SECOND


def test_a_base_above_the_cap_is_capped() -> None:
    assert delay(1, 90 * SECOND, 60 * SECOND) == 60 * SECOND


def test_attempts_start_at_1() -> None:
    with pytest.raises(ValueError, match="start at 1"):
        delay(0, SECOND, SECOND)


@given(st.integers(1, 10**18), spans, spans)
def test_nobody_waits_less_after_more_failures(
    attempt: int, base: dt.timedelta, cap: dt.timedelta
) -> None:
    assert dt.timedelta(0) <= delay(attempt, base, cap) <= delay(attempt + 1, base, cap) <= cap
