"""The monthly run over everybody who is invoiced by the month: begun once, fair, resumable, and blocked by nobody's failure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_
from sqlmodel import col, select

from app.core.errors import ConflictError, NotFoundError
from app.core.ids import new_id
from app.core.money import Money
from app.rules.periods import BillingMonth
from app.rules.statuses import RunStatus
from app.services import billing_batches, months, outbox, reservations
from app.services.billing import close_run
from app.services.context import Context
from app.services.outbox import insert_or_ignore
from app.services.ports import JobName
from models.billing import BillingPeriod, BillingRun
from models.device import Device
from models.invoice import Invoice
from models.person import Role
from models.tenant import Programme, Tenant

INVOICED: Final = (Programme.VENDOR, Programme.AGENT)
"""Who is invoiced by the month."""
STUCK: Final = dt.timedelta(hours=6)
"""A month untouched for this long lost its job and is begun again; its steps hold under that."""
CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class FailedMonth:
    """A tenant whose month stopped, and when it is taken up again."""

    tenant_id: UUID
    name: str
    step: str
    error: str
    attempts: int
    retry_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a month's run has come."""

    period: str
    status: RunStatus
    counts: dict[RunStatus, int]
    invoices: int
    claimed: tuple[Money, ...]
    failed: tuple[FailedMonth, ...]
    started_at: dt.datetime
    finished_at: dt.datetime | None

    @property
    def total(self) -> int:
        """How many tenants the run covers."""
        return sum(self.counts.values())


async def start_run(ctx: Context, period: str) -> int:
    """Begin a month's billing, or add what is missing from it; returns how many tenants began.

    A month that is not over is refused with ``ConflictError`` ``period_not_over``, one whose last
    calls are still on their way with ``calls_running``. Started again, it only adds tenants without a row and takes up those that failed. The smallest tenants come
    first, so that none of them waits for a large one.
    """
    ctx.require_ops(Role.OPS_OPERATOR)
    month = months.closed(ctx, period)
    if await reservations.is_open(ctx, month):
        raise ConflictError(
            f"Calls of {period} are still on their way: try again in a few minutes.",
            reason="calls_running",
        )
    run = await _run_row(ctx, period)
    devices = func.count(col(Device.id))
    missing = await ctx.db.execute(
        select(Tenant.id, Tenant.currency, devices)
        .outerjoin(Device, col(Device.tenant_id) == Tenant.id)
        .outerjoin(
            BillingPeriod,
            (col(BillingPeriod.tenant_id) == Tenant.id) & (col(BillingPeriod.period) == period),
        )
        .where(
            col(Tenant.programme).in_(INVOICED),
            col(Tenant.activated_at) < month.end,
            or_(col(Tenant.closed_at).is_(None), col(Tenant.closed_at) >= month.start),
            col(BillingPeriod.id).is_(None),
        )
        .group_by(col(Tenant.id), col(Tenant.currency))
        .order_by(devices, col(Tenant.id))
    )
    begun = [(tenant_id, currency, size) for tenant_id, currency, size in missing]
    for start in range(0, len(begun), CHUNK):
        rows = [
            {
                "id": new_id(),
                "run_id": run.id,
                "tenant_id": tenant_id,
                "period": period,
                "status": RunStatus.PENDING,
                "step": "",
                "attempts": 0,
                "error": "",
                "carried_micros": 0,
                "currency": currency,
                "updated_at": ctx.now(),
            }
            for tenant_id, currency, _ in begun[start : start + CHUNK]
        ]
        await ctx.db.execute(insert_or_ignore(ctx, BillingPeriod, rows, "tenant_id", "period"))
    await billing_batches.enqueue(ctx, period, [(one, size) for one, _, size in begun])
    failed = await _retry(ctx, col(BillingPeriod.period) == period)
    if begun or failed or run.status is RunStatus.PENDING:
        run.status, run.finished_at = RunStatus.RUNNING, None
        ctx.audit(
            "billing.run_started",
            subject=("billing_run", run.id),
            body={"period": period, "tenants": len(begun), "again": failed},
        )
        await close_run(ctx, run.id)  # nobody is left of a run without anybody
    return len(begun) + failed


async def retry_due(ctx: Context) -> int:
    """Take up failed months whose wait is over, and close runs that a crash left open."""
    ctx.require_system()
    taken_up = await _retry(ctx, col(BillingPeriod.retry_at) <= ctx.now())
    lost = (col(BillingPeriod.status).in_((RunStatus.PENDING, RunStatus.RUNNING))) & (
        col(BillingPeriod.updated_at) <= ctx.now() - STUCK
    )
    taken_up += await _begin_again(ctx, lost)
    forgotten = await ctx.db.scalars(
        select(BillingRun).where(
            col(BillingRun.status) == RunStatus.PENDING,
            col(BillingRun.started_at) <= ctx.now() - STUCK,
        )
    )
    for run in forgotten.all():
        taken_up += 1 + await start_run(ctx, run.period)
    running = await ctx.db.scalars(
        select(BillingRun.id).where(col(BillingRun.status) == RunStatus.RUNNING)
    )
    for run_id in running.all():
        await close_run(ctx, run_id)
    return taken_up


