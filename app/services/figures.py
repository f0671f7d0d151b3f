"""A vendor's figures, read from roll-ups only: nothing here ever scans raw events."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import func, select
from sqlmodel import col

from app.core.errors import InvalidInputError
from app.core.money import Money
from app.rules import activity, invoicing, rating
from app.rules.periods import BillingMonth
from app.services import usage
from app.services.context import Context
from models.billing import BillingPeriod
from models.device import Device
from models.price import PriceContract
from models.tenant import Tenant
from models.usage import ProPayment


@dataclass(frozen=True, slots=True)
class Change:
    """A count and what it was one period before."""

    value: int
    before: int


@dataclass(frozen=True, slots=True)
class ProTotal:
    """Pro revenue of one currency: what users paid (refunds taken off) and the vendor's share."""

    gross: Money
    share: Money


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the running month's invoice would be if nothing more happened, with its arithmetic.

    ``active_devices x price = subtotal``; ``subtotal + tax + carried_in == total + carried_out``.
    Activity is counted on the days ``[first_day, end_day)``.
    """

    month: BillingMonth
    first_day: dt.date
    end_day: dt.date
    active_devices: int
    price: Money
    price_since: dt.date
    subtotal: Money
    tax_rate: Decimal
    is_reverse_charge: bool
    tax: Money
    carried_in: Money
    carried_out: Money
    total: Money


@dataclass(frozen=True, slots=True)
class Headline:
    """The figures at the top of the dashboard, as of now.

    Activity is that of the trailing 30 days against the 30 before; registrations and Pro revenue
    those of the running month, against the whole month before. Lists of ``ProTotal`` begin with
    the tenant's currency, which is always there.
    """

    active_devices: Change
    monthly_active_users: Change
    registered_devices: int
    registered_this_month: Change
    pro_this_month: list[ProTotal]
    pro_last_month: list[ProTotal]
    pro_lifetime: list[ProTotal]
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class DeviceCounts:
    """How many devices a vendor has, as of now; ``today`` are those registered since midnight UTC."""

    active: int
    registered: int
    today: int


@dataclass(frozen=True, slots=True)
class MonthUsage:
    """One month of the acting tenant; the running month is as of now."""

    month: BillingMonth
    active_devices: int
    registered_devices: int
    monthly_active_users: int
    estimate: Estimate
    pro: list[ProTotal]


async def headline(ctx: Context) -> Headline:
    """Return the dashboard's figures of the acting tenant."""
    tenant_id = ctx.tenant_id
    month = BillingMonth.containing(ctx.now())
    first, end = activity.running_days(ctx.now())
    before = first - dt.timedelta(days=activity.ACTIVE_DAYS)
    return Headline(
        active_devices=Change(
            await usage.count_active(ctx, tenant_id, first, end),
            await usage.count_active(ctx, tenant_id, before, first),
        ),
        monthly_active_users=Change(
            await usage.monthly_active_users(ctx, tenant_id, first, end),
            await usage.monthly_active_users(ctx, tenant_id, before, first),
        ),
        registered_devices=await _registered(ctx, month.end),
        registered_this_month=Change(
            await _registered_within(ctx, month), await _registered_within(ctx, month.previous)
        ),
        pro_this_month=await pro_totals(ctx, month.start, month.end),
        pro_last_month=await pro_totals(ctx, month.previous.start, month.previous.end),
        pro_lifetime=await pro_totals(ctx),
        estimate=await estimate(ctx),
    )


async def device_counts(ctx: Context) -> DeviceCounts:
    """Return the counts above the list of devices of the acting tenant."""
    now = ctx.now()
    first, end = activity.running_days(now)
    midnight = dt.datetime.combine(now.date(), dt.time(), dt.UTC)
    return DeviceCounts(
        active=await usage.count_active(ctx, ctx.tenant_id, first, end),
        registered=await _registered(ctx, midnight + dt.timedelta(days=1)),
        today=await _registered_between(ctx, midnight, midnight + dt.timedelta(days=1)),
    )


async def month_usage(ctx: Context, month: BillingMonth) -> MonthUsage:
    """Return what ``GET /v1/vendor/usage`` answers; raises ``InvalidInputError`` for a month to come."""
    if month.start > ctx.now():
        problem = "has not begun yet"
        raise InvalidInputError(f"The month {problem}.", fields=[("month", problem)])
    first, end = _window(ctx, month)
    return MonthUsage(
        month=month,
        active_devices=await usage.count_active(ctx, ctx.tenant_id, first, end),
        registered_devices=await _registered(ctx, month.end),
        monthly_active_users=await usage.monthly_active_users(ctx, ctx.tenant_id, first, end),
        estimate=await estimate(ctx, month),
        pro=await pro_totals(ctx, month.start, month.end),
    )


