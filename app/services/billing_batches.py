"""Months of many vendors at once: all that needs nobody outside, in few statements.

Opening a vendor's invoice is cheap; a workflow for it is not. So a run opens its invoices in batches, and only a
vendor whose month goes on outside (a card, a revenue share) gets a workflow of its own, as does everybody in a batch
that failed: whatever is wrong with one of them is kept with that one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from uuid import UUID

from app.rules.statuses import RunStatus
from app.services import billing, counting, months, outbox, payouts
from app.services.context import Context
from app.services.ports import JobName
from models.billing import BillingPeriod
from models.tenant import Rail

MOST_TENANTS: Final = 100
MOST_DEVICES: Final = 10_000
"""Of one batch: its transaction holds the invoice numbers, and for SQLite the database, until it ends."""


def divide(sizes: Iterable[tuple[UUID, int]]) -> Iterator[list[UUID]]:
    """Put tenants, given with their number of devices, into batches in this order."""
    batch, devices = list[UUID](), 0
    for tenant_id, size in sizes:
        if batch and (len(batch) == MOST_TENANTS or devices + size > MOST_DEVICES):
            yield batch
            batch, devices = [], 0
        batch.append(tenant_id)
        devices += size
    if batch:
        yield batch


async def enqueue(ctx: Context, period: str, sizes: Iterable[tuple[UUID, int]]) -> None:
    """Have the months of tenants begun, in batches."""
    await outbox.enqueue_many(
        ctx,
        JobName.OPEN_MONTHS,
        [
            (
                f"{batch[0]}:{period}",
                None,
                {"tenant_ids": [str(one) for one in batch], "period": period},
            )
            for batch in divide(sizes)
        ],
    )


async def drain(ctx: Context, period: str) -> None:
    """See to it that what a batch counts is folded; see ``counting.require_drained``."""
    ctx.require_system()
    await counting.require_drained(ctx, months.closed(ctx, period))


async def open_months(ctx: Context, tenant_ids: Sequence[UUID], period: str) -> int:
    """Open the invoices of a batch; returns how many. Repeated, it opens nothing twice.

    A month without anything to do outside is done with that; its document follows in a job.
    """
    ctx.require_system()
    month = months.closed(ctx, period)
    rows = [
        row
        for row in await months.locked(ctx, tenant_ids, period)
        if row.status is RunStatus.PENDING
    ]
    if not rows:
        return 0
    invoices = await months.open_invoices(ctx, rows, month)
    sharing = await payouts.sharing(ctx, [row.tenant_id for row in rows], month)
    outside = {one for one, invoice in invoices.items() if invoice.rail == Rail.CARD} | sharing
    at_home = [row for row in rows if row.tenant_id not in outside]
    for row in rows:
        row.status = RunStatus.RUNNING
    for row in at_home:
        row.status, row.step = RunStatus.DONE, billing.ORDER[-1]
    await begin_alone(ctx, [row for row in rows if row.tenant_id in outside])
    await outbox.enqueue_many(
        ctx,
        JobName.DELIVER_INVOICE,
        [
            (str(row.invoice_id), row.tenant_id, {"invoice_id": str(row.invoice_id)})
            for row in at_home
            if row.invoice_id
        ],
    )
    await ctx.save()  # durable first, as in ``billing.finish``
    await billing.close_run(ctx, rows[0].run_id)
    return len(invoices)


async def one_by_one(
    ctx: Context, tenant_ids: Sequence[UUID], period: str, error: BaseException
) -> None:
    """Begin the months of a batch that failed each in a workflow of its own, so that only one fails."""
    ctx.require_system()
    rows = await months.locked(ctx, tenant_ids, period)
    waiting = [row for row in rows if row.status is RunStatus.PENDING]
    await begin_alone(ctx, waiting)
    ctx.audit(
        "billing.batch_failed",
        subject=("billing_run", rows[0].run_id if rows else ""),
        body={"period": period, "tenants": len(waiting), "error": f"{error}"[:500]},
        result="failure",
    )


async def begin_alone(ctx: Context, rows: Sequence[BillingPeriod]) -> None:
    """Begin the rest of months in a workflow each; asked again in the same attempt, it is the same one."""
    await outbox.enqueue_many(
        ctx,
        JobName.BILL_TENANT,
        [
            (
                f"{row.tenant_id}:{row.period}:{row.attempts}",
                row.tenant_id,
                {"tenant_id": str(row.tenant_id), "period": row.period},
            )
            for row in rows
        ],
    )
