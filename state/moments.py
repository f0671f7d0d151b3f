"""When something happened, in words: near times relative, far ones as a date."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from app.core.clock import to_rfc3339
from app.core.locale import format_date, format_datetime

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


@dataclass(frozen=True)
class Moment:
    """One instant as shown: ``text`` to read, ``exact`` on hover, ``iso`` for machines."""

    text: str = ""
    exact: str = ""
    iso: str = ""


def moment(at: dt.datetime | None, now: dt.datetime, locale: str, never: str = "Never") -> Moment:
    """Say when something happened or will: relative within 24 hours, then the date."""
    if at is None:
        return Moment(never)
    exact = format_datetime(at, locale)
    near = _near(int((now - at).total_seconds()))
    return Moment(near or format_date(at.date(), locale), exact, to_rfc3339(at))


def _near(seconds: int) -> str:
    apart = abs(seconds)
    if apart >= _DAY:
        return ""
    if apart < _MINUTE:
        return "just now" if seconds >= 0 else "in a moment"
    much = f"{apart // _HOUR} h" if apart >= _HOUR else f"{apart // _MINUTE} min"
    return f"{much} ago" if seconds >= 0 else f"in {much}"


def span(length: dt.timedelta) -> str:
    """Say how long something took, in the largest unit that leaves more than one of it; at least a minute."""
    minutes = max(1, round(length / dt.timedelta(minutes=1)))
    if minutes < 2 * 60:
        return "1 minute" if minutes == 1 else f"{minutes} minutes"
    hours = round(minutes / 60)
    return f"{hours} hours" if hours < 2 * 24 else f"{round(hours / 24)} days"
