"""Calls of some days by action, for a table and a chart that stacks them."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from app.core.locale import format_money, format_number
from app.rules.quota import PRICE
from app.services import call_days
from app.services.call_days import DayCalls
from components.chart_scale import Series

MOST_SERIES = 5
OTHERS = "Everything else"
UNKNOWN = "No such action"
LOCALE = "en"


@dataclass(frozen=True)
class ActionRow:
    """How the calls of one action ended, and what they cost."""

    id: str
    action: str
    calls: str
    successful: str
    failed: str
    billable: str
    cost: str


def to_actions(days: Sequence[DayCalls]) -> list[ActionRow]:
    """Say the calls of each action, those called most first."""
    return [
        ActionRow(
            id=one.action or "-",
            action=one.action or UNKNOWN,
            calls=format_number(one.calls, LOCALE),
            successful=format_number(one.successful, LOCALE),
            failed=format_number(one.calls - one.successful, LOCALE),
            billable=format_number(one.billable, LOCALE),
            cost=format_money(PRICE.times(one.charged), LOCALE),
        )
        for one in call_days.by_action(days)
    ]


def to_series(days: Sequence[DayCalls], first: dt.date, last: dt.date) -> list[Series]:
    """Return bars of each day for the actions called most, and for everything else together."""
    totals = Counter[str]()
    for one in days:
        totals[one.action] += one.calls
    top = [action for action, _ in sorted(totals.items(), key=lambda each: (-each[1], each[0]))]
    shown = top if len(top) <= MOST_SERIES + 1 else top[:MOST_SERIES]
    names = {action: action or UNKNOWN for action in shown}
    counts: dict[str, Counter[dt.date]] = {name: Counter() for name in names.values()}
    for one in days:
        counts.setdefault(names.get(one.action, OTHERS), Counter())[one.day] += one.calls
    every = [first + dt.timedelta(days=at) for at in range((last - first).days + 1)]
    return [
        Series(name.removeprefix("domain."), [(str(day), of[day]) for day in every], kind="bar")
        for name, of in (counts or {"Calls": Counter[dt.date]()}).items()
    ]
