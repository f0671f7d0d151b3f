"""The monthly run, and everything an invoice goes through by itself."""

from __future__ import annotations

import datetime as dt
from functools import partial
from uuid import UUID

from app.jobs.engine import Work, job, noted
from app.jobs.schedule import every
from app.services import (
    billing,
    billing_batches,
    billing_runs,
    charges,
    copies,
    delivery,
    dunning,
    reconciliation,
)
from app.services.context import Context
from app.services.ports import JobName


@every(dt.timedelta(minutes=1))
async def begin_closed_months(ctx: Context) -> int:
    """Have every month billed that is over."""
    return await billing_runs.schedule(ctx)


@every(dt.timedelta(minutes=1))
async def retry_failed_months(ctx: Context) -> int:
    """Take up tenants whose month stopped and whose wait is over."""
    return await billing_runs.retry_due(ctx)


@every(dt.timedelta(minutes=1))
async def resume_charges(ctx: Context) -> int:
    """Take up charges that a crash or a provider's silence left open."""
    return await charges.resume_due(ctx)


@every(dt.timedelta(minutes=1))
async def follow_up_unpaid(ctx: Context) -> int:
    """Charge again, remind and block by rule."""
    return await dunning.run_due(ctx)


@every(dt.timedelta(hours=1))
async def look_at_copies(ctx: Context) -> int:
    """Hold the invoices of months that are over beside the provider's copies."""
    return await reconciliation.schedule(ctx)


@job(JobName.RECONCILE)
async def reconcile(work: Work) -> None:
    """Look at a month's invoices, some at a time; a provider that is down only makes it go on later."""
    run_id = UUID(str(work.payload["run_id"]))
    part = 0
    while await work.step(f"look {part}", partial(reconciliation.look, run_id=run_id)) != "done":
        part += 1


@job(JobName.BILLING_RUN)
async def billing_run(work: Work) -> None:
    """Begin one month for every vendor."""
    period = str(work.payload["period"])
    await work.step("start", lambda ctx: billing_runs.start_run(ctx, period))


@job(JobName.OPEN_MONTHS)
async def open_months(work: Work) -> None:
    """Open the invoices of a batch of vendors; if one of them does not let it, each goes on alone."""
    period = str(work.payload["period"])
    tenant_ids = [UUID(str(one)) for one in work.payload["tenant_ids"]]
    await work.step("drain", partial(billing_batches.drain, period=period))
    batch = {"tenant_ids": tenant_ids, "period": period}
    async with noted(work, partial(billing_batches.one_by_one, **batch)):
        await work.step("open_months", partial(billing_batches.open_months, **batch))


@job(JobName.BILL_TENANT)
async def bill_tenant(work: Work) -> None:
    """Bill one vendor's month to its end, step by step; a failure is kept with the month and blocks nobody."""
    tenant_id, period = UUID(str(work.payload["tenant_id"])), str(work.payload["period"])
    async with noted(work, partial(billing.note_failure, tenant_id=tenant_id, period=period)):
        for use_case in billing.STEPS:
            await work.step(
                use_case.__name__, partial(use_case, tenant_id=tenant_id, period=period)
            )


@job(JobName.COLLECT_INVOICE)
async def collect_invoice(work: Work) -> None:
    """Try to charge an invoice once."""
    attempt_id = UUID(str(work.payload["attempt_id"]))
    await work.step("charge", lambda ctx: charges.collect(ctx, attempt_id))


@job(JobName.DELIVER_INVOICE)
async def deliver_invoice(work: Work) -> None:
    """Write a document once and mail it."""
    invoice_id = UUID(str(work.payload["invoice_id"]))
    await work.step("deliver", lambda ctx: delivery.deliver(ctx, invoice_id))


@job(JobName.WITHDRAW_INVOICE)
async def withdraw_invoice(work: Work) -> None:
    """Close what could still take money for an invoice that needs none any more."""
    invoice_id = UUID(str(work.payload["invoice_id"]))
    await work.step("withdraw", lambda ctx: copies.withdraw(ctx, invoice_id))
