"""Words that several pages of operations share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from app.core.locale import format_money
from app.core.money import Money

LOCALE = "en"


def money(amount: Money) -> str:
    """Return an amount as operations read it, e.g. ``$2.50``."""
    return format_money(amount, LOCALE)


def sums(amounts: Iterable[Money]) -> str:
    """Return amounts of several currencies beside each other; nothing reads as a dash."""
    return " + ".join(money(one) for one in amounts) or "–"


def span(length: dt.timedelta | None) -> str:
    """Return how long something took, in its two largest units."""
    if length is None:
        return "–"
    minutes = max(0, int(length.total_seconds()) // 60)
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {rest} min"
    return f"{rest} min" if rest else "under 1 min"


def several(number: int, one: str, more: str = "") -> str:
    """Return a count with its noun."""
    return f"{number:,} {one if number == 1 else more or one + 's'}"
