"""Figures: what a vendor sees is counted from roll-ups, its own only."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from app.core.ids import new_id
from app.core.money import Money
from app.rules.periods import BillingMonth
from app.services import figures, series
from app.services.context import Context
from models.device import Device
from models.tenant import Tenant
from models.usage import DeviceDay, ProPayment
from tests.factories import as_vendor, make_device, make_vendor

TODAY = dt.date(2026, 11, 20)
OTHER_USER = "c3f7249ad2f03d898a95fdbe95113041282dd1f5a115d14a65d7e7ede4afee5f"


def active(ctx: Context, device: Device, day: dt.date, events: int = 1) -> None:
    at = dt.datetime.combine(day, dt.time(12), dt.UTC)
    ctx.db.add(
        DeviceDay(
            device_pk=device.id,
            day=day,
            tenant_id=device.tenant_id,
            events=events,
            first_at=at,
            last_at=at,
        )
    )


def paid(ctx: Context, tenant: Tenant, at: dt.datetime, gross: int, currency: str = "USD") -> None:
    ctx.db.add(
        ProPayment(
            source_id=new_id(),
            event_id=str(new_id()),
            tenant_id=tenant.id,
            kind="paid" if gross > 0 else "refunded",
            subscription_ref="sub",
            user_omni=OTHER_USER,
            gross_micros=gross * 1_000_000,
            share_micros=gross * 300_000,
            currency=currency,
            occurred_at=at,
        )
    )


async def test_activity_counts_the_trailing_thirty_days_against_the_thirty_before(
    ctx: Context,
) -> None:
    tenant = await make_vendor(ctx)
    one, two = await make_device(ctx, tenant, "SN-1"), await make_device(ctx, tenant, "SN-2")
    three = await make_device(ctx, tenant, "SN-3", user_omni=OTHER_USER)
    active(ctx, one, TODAY)
    active(ctx, one, TODAY - dt.timedelta(days=3))
    active(ctx, two, TODAY - dt.timedelta(days=29))
    active(ctx, three, TODAY - dt.timedelta(days=30))
    await ctx.db.flush()
    head = await figures.headline(as_vendor(ctx, tenant))
    assert head.active_devices == figures.Change(2, 1)
    assert head.monthly_active_users == figures.Change(1, 1)
    assert head.registered_devices == 3
    assert head.registered_this_month == figures.Change(3, 0)


async def test_the_estimate_shows_its_arithmetic(ctx: Context) -> None:
    tenant = await make_vendor(ctx, price_micros=2_500_000)
    tenant.tax_rate = "0.19"
    for number in range(3):
        active(ctx, await make_device(ctx, tenant, f"SN-{number}"), TODAY)
    await ctx.db.flush()
    found = await figures.estimate(as_vendor(ctx, tenant))
    assert (found.active_devices, found.price) == (3, Money.of("2.50", "USD"))
    assert found.subtotal == Money.of("7.50", "USD")
    assert (found.tax_rate, found.tax) == (Decimal("0.19"), Money.of("1.425", "USD"))
    assert found.total == Money.of("8.93", "USD")
    assert found.subtotal + found.tax + found.carried_in == found.total + found.carried_out
    assert found.month == BillingMonth(2026, 11)
    assert (found.first_day, found.end_day) == (dt.date(2026, 10, 22), dt.date(2026, 11, 21))


async def test_a_month_that_ended_is_counted_at_its_end(ctx: Context) -> None:
    tenant = await make_vendor(ctx)
    device = await make_device(ctx, tenant)
    active(ctx, device, dt.date(2026, 10, 2))
    await ctx.db.flush()
    vendor = as_vendor(ctx, tenant)
    october = await figures.month_usage(vendor, BillingMonth(2026, 10))
    november = await figures.month_usage(vendor, BillingMonth(2026, 11))
    assert (october.active_devices, october.registered_devices) == (1, 0)
    assert (november.active_devices, november.registered_devices) == (0, 1)


async def test_pro_revenue_is_kept_apart_by_currency_and_month(ctx: Context) -> None:
    tenant = await make_vendor(ctx)
    now = ctx.now()
    paid(ctx, tenant, now, 10)
    paid(ctx, tenant, now, -4)
    paid(ctx, tenant, now, 70, "CNY")
    paid(ctx, tenant, dt.datetime(2026, 10, 31, 23, 59, tzinfo=dt.UTC), 20)
    await ctx.db.flush()
    vendor = as_vendor(ctx, tenant)
    head = await figures.headline(vendor)
    usd, cny = head.pro_this_month
    assert (usd.gross, usd.share) == (Money.of(6, "USD"), Money.of("1.80", "USD"))
    assert cny.gross == Money.of(70, "CNY")
    assert [one.gross for one in head.pro_last_month] == [Money.of(20, "USD")]
    assert head.pro_lifetime[0].share == Money.of("7.80", "USD")
    months = await series.pro_per_month(
        vendor, BillingMonth(2026, 9), BillingMonth(2026, 11), "USD"
    )
    assert [(str(month), one.gross.text()) for month, one in months] == [
        ("2026-09", "0.00"),
        ("2026-10", "20.00"),
        ("2026-11", "6.00"),
    ]
    days = await series.pro_per_day(vendor, dt.date(2026, 10, 31), dt.date(2026, 11, 2), "USD")
    assert [one.gross.text() for _, one in days] == ["20.00", "0.00"]


async def test_series_fill_the_days_on_which_nothing_happened(ctx: Context) -> None:
    tenant = await make_vendor(ctx)
    device = await make_device(ctx, tenant)
    active(ctx, device, TODAY - dt.timedelta(days=1), events=7)
    await ctx.db.flush()
    vendor = as_vendor(ctx, tenant)
    first, end = TODAY - dt.timedelta(days=2), TODAY + dt.timedelta(days=1)
    days = [first + dt.timedelta(days=n) for n in range(3)]
    assert await series.active_per_day(vendor, first, end) == list(
        zip(days, [0, 1, 0], strict=True)
    )
    assert await series.registrations_per_day(vendor, first, end) == list(
        zip(days, [0, 0, 1], strict=True)
    )


async def test_nothing_of_another_vendor_is_counted(ctx: Context) -> None:
    mine, theirs = await make_vendor(ctx), await make_vendor(ctx)
    active(ctx, await make_device(ctx, theirs), TODAY)
    paid(ctx, theirs, ctx.now(), 10)
    await ctx.db.flush()
    head = await figures.headline(as_vendor(ctx, mine))
    assert head.active_devices == head.monthly_active_users == figures.Change(0, 0)
    assert head.registered_devices == 0
    assert not head.pro_lifetime[0].gross
    assert head.estimate.total == Money.zero("USD")
