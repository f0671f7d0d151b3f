"""Where an agent stands, in words: what is used, what it costs, what the month will come to."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from app.core.locale import format_date, format_money, format_month, format_number
from app.rules.quota import PRICE
from app.services.agent_usage import Standing
from components.explain import WhyRow
from state.moments import moment

LOCALE = "en"
TOO_EARLY = "Too early to say: a forecast needs three days of calls."


@dataclass(frozen=True)
class StandingRow:
    """The running month as its page shows it; ``limit`` is 0 for whoever pays by the call."""

    name: str = ""
    month: str = ""
    is_paid: bool = False
    is_suspended: bool = False
    used: int = 0
    limit: int = 0
    used_text: str = "0"
    used_note: str = ""
    cost: str = ""
    cost_note: str = ""
    success: str = "–"
    success_note: str = ""
    last_call: str = "Never"
    last_call_exact: str = ""
    forecast: str = "–"
    forecast_note: str = TOO_EARLY


def to_row(one: Standing, now: dt.datetime) -> StandingRow:
    """Say where an agent stands."""
    limit = one.quota.limit or 0
    remaining = one.quota.remaining
    last = moment(one.last_call_at, now, LOCALE)
    renews = format_date(one.month.end.date(), LOCALE)
    return StandingRow(
        name=one.agent.agent_id,
        month=format_month(one.month.first_day, LOCALE),
        is_paid=one.is_paid,
        is_suspended=one.is_suspended,
        used=one.quota.used,
        limit=limit,
        used_text=format_number(one.quota.used, LOCALE)
        + (f" of {format_number(limit, LOCALE)}" if limit else ""),
        used_note=f"{remaining} free calls left, anew on {renews}"
        if remaining is not None
        else "No limit: each call that succeeds is charged",
        cost=format_money(one.cost, LOCALE),
        cost_note=f"Invoiced on {renews}" if one.is_paid else "Free calls cost nothing",
        success=_share(one.calls.successful, one.calls.total),
        success_note=f"{format_number(one.calls.failed, LOCALE)} of "
        f"{format_number(one.calls.total, LOCALE)} failed or were refused",
        last_call=last.text,
        last_call_exact=last.exact,
        forecast=_forecast(one),
        forecast_note=_forecast_note(one),
    )


def why_cost(one: Standing) -> WhyRow:
    """Say how the month's cost comes about."""
    since = one.agent.upgraded_at
    began = max(one.month.start, since) if since else one.month.start
    return WhyRow(
        quantity=format_number(one.charged, LOCALE),
        quantity_label="charged calls",
        price=format_money(PRICE, LOCALE),
        price_label="a call",
        amount=format_money(one.cost, LOCALE),
        amount_label="so far, before tax",
        rule="A call is charged when it is billable and succeeded after the upgrade. Dry runs, replays, "
        "reads and calls that failed cost nothing.",
        period=f"{format_date(began.date(), LOCALE)} to {format_date(one.month.last_day, LOCALE)}",
        contract=f"Pays by the call since {format_date(since.date(), LOCALE)}" if since else "",
    )


def forecast_line(one: Standing) -> str:
    """Write the arithmetic of a forecast."""
    found = one.forecast
    if found is None:
        return TOO_EARLY
    what = "charged calls" if one.is_paid else "calls"
    line = (
        f"{format_number(found.so_far, LOCALE)} {what} in {found.days} days are {found.a_day} a day. "
        f"{format_number(found.so_far, LOCALE)} + {found.a_day} × {found.days_left} days left = "
        f"{format_number(found.total, LOCALE)} calls"
    )
    if not one.is_paid:
        return f"{line}, of {one.quota.limit} free ones."
    return f"{line} × {format_money(PRICE, LOCALE)} = {_forecast(one)}, before tax."


def _share(part: int, whole: int) -> str:
    return f"{100 * part // whole} %" if whole else "–"


def _forecast(one: Standing) -> str:
    if one.forecast is None:
        return "–"
    if one.is_paid:
        return format_money(PRICE.times(one.forecast.total), LOCALE)
    return f"{format_number(one.forecast.total, LOCALE)} calls"


def _forecast_note(one: Standing) -> str:
    if one.forecast is None:
        return TOO_EARLY
    if one.is_paid:
        return f"{format_number(one.forecast.total, LOCALE)} charged calls at this pace"
    if one.quota.limit and one.forecast.total > one.quota.limit:
        return "More than the free calls of a month"
    return "Within the free calls of a month"
