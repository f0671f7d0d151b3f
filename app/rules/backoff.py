"""How long to wait before trying again."""

from __future__ import annotations

import datetime as dt


def delay(attempt: int, base: dt.timedelta, cap: dt.timedelta) -> dt.timedelta:
    """Return the wait after a failed attempt (the first is 1): ``base``, then doubled, up to ``cap``."""
    if attempt < 1:
        raise ValueError("attempts start at 1")
    wait = min(base, cap)
    for _ in range(attempt - 1):
        if wait >= cap or not wait:
            break
        wait = min(wait * 2, cap)
    return wait
