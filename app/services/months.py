"""Months of vendors: their rows, and how those of many are counted and opened in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlmodel import col, select

from app.core.errors import ConflictError
from app.rules.periods import BillingMonth
from app.services import ledger, opening
from app.services.context import Context
from app.services.meters import METERS, Meter
from models.billing import BillingPeriod
from models.invoice import Invoice
from models.ledger import AccountKind
from models.tenant import Tenant


def closed(ctx: Context, period: str) -> BillingMonth:
    """Return a month that is over; raises ``ConflictError`` ``period_not_over`` for another."""
    month = BillingMonth.parse(period, "period")
    if ctx.now() < month.end:
        raise ConflictError(f"{period} is not over.", reason="period_not_over")
    return month


async def locked(ctx: Context, tenant_ids: Collection[UUID], period: str) -> list[BillingPeriod]:
    """Return the rows of a month, locked in one order everywhere."""
    rows = await ctx.db.scalars(
        select(BillingPeriod)
        .where(col(BillingPeriod.tenant_id).in_(tenant_ids), col(BillingPeriod.period) == period)
        .order_by(col(BillingPeriod.tenant_id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(rows)


async def open_invoices(
    ctx: Context, rows: Sequence[BillingPeriod], month: BillingMonth
) -> dict[UUID, Invoice]:
    """Count what was used and open an invoice for each tenant that owes for it; return those, by tenant.

    ``rows`` are locked, and none has finished a step yet. All of it is one transaction: numbers,
    lines, evidence and books come together or not at all, and the business key
    ``<programme>:<tenant>:<month>`` lets each happen once. Raises ``ConflictError`` ``no_price_contract``.
    """
    found = await ctx.db.scalars(
        select(Tenant)
        .where(col(Tenant.id).in_([row.tenant_id for row in rows]))
        .order_by(col(Tenant.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    tenants = {tenant.id: tenant for tenant in found}
    invoices: dict[UUID, Invoice] = {}
    for programme, meter in METERS.items():
        metered = {id_: one for id_, one in tenants.items() if one.programme is programme}
        invoices |= await _open(ctx, metered, meter, month) if metered else {}
    carried = await ledger.balances(ctx, tenants, AccountKind.ROUNDING)
    for row in rows:
        if invoice := invoices.get(row.tenant_id):
            row.invoice_id, row.currency = invoice.id, invoice.currency
        kept = carried.get((row.tenant_id, row.currency))
        row.carried_micros = kept.micros if kept else 0
        row.step, row.updated_at = "opened", ctx.now()
    return invoices


async def _open(
    ctx: Context, tenants: Mapping[UUID, Tenant], meter: Meter, month: BillingMonth
) -> dict[UUID, Invoice]:
    """Open the invoices of one kind of customer."""
    owing = await meter.owing(ctx, tenants, month)
    invoices = {
        tenant_id: opening.draft(
            ctx,
            tenants[tenant_id],
            month,
            business_key=f"{tenants[tenant_id].programme}:{tenant_id}:{month}",
            currency=currency,
        )
        for tenant_id, currency in sorted(owing.items())
    }
    if not invoices:
        return {}
    await ctx.db.flush()
    lines = await meter.lines(ctx, list(invoices.values()), month)
    drafts = [
        opening.Draft(invoice, tenants[tenant_id], lines[tenant_id])
        for tenant_id, invoice in invoices.items()
    ]
    await opening.open_drafts(ctx, drafts)
    return invoices