async def estimate(ctx: Context, month: BillingMonth | None = None) -> Estimate:
    """Work out a month's invoice from today's roll-ups; the running month by default.

    Raises ``ConflictError`` when no price is in force by the month's end.
    """
    month = month or BillingMonth.containing(ctx.now())
    first, end = _window(ctx, month)
    tenant = await ctx.db.get_one(Tenant, ctx.tenant_id)
    contracts = await ctx.db.scalars(ctx.mine(PriceContract))
    contract = rating.price_on(
        [
            rating.PriceContract(one.price, one.starts_on, one.announced_at.date())
            for one in contracts
        ],
        month.last_day,
    )
    count = await usage.count_active(ctx, tenant.id, first, end)
    line = invoicing.line(invoicing.LineKind.DEVICES, "devices", count, contract.price)
    totals = invoicing.close(
        [line],
        carried_in=await _carried_into(ctx, month, contract.price.currency),
        tax_rate=Decimal(tenant.tax_rate),
        reverse_charge=tenant.is_reverse_charge,
        minimum=Money.zero(contract.price.currency),
    )
    return Estimate(
        month=month,
        first_day=first,
        end_day=end,
        active_devices=count,
        price=contract.price,
        price_since=contract.starts_on,
        subtotal=totals.subtotal,
        tax_rate=Decimal(tenant.tax_rate),
        is_reverse_charge=tenant.is_reverse_charge,
        tax=totals.tax,
        carried_in=totals.carried_in,
        carried_out=totals.carried_out,
        total=totals.total,
    )


async def pro_totals(
    ctx: Context, start: dt.datetime | None = None, end: dt.datetime | None = None
) -> list[ProTotal]:
    """Return Pro revenue within ``[start, end)`` by currency, the tenant's own first."""
    own = (await ctx.db.get_one(Tenant, ctx.tenant_id)).currency
    query = (
        select(
            col(ProPayment.currency),
            func.sum(col(ProPayment.gross_micros)),
            func.sum(col(ProPayment.share_micros)),
        )
        .where(col(ProPayment.tenant_id) == ctx.tenant_id)
        .group_by(col(ProPayment.currency))
    )
    if start is not None:
        query = query.where(col(ProPayment.occurred_at) >= start)
    if end is not None:
        query = query.where(col(ProPayment.occurred_at) < end)
    found = {
        currency: pro_total((gross, share), currency)
        for currency, gross, share in await ctx.db.execute(query)
    }
    found.setdefault(own, pro_total((0, 0), own))
    return [found[one] for one in sorted(found, key=lambda one: (one != own, one))]


def _window(ctx: Context, month: BillingMonth) -> tuple[dt.date, dt.date]:
    if ctx.now() < month.end:
        return activity.running_days(ctx.now())
    return activity.window_days(month.end)


async def _registered(ctx: Context, until: dt.datetime) -> int:
    """Count the devices registered before an instant and not released by then."""
    counted = await ctx.db.scalar(
        select(func.count())
        .select_from(Device)
        .where(
            col(Device.tenant_id) == ctx.tenant_id,
            col(Device.registered_at) < until,
            func.coalesce(col(Device.released_at) >= until, True),
        )
    )
    return counted or 0


async def _registered_within(ctx: Context, month: BillingMonth) -> int:
    return await _registered_between(ctx, month.start, month.end)


async def _registered_between(ctx: Context, start: dt.datetime, end: dt.datetime) -> int:
    counted = await ctx.db.scalar(
        select(func.count())
        .select_from(Device)
        .where(
            col(Device.tenant_id) == ctx.tenant_id,
            col(Device.registered_at) >= start,
            col(Device.registered_at) < end,
        )
    )
    return counted or 0


async def _carried_into(ctx: Context, month: BillingMonth, currency: str) -> Money:
    carried = await ctx.db.scalar(
        select(col(BillingPeriod.carried_micros)).where(
            col(BillingPeriod.tenant_id) == ctx.tenant_id,
            col(BillingPeriod.period) == str(month.previous),
            col(BillingPeriod.currency) == currency,
        )
    )
    return Money(carried or 0, currency)


def pro_total(sums: tuple[int, int], currency: str) -> ProTotal:
    """Return two sums of micros (gross, share) as money."""
    gross, share = sums
    return ProTotal(Money(int(gross), currency), Money(int(share), currency))
