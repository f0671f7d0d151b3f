"""What operations look at first: what needs somebody, the running month, and the product's pulse."""

from __future__ import annotations

import datetime as dt
import statistics
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, func
from sqlmodel import col, select

from app.core.errors import NotFoundError
from app.core.money import Money
from app.rules import rating
from app.rules.activity import running_days
from app.rules.periods import BillingMonth
from app.rules.quota import PRICE, Tier
from app.rules.statuses import (
    DisputeStatus,
    InvoiceStatus,
    PayoutStatus,
    RunStatus,
    TenantStatus,
)
from app.services import billing_runs, ops_money, ops_tenants, reconciliation
from app.services.billing_runs import Progress
from app.services.context import Context
from models.agent import Agent, CallCounter
from models.billing import BillingPeriod
from models.device import Device
from models.dispute import Dispute
from models.exchange import InboxEvent, InboxStatus, OutboxItem, OutboxKind, OutboxStatus
from models.invoice import Invoice
from models.payment import Payout, Refund
from models.price import PriceContract
from models.tenant import Programme, Tenant
from models.usage import DeviceDay

RECENT: Final = 8
TARGET: Final = dt.timedelta(minutes=30)
"""How long a vendor may take from its sign-up to its first device without anybody's help."""


@dataclass(frozen=True, slots=True)
class Attention:
    """How many things of each kind wait for somebody."""

    failed_jobs: int
    failed_mails: int
    failed_webhooks: int
    failed_months: int
    overdue_invoices: int
    open_disputes: int
    failed_refunds: int
    waiting_payouts: int
    stuck_tenants: int
    differences: int


@dataclass(frozen=True, slots=True)
class Pulse:
    """The product in a few figures; ``estimate`` is the running month's, one amount a currency."""

    active_vendors: int
    pending_vendors: int
    active_agents: int
    paying_agents: int
    calls: int
    registered_devices: int
    active_devices: int
    estimate: tuple[Money, ...]
    median_to_first_device: dt.timedelta | None
    measured_tenants: int
    within_target: int


@dataclass(frozen=True, slots=True)
class FirstDevice:
    """How long one vendor took from its sign-up to its first device."""

    tenant_id: UUID
    name: str
    signed_up_at: dt.datetime
    took: dt.timedelta


async def attention(ctx: Context) -> Attention:
    """Count what waits for somebody."""
    ctx.require_ops()
    failed = col(OutboxItem.status) == OutboxStatus.FAILED
    return Attention(
        failed_jobs=await _count(ctx, OutboxItem.id, failed, _is(OutboxKind.JOB)),
        failed_mails=await _count(ctx, OutboxItem.id, failed, _is(OutboxKind.MAIL)),
        failed_webhooks=await _count(
            ctx, InboxEvent.id, col(InboxEvent.status) == InboxStatus.FAILED
        ),
        failed_months=await _count(
            ctx, BillingPeriod.id, col(BillingPeriod.status) == RunStatus.FAILED
        ),
        overdue_invoices=await _count(
            ctx,
            Invoice.id,
            col(Invoice.status) == InvoiceStatus.OPEN,
            col(Invoice.due_at) <= ctx.now(),
        ),
        open_disputes=await _count(ctx, Dispute.id, col(Dispute.status) == DisputeStatus.OPEN),
        failed_refunds=await _count(
            ctx,
            Refund.id,
            ops_money.is_failed_refund(),
        ),
        waiting_payouts=await _count(
            ctx, Payout.id, col(Payout.status).in_((PayoutStatus.FAILED, PayoutStatus.HELD))
        ),
        stuck_tenants=await _count(ctx, Tenant.id, ops_tenants.stuck(ctx.now())),
        differences=await reconciliation.count_open(ctx),
    )


async def latest_run(ctx: Context) -> Progress | None:
    """Return how far the newest monthly run has come; None before there was one."""
    newest = await billing_runs.runs(ctx, limit=1)
    try:
        return await billing_runs.progress(ctx, newest[0].period) if newest else None
    except NotFoundError:
        return None


async def pulse(ctx: Context) -> Pulse:
    """Return the key figures as of now."""
    ctx.require_ops()
    took = await _times_to_first_device(ctx)
    first, end = running_days(ctx.now())
    in_window = (col(DeviceDay.day) >= first, col(DeviceDay.day) < end)
    active = await ctx.db.scalar(
        select(func.count(func.distinct(DeviceDay.device_pk))).where(*in_window)
    )
    return Pulse(
        active_vendors=await _count(ctx, Tenant.id, *_are(Programme.VENDOR, TenantStatus.ACTIVE)),
        pending_vendors=await _count(ctx, Tenant.id, *_are(Programme.VENDOR, TenantStatus.PENDING)),
        active_agents=await _count(ctx, Tenant.id, *_are(Programme.AGENT, TenantStatus.ACTIVE)),
        paying_agents=await _count(ctx, Agent.tenant_id, col(Agent.tier) == Tier.PAID),
        calls=(await _counted_calls(ctx))[0],
        registered_devices=await _count(ctx, Device.id, col(Device.released_at).is_(None)),
        active_devices=active or 0,
        estimate=await _estimate(ctx),
        median_to_first_device=_median(took),
        measured_tenants=len(took),
        within_target=sum(one <= TARGET for one in took),
    )


