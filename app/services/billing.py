"""One tenant's month: steps that may each be repeated, and the place where the work stands.

A month counts the devices with an authority event in the 30 days before its end and takes the
price in force on its last day. A tenant without one gets no invoice, and its month is done.
"""

from __future__ import annotations

import datetime as dt
from typing import Final
from uuid import UUID

from sqlmodel import col, select

from app.core.errors import ConflictError
from app.rules.backoff import delay
from app.rules.statuses import RunStatus, can_move
from app.services import charges, copies, counting, delivery, months, payouts, statements
from app.services.context import Context
from models.billing import BillingPeriod, BillingRun

FIRST_WAIT: Final = dt.timedelta(minutes=1)
LONGEST_WAIT: Final = dt.timedelta(hours=6)
ORDER: Final = ("opened", "pushed", "delivered", "collected", "shared")
"""The steps that leave a trace in ``BillingPeriod.step``."""

UNFINISHED: Final = tuple(status for status in RunStatus if status is not RunStatus.DONE)
"""Named one by one, so that an index answers whether any is left."""


async def begin(ctx: Context, tenant_id: UUID, period: str) -> str:
    """Mark a tenant's month as being worked on; returns the last step that finished before."""
    ctx.require_system()
    row = await _row(ctx, tenant_id, period)
    if can_move(row.status, RunStatus.RUNNING):
        row.status = RunStatus.RUNNING
    row.updated_at = ctx.now()
    return row.step


async def count_and_open(ctx: Context, tenant_id: UUID, period: str) -> str:
    """Count the month's active devices and open its invoice; returns its id, empty without one."""
    ctx.require_system()
    month = months.closed(ctx, period)
    await counting.require_drained(ctx, month)
    row = await _row(ctx, tenant_id, period)
    if not row.step:
        await months.open_invoices(ctx, [row], month)
    return str(row.invoice_id or "")


async def push_to_provider(ctx: Context, tenant_id: UUID, period: str) -> str:
    """Give the provider its copy where the tenant pays by card; returns the copy's id."""
    row = await _row(ctx, tenant_id, period)
    ref = await copies.push(ctx, row.invoice_id) if row.invoice_id else ""
    await _done(ctx, tenant_id, period, "pushed")
    return ref


async def deliver(ctx: Context, tenant_id: UUID, period: str) -> str:
    """Store the PDF and mail the same bytes; returns the file's id."""
    row = await _row(ctx, tenant_id, period)
    file_id = await delivery.deliver(ctx, row.invoice_id) if row.invoice_id else ""
    await _done(ctx, tenant_id, period, "delivered")
    return file_id


async def collect(ctx: Context, tenant_id: UUID, period: str) -> str:
    """Begin to charge the card on file, in a job of its own; returns the attempt's id."""
    row = await _row(ctx, tenant_id, period)
    attempt = None
    if row.invoice_id and not _is_past(row, "collected"):
        attempt = await charges.start(ctx, row.invoice_id)
    _advance(ctx, row, "collected")  # together with the start: repeated, it starts no other
    return str(attempt or "")


async def share_revenue(ctx: Context, tenant_id: UUID, period: str) -> list[str]:
    """Put the month's revenue share into payouts and have them sent; returns their ids."""
    row = await _row(ctx, tenant_id, period)
    ids = await payouts.prepare(ctx, tenant_id, period)
    row.payout_id = ids[0] if ids else None
    for payout_id in ids:
        await statements.deliver(ctx, payout_id)
        await payouts.start_sending(ctx, payout_id)
    await _done(ctx, tenant_id, period, "shared")
    return [str(one) for one in ids]


async def finish(ctx: Context, tenant_id: UUID, period: str) -> None:
    """Mark a tenant's month as done, and with the last tenant's the whole run."""
    ctx.require_system()
    row = await _row(ctx, tenant_id, period)
    if row.status is not RunStatus.DONE:
        row.status = RunStatus.DONE
    row.error, row.retry_at, row.updated_at = "", None, ctx.now()
    # Durable first: of two that end at once, the second to commit sees both.
    await ctx.save()
    await close_run(ctx, row.run_id)


async def close_run(ctx: Context, run_id: UUID) -> None:
    """Mark a run as done if nothing is left to do in it; most calls lock nothing."""
    if await _is_left(ctx, run_id):
        return
    run = await ctx.get_any(BillingRun, run_id, lock=True)
    # Asked again under the lock, which whoever adds tenants to the run holds while adding.
    if run.status is RunStatus.RUNNING and not await _is_left(ctx, run_id):
        run.status, run.finished_at = RunStatus.DONE, ctx.now()
        ctx.audit("billing.run_finished", subject=("billing_run", run.id), body={"of": run.period})


STEPS: Final = (begin, count_and_open, push_to_provider, deliver, collect, share_revenue, finish)
"""What the job of one tenant does, in this order, each in a unit of work of its own."""


async def note_failure(ctx: Context, tenant_id: UUID, period: str, error: BaseException) -> None:
    """Keep why a tenant's month stopped, and when it is tried again."""
    ctx.require_system()
    row = await _row(ctx, tenant_id, period)
    if row.status is RunStatus.DONE:
        return
    row.status = RunStatus.FAILED
    row.attempts += 1
    row.error = f"{type(error).__name__}: {error}"[:500]
    row.retry_at = ctx.now() + delay(row.attempts, FIRST_WAIT, LONGEST_WAIT)
    row.updated_at = ctx.now()
    ctx.audit(
        "billing.tenant_failed",
        tenant_id=tenant_id,
        subject=("billing_period", row.id),
        body={"period": period, "step": row.step, "error": row.error},
        result="failure",
    )


async def _done(ctx: Context, tenant_id: UUID, period: str, step: str) -> None:
    """Keep that a step is done; what it did is durable first, and it holds when repeated.

    Its locks are given back before the month's row is locked, which comes first everywhere.
    """
    await ctx.save()
    _advance(ctx, await _row(ctx, tenant_id, period), step)


def _advance(ctx: Context, row: BillingPeriod, step: str) -> None:
    if not _is_past(row, step):
        row.step = step
    row.updated_at = ctx.now()


def _is_past(row: BillingPeriod, step: str) -> bool:
    """Tell whether a step was finished before; a job that begins again undoes nothing."""
    return bool(row.step) and ORDER.index(row.step) >= ORDER.index(step)


async def _is_left(ctx: Context, run_id: UUID) -> bool:
    left = await ctx.db.scalar(
        select(BillingPeriod.id)
        .where(col(BillingPeriod.run_id) == run_id, col(BillingPeriod.status).in_(UNFINISHED))
        .limit(1)
    )
    return left is not None


async def _row(ctx: Context, tenant_id: UUID, period: str) -> BillingPeriod:
    rows = await months.locked(ctx, [tenant_id], period)
    if not rows:
        raise ConflictError(f"The billing of {period} was not started.", reason="run_not_started")
    return rows[0]
