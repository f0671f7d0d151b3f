"""Pro revenue as a chart, for the dashboard and the revenue page: one currency at a time, that of the payments."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from plotly.graph_objects import Figure

from app.core.locale import format_money
from app.core.money import MICROS, Money
from app.rules.periods import BillingMonth
from app.services import series
from app.services.context import Context
from app.services.figures import ProTotal
from components.charts import ChartRow, Series, chart_figure, chart_rows

DAYS: Final = {"7d": 7, "30d": 30, "90d": 90}
MONTHS: Final = "12m"


@dataclass(frozen=True)
class ProChart:
    """One chart, its numbers, and the currencies there are: ``others`` is empty where there is one."""

    figure: Figure
    rows: list[ChartRow]
    currency: str
    others: list[tuple[str, str]]


async def pro_chart(
    ctx: Context, reach: str, totals: Sequence[ProTotal], wanted: str = ""
) -> ProChart:
    """Draw one of the currencies that users paid in, by day or over twelve months by month.

    ``totals`` are those of all time; without any payment it is the tenant's own currency, empty.
    """
    paid = [one.gross.currency for one in totals if one.gross] or [totals[0].gross.currency]
    currency = wanted if wanted in paid else paid[0]
    found = await _points(ctx, reach, currency)
    drawn = [
        Series("Paid by users", [(str(day), one.gross.micros) for day, one in found], kind="bar"),
        Series("Your share", [(str(day), one.share.micros) for day, one in found], kind="bar"),
    ]
    sign = format_money(Money.zero(currency), "en").rstrip("0.") or currency
    return ProChart(
        chart_figure(drawn, prefix=sign, per_unit=MICROS),
        chart_rows(drawn, prefix=sign, per_unit=MICROS),
        currency,
        [(one, one) for one in paid] if len(paid) > 1 else [],
    )


async def _points(ctx: Context, reach: str, currency: str) -> list[tuple[dt.date, ProTotal]]:
    if reach == MONTHS:
        last = BillingMonth.containing(ctx.now())
        first = BillingMonth(last.year - 1, last.month).next
        months = await series.pro_per_month(ctx, first, last, currency)
        return [(month.first_day, one) for month, one in months]
    end = ctx.now().date() + dt.timedelta(days=1)
    return await series.pro_per_day(ctx, end - dt.timedelta(days=DAYS[reach]), end, currency)
