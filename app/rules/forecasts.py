"""What a month will come to, from what it came to so far; every step is a number people can check."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

BASIS: Final = dt.timedelta(days=3)
"""How long must have been counted before anything can be said."""
_STEP: Final = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Forecast:
    """``so_far + a_day * days_left``, rounded half-up, is ``total``; days and the mean have one decimal."""

    so_far: int
    days: Decimal
    a_day: Decimal
    days_left: Decimal
    total: int


def forecast(
    so_far: int, since: dt.datetime, now: dt.datetime, until: dt.datetime
) -> Forecast | None:
    """Return what a count will be at the end of a period if it goes on as it did; None before there is a basis."""
    if now - since < BASIS:
        return None
    days, left = _days(now - since), _days(max(until - now, dt.timedelta()))
    a_day = (so_far / days).quantize(_STEP, ROUND_HALF_UP)
    more = (a_day * left).quantize(Decimal(1), ROUND_HALF_UP)
    return Forecast(so_far, days, a_day, left, so_far + int(more))


def _days(length: dt.timedelta) -> Decimal:
    seconds = Decimal(length // dt.timedelta(seconds=1))
    return (seconds / 86_400).quantize(_STEP, ROUND_HALF_UP)
