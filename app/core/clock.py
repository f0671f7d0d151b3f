"""The only source of time: aware UTC, injected, movable forward in sandbox mode and in tests."""

from __future__ import annotations

import datetime as dt
from typing import Protocol


class Clock(Protocol):
    """Tells the product's time."""

    def now(self) -> dt.datetime:
        """Return the current instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock plus an offset that only grows: sandbox mode moves it forward."""

    def __init__(self, offset: dt.timedelta = dt.timedelta()) -> None:
        self.offset = offset

    def now(self) -> dt.datetime:
        """Return the machine's instant plus the offset."""
        return wall_now() + self.offset


class FixedClock:
    """A clock for tests that stands still until it is told to move."""

    def __init__(self, at: dt.datetime) -> None:
        self.at = require_utc(at)

    def now(self) -> dt.datetime:
        """Return the instant it was set to."""
        return self.at

    def advance(self, by: dt.timedelta) -> None:
        """Move forward; time never runs backwards."""
        if by < dt.timedelta():
            raise ValueError("time never runs backwards")
        self.at += by


def wall_now() -> dt.datetime:
    """Return the machine's instant; for signatures and time-outs that the outside world judges."""
    return dt.datetime.now(dt.UTC)  # noqa: TID251 - the one place that reads the machine's clock


def require_utc(at: dt.datetime) -> dt.datetime:
    """Return the instant in UTC; raises ``ValueError`` for a naive one."""
    if at.tzinfo is None:
        raise ValueError("naive datetime")
    return at.astimezone(dt.UTC)


def to_rfc3339(at: dt.datetime) -> str:
    """Return an instant as RFC 3339 with ``Z``."""
    return require_utc(at).isoformat().replace("+00:00", "Z")
