"""Which devices count as active: at least one authority event in the trailing 30 days."""

from __future__ import annotations

import datetime as dt
from typing import Final

from app.core.clock import require_utc
from app.rules.statuses import DeviceStatus

ACTIVE_DAYS: Final = 30

AUTHORITY_EVENTS: Final = frozenset(
    {
        "authority.cap_mint",
        "authority.permission_check",
        "authority.memory_read",
        "authority.credential_fetch",
        "authority.revocation",
    }
)
"""The events that make a device active; registering it is not one of them."""


def window(end: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """Return the half-open window ``[end - 30 days, end)`` that decides about activity at ``end``."""
    stop = require_utc(end)
    return stop - dt.timedelta(days=ACTIVE_DAYS), stop


def window_days(end: dt.datetime) -> tuple[dt.date, dt.date]:
    """Return the same window as days ``[first, last)`` of a per-day UTC roll-up.

    The two agree only where a day begins; raises ``ValueError`` for any other instant.
    """
    start, stop = window(end)
    if stop.time() != dt.time():
        raise ValueError("only a UTC midnight divides per-day roll-ups exactly")
    return start.date(), stop.date()


def running_days(now: dt.datetime) -> tuple[dt.date, dt.date]:
    """Return the days ``[first, last)`` behind every figure "as of now".

    They are the 30 UTC days that end with today, today included: what the window will be at the
    coming midnight if nothing more happens. Dashboard, estimate and device status all use it, so
    that they never disagree; an invoice uses ``window_days`` at the end of its month.
    """
    tomorrow = require_utc(now).date() + dt.timedelta(days=1)
    return tomorrow - dt.timedelta(days=ACTIVE_DAYS), tomorrow


def device_status(
    last_active_at: dt.datetime | None, released_at: dt.datetime | None, now: dt.datetime
) -> DeviceStatus:
    """Return what to show: released for good, else active or quiet by ``running_days``."""
    if released_at is not None:
        return DeviceStatus.RELEASED
    first, _ = running_days(now)
    if last_active_at is not None and require_utc(last_active_at).date() >= first:
        return DeviceStatus.ACTIVE
    return DeviceStatus.QUIET