async def recent_first_devices(ctx: Context) -> list[FirstDevice]:
    """Return the vendors whose first device came last, newest first."""
    ctx.require_ops()
    rows = await ctx.db.scalars(
        select(Tenant)
        .where(col(Tenant.first_device_at).is_not(None))
        .order_by(col(Tenant.first_device_at).desc(), col(Tenant.id))
        .limit(RECENT)
    )
    return [
        FirstDevice(one.id, one.display_name, one.created_at, one.first_device_at - one.created_at)
        for one in rows
        if one.first_device_at is not None
    ]


async def fingerprint(ctx: Context) -> str:
    """Return a text that changes when the overview would: cheap enough to ask every few seconds."""
    ctx.require_ops()
    newest = await billing_runs.runs(ctx, limit=1)
    run = newest[0] if newest else None
    done = 0
    if run is not None:
        done = await _count(
            ctx,
            BillingPeriod.id,
            col(BillingPeriod.run_id) == run.id,
            col(BillingPeriod.status) == RunStatus.DONE,
        )
    devices = await _count(ctx, Device.id)
    waiting = await attention(ctx)
    return f"{run.period if run else ''}:{run.status if run else ''}:{done}:{devices}:{waiting}"


def _are(programme: Programme, status: TenantStatus) -> tuple[ColumnElement[bool], ...]:
    return col(Tenant.programme) == programme, col(Tenant.status) == status


async def _counted_calls(ctx: Context) -> tuple[int, int]:
    """Return how many billable calls the running month has, and how many of them are charged."""
    sums = await ctx.db.execute(
        select(func.sum(CallCounter.used), func.sum(CallCounter.charged)).where(
            col(CallCounter.period) == str(BillingMonth.containing(ctx.now()))
        )
    )
    used, charged = sums.one()
    return int(used or 0), int(charged or 0)


async def _estimate(ctx: Context) -> tuple[Money, ...]:
    """Return what the running month would claim if it ended today, one amount a currency.

    Every vendor's active devices at its own price, and the agents' charged calls; tax and carried
    remainders are left out.
    """
    first, end = running_days(ctx.now())
    counted = await ctx.db.execute(
        select(DeviceDay.tenant_id, func.count(func.distinct(DeviceDay.device_pk)))
        .where(col(DeviceDay.day) >= first, col(DeviceDay.day) < end)
        .group_by(col(DeviceDay.tenant_id))
    )
    month = BillingMonth.containing(ctx.now())
    contracts: dict[UUID, list[rating.PriceContract]] = {}
    for row in await ctx.db.scalars(
        select(PriceContract).where(col(PriceContract.starts_on) <= month.last_day)
    ):
        contracts.setdefault(row.tenant_id, []).append(
            rating.PriceContract(row.price, row.starts_on, row.announced_at.date())
        )
    _, charged = await _counted_calls(ctx)
    sums: dict[str, Money] = {PRICE.currency: PRICE.times(charged)} if charged else {}
    for tenant_id, devices in counted:
        if tenant_id in contracts:
            price = rating.price_on(contracts[tenant_id], month.last_day).price
            so_far = sums.get(price.currency, Money.zero(price.currency))
            sums[price.currency] = so_far + price.times(devices)
    return tuple(sums[currency] for currency in sorted(sums))


async def _times_to_first_device(ctx: Context) -> list[dt.timedelta]:
    rows = await ctx.db.execute(
        select(Tenant.created_at, Tenant.first_device_at).where(
            col(Tenant.programme) == Programme.VENDOR, col(Tenant.first_device_at).is_not(None)
        )
    )
    return [first - created for created, first in rows if first is not None]


def _median(spans: list[dt.timedelta]) -> dt.timedelta | None:
    if not spans:
        return None
    return dt.timedelta(seconds=int(statistics.median(int(one.total_seconds()) for one in spans)))


async def _count(ctx: Context, what: Any, *conditions: ColumnElement[bool]) -> int:
    return await ctx.db.scalar(select(func.count(what)).where(*conditions)) or 0


def _is(kind: OutboxKind) -> ColumnElement[bool]:
    return col(OutboxItem.kind) == kind
