"""Series for charts: a vendor's activity, registrations and Pro revenue per day and month."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func, select
from sqlmodel import col

from app.rules.periods import BillingMonth
from app.services.context import Context
from app.services.figures import ProTotal, pro_total
from models.device import Device
from models.usage import DeviceDay, ProPayment


async def active_per_day(ctx: Context, first: dt.date, end: dt.date) -> list[tuple[dt.date, int]]:
    """Return how many devices were active on each of the days ``[first, end)``, zeros included."""
    rows = await ctx.db.execute(
        select(col(DeviceDay.day), func.count())
        .where(
            col(DeviceDay.tenant_id) == ctx.tenant_id,
            col(DeviceDay.day) >= first,
            col(DeviceDay.day) < end,
        )
        .group_by(col(DeviceDay.day))
    )
    return _filled(first, end, dict(rows.all()))


async def registrations_per_day(
    ctx: Context, first: dt.date, end: dt.date
) -> list[tuple[dt.date, int]]:
    """Return how many devices were registered on each of the days ``[first, end)``, zeros included."""
    at = col(Device.registered_at)
    day = func.date(func.timezone("UTC", at)) if _is_postgresql(ctx) else func.date(at)
    rows = await ctx.db.execute(
        select(day, func.count())
        .where(col(Device.tenant_id) == ctx.tenant_id, at >= _midnight(first), at < _midnight(end))
        .group_by(day)
    )
    return _filled(first, end, {_as_date(one): count for one, count in rows})


async def pro_per_day(
    ctx: Context, first: dt.date, end: dt.date, currency: str
) -> list[tuple[dt.date, ProTotal]]:
    """Return Pro revenue on each of the days ``[first, end)`` in one currency, zeros included."""
    sums = await _pro_sums(ctx, first, end, currency, length=10)
    days = [first + dt.timedelta(days=n) for n in range((end - first).days)]
    return [(day, pro_total(sums.get(day.isoformat(), (0, 0)), currency)) for day in days]


async def pro_per_month(
    ctx: Context, first: BillingMonth, last: BillingMonth, currency: str
) -> list[tuple[BillingMonth, ProTotal]]:
    """Return Pro revenue of each month from ``first`` to ``last`` in one currency."""
    end = last.last_day + dt.timedelta(days=1)
    sums = await _pro_sums(ctx, first.first_day, end, currency, length=7)
    months: list[BillingMonth] = []
    month = first
    while month <= last:
        months.append(month)
        month = month.next
    return [(month, pro_total(sums.get(str(month), (0, 0)), currency)) for month in months]


async def _pro_sums(
    ctx: Context, first: dt.date, end: dt.date, currency: str, *, length: int
) -> dict[str, tuple[int, int]]:
    """Sum Pro revenue by the first ``length`` characters of its UTC day, e.g. 7 for the month."""
    at = col(ProPayment.occurred_at)
    day = func.timezone("UTC", at) if _is_postgresql(ctx) else at
    text = func.to_char(day, "YYYY-MM-DD") if _is_postgresql(ctx) else func.date(day)
    key = func.substr(text, 1, length)
    rows = await ctx.db.execute(
        select(key, func.sum(col(ProPayment.gross_micros)), func.sum(col(ProPayment.share_micros)))
        .where(
            col(ProPayment.tenant_id) == ctx.tenant_id,
            col(ProPayment.currency) == currency,
            at >= _midnight(first),
            at < _midnight(end),
        )
        .group_by(key)
    )
    return {one: (int(gross), int(share)) for one, gross, share in rows}


def _filled(first: dt.date, end: dt.date, found: dict[dt.date, int]) -> list[tuple[dt.date, int]]:
    days = (first + dt.timedelta(days=n) for n in range((end - first).days))
    return [(day, found.get(day, 0)) for day in days]


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)


def _as_date(value: dt.date | str) -> dt.date:
    return dt.date.fromisoformat(value) if isinstance(value, str) else value


def _is_postgresql(ctx: Context) -> bool:
    return ctx.db.get_bind().dialect.name == "postgresql"
