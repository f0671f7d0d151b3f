"""How many calls an agent has, what they cost, and when it is told that they run out."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.core.money import Money

FREE_CALLS: Final = 100
"""Billable calls of a free agent in one UTC month."""
UNCONFIRMED_CALLS: Final = 50
"""Those it has before its address is confirmed, where the installation asks for that."""
WARN_FROM: Final = 90
"""Of the free calls; of another number of them likewise when ten are left."""
PRICE: Final = Money(1_000, "USD")
"""Of one billable call that succeeded after the upgrade."""


LEAST_INVOICE: Final = Money(500_000, "USD")
"""What is less is carried to the next month: providers charge no less, and nobody wants to."""


class Tier(StrEnum):
    """What an agent has agreed to."""

    FREE = "free"
    PAID = "paid"


@dataclass(frozen=True, slots=True)
class Quota:
    """What was used of a month; ``limit`` is None for whoever pays by the call."""

    tier: Tier
    used: int
    limit: int | None

    @property
    def remaining(self) -> int | None:
        """Calls left in the month, None without a limit."""
        return None if self.limit is None else max(0, self.limit - self.used)

    @property
    def is_near(self) -> bool:
        """Whether it is time to say that the free calls run out."""
        return self.limit is not None and self.used >= self.limit - (FREE_CALLS - WARN_FROM)


def tier_at(tier: Tier, paid_until: dt.datetime | None, now: dt.datetime) -> Tier:
    """Return the tier in force: whoever took the card back is free again from the month's end on."""
    return Tier.FREE if paid_until is not None and now >= paid_until else tier


def limit_of(tier: Tier, *, is_confirmed: bool, must_confirm: bool) -> int | None:
    """Return how many calls a month an agent may make, None for as many as it likes."""
    if tier is Tier.PAID:
        return None
    return FREE_CALLS if is_confirmed or not must_confirm else UNCONFIRMED_CALLS
