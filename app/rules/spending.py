"""What a budget pays for, and when whoever set it is told how much of it is gone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from app.core.errors import InvalidInputError
from app.core.money import Money
from app.rules.quota import PRICE

ALERTS: Final = (50, 80, 100)
"""Percents of a month's budget at which its owner is told, each once a month."""
FREE_ALERTS: Final = (80, 100)
"""Percents of the free calls of a month at which its owner is told, each once a month."""
LEAST_BUDGET: Final = Money(10_000, PRICE.currency)
MOST_BUDGET: Final = Money.of("1000000", PRICE.currency)


def checked_budget(budget: Money) -> Money:
    """Return a budget that can be set; raises ``InvalidInputError`` for another."""
    problem = ""
    if budget.currency != PRICE.currency:
        problem = f"must be in {PRICE.currency}"
    elif not LEAST_BUDGET <= budget <= MOST_BUDGET:
        problem = f"must be {LEAST_BUDGET.text()} to {MOST_BUDGET.text()}"
    elif budget != budget.rounded():
        problem = "must be a whole number of cents"
    if problem:
        raise InvalidInputError(f"The budget {problem}.", fields=[("budget", problem)])
    return budget


def calls_paid_by(budget: Money) -> int:
    """Return how many calls a budget pays for."""
    return budget.micros // PRICE.micros


def threshold(percent: int, whole: int) -> int:
    """Return the first count that is at least a percentage of the whole."""
    return -(-percent * whole // 100)


def reached(count: int, whole: int, percents: Sequence[int]) -> int | None:
    """Return the highest percentage that a count has come to, None for none."""
    return max((one for one in percents if count >= threshold(one, whole)), default=None)


def crossed(before: int, after: int, whole: int, percents: Sequence[int]) -> int | None:
    """Return the highest percentage that lies between two counts, None for none.

    Counts that go up step by step cross each percentage in exactly one step. Of several that one
    step crosses only the highest is of interest: whoever is told it knows the others.
    """
    return max(
        (one for one in percents if before < threshold(one, whole) <= after),
        default=None,
    )