async def retry_tenant(ctx: Context, tenant_id: UUID, period: str) -> None:
    """Let operations take up one failed month at once."""
    ctx.require_ops(Role.OPS_OPERATOR)
    found = await _retry(
        ctx,
        (col(BillingPeriod.tenant_id) == tenant_id) & (col(BillingPeriod.period) == period),
    )
    if not found:
        raise ConflictError("Nothing failed there.", reason="nothing_failed")
    ctx.audit("ops.billing_retried", tenant_id=tenant_id, body={"period": period})


async def schedule(ctx: Context) -> int:
    """Have every month billed that is over and was not begun; returns how many those are.

    Months are counted from the first activation on, so that a clock moved by several months, or
    an outage over a month's end, leaves none out.
    """
    ctx.require_system()
    first = await ctx.db.scalar(
        select(func.min(Tenant.activated_at)).where(col(Tenant.programme).in_(INVOICED))
    )
    if first is None:
        return 0
    known = set(await ctx.db.scalars(select(BillingRun.period)))
    month, due = BillingMonth.containing(first), []
    while month.end <= ctx.now():
        if str(month) not in known and not await reservations.is_open(ctx, month):
            due.append(str(month))
        month = month.next
    for period in due:
        await _run_row(ctx, period)
        await outbox.enqueue(ctx, JobName.BILLING_RUN, period, period=period)
    return len(due)


async def progress(ctx: Context, period: str) -> Progress:
    """Return how far a month's run has come; raises ``NotFoundError`` before it began."""
    ctx.require_ops()
    run = await ctx.db.scalar(select(BillingRun).where(col(BillingRun.period) == period))
    if run is None:
        raise NotFoundError(f"The billing of {period} was not started.")
    counted = await ctx.db.execute(
        select(BillingPeriod.status, func.count(col(BillingPeriod.id)))
        .where(col(BillingPeriod.run_id) == run.id)
        .group_by(col(BillingPeriod.status))
    )
    claimed = await ctx.db.execute(
        select(Invoice.currency, func.count(col(Invoice.id)), func.sum(Invoice.total_micros))
        .join(BillingPeriod, col(BillingPeriod.invoice_id) == Invoice.id)
        .where(col(BillingPeriod.run_id) == run.id)
        .group_by(col(Invoice.currency))
        .order_by(col(Invoice.currency))
    )
    sums = [(currency, count, int(micros)) for currency, count, micros in claimed]
    return Progress(
        period=period,
        status=run.status,
        counts={RunStatus(status): count for status, count in counted},
        invoices=sum(count for _, count, _ in sums),
        claimed=tuple(Money(micros, currency) for currency, _, micros in sums),
        failed=await _failed(ctx, run.id),
        started_at=run.started_at,
        finished_at=run.finished_at,
    )


async def runs(ctx: Context, limit: int = 24) -> list[BillingRun]:
    """Return the latest runs, newest month first."""
    ctx.require_ops()
    rows = await ctx.db.scalars(
        select(BillingRun).order_by(col(BillingRun.period).desc()).limit(limit)
    )
    return list(rows)


async def _retry(ctx: Context, which: ColumnElement[bool]) -> int:
    return await _begin_again(ctx, (col(BillingPeriod.status) == RunStatus.FAILED) & which)


async def _begin_again(ctx: Context, which: ColumnElement[bool]) -> int:
    rows = await ctx.db.scalars(
        select(BillingPeriod)
        .where(which)
        .order_by(col(BillingPeriod.retry_at), col(BillingPeriod.id))
        .with_for_update(skip_locked=True)
    )
    taken_up = rows.all()
    for row in taken_up:
        if row.status is not RunStatus.FAILED:
            row.attempts += 1  # a failure was counted when it was noted; a lost job counts here
        row.status, row.retry_at, row.updated_at = RunStatus.RUNNING, None, ctx.now()
    await billing_batches.begin_alone(ctx, taken_up)
    return len(taken_up)


async def _failed(ctx: Context, run_id: UUID) -> tuple[FailedMonth, ...]:
    rows = await ctx.db.execute(
        select(BillingPeriod, Tenant.display_name)
        .join(Tenant, col(Tenant.id) == BillingPeriod.tenant_id)
        .where(col(BillingPeriod.run_id) == run_id, col(BillingPeriod.status) == RunStatus.FAILED)
        .order_by(col(BillingPeriod.attempts).desc(), col(BillingPeriod.id))
        .limit(100)
    )
    return tuple(
        FailedMonth(row.tenant_id, name, row.step, row.error, row.attempts, row.retry_at)
        for row, name in rows
    )


async def _run_row(ctx: Context, period: str) -> BillingRun:
    values = {
        "id": new_id(),
        "period": period,
        "status": RunStatus.PENDING,
        "started_at": ctx.now(),
    }
    await ctx.db.execute(insert_or_ignore(ctx, BillingRun, values, "period"))
    rows = await ctx.db.scalars(
        select(BillingRun)
        .where(col(BillingRun.period) == period)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return rows.one()
