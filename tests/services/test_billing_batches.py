"""Months opened in batches: the same invoices as one by one, each once, and nobody pays for another's mistake."""

from __future__ import annotations

import asyncio
import datetime as dt
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, delete, func, select

from app.core.clock import FixedClock
from app.core.errors import ConflictError, ForbiddenError
from app.core.money import Money
from app.rules.statuses import RunStatus
from app.runtime import Runtime
from app.services import billing_batches, billing_runs, ledger
from app.services.context import SYSTEM, Context
from models.billing import BillingPeriod
from models.invoice import Invoice, InvoiceDevice
from models.ledger import AccountKind, LedgerEntry
from models.price import PriceContract
from models.tenant import Rail, Tenant
from tests.factories import as_ops, make_vendor
from tests.money_kit import NOVEMBER, close_books, jobs, mails, until, used, work

PERIOD = "2026-11"
_IDS = [UUID(int=number) for number in range(400)]


@given(st.lists(st.integers(0, 12_000), max_size=400))
def test_batches_hold_everybody_once_in_order_and_stay_small(sizes: list[int]) -> None:
    given_sizes = list(zip(_IDS, sizes, strict=False))
    batches = list(billing_batches.divide(given_sizes))
    assert [one for batch in batches for one in batch] == [one for one, _ in given_sizes]
    devices = dict(given_sizes)
    for batch in batches:
        assert 1 <= len(batch) <= billing_batches.MOST_TENANTS
        held = sum(devices[one] for one in batch)
        assert held <= billing_batches.MOST_DEVICES or len(batch) == 1


async def _vendors(ctx: Context, count: int) -> list[Tenant]:
    """Vendors of every kind: with a card or without, with devices or without, with a remainder."""
    made: list[Tenant] = []
    for number in range(count):
        by_invoice = number % 2
        tenant = await make_vendor(
            ctx,
            name=f"Vendor {number}",
            rail=Rail.INVOICE if by_invoice else Rail.CARD,
            currency="CNY" if by_invoice else "USD",
            price_micros=17_500_000 if by_invoice else 2_500_000,
        )
        tenant.tax_rate = "0.19"
        await used(ctx, tenant, number % 3)
        made.append(tenant)
    await ctx.db.flush()
    return made


async def test_a_batch_opens_what_one_by_one_would(ctx: Context, clock: FixedClock) -> None:
    tenants = await _vendors(ctx, 8)
    until(clock, NOVEMBER.end)
    await billing_runs.start_run(ctx, PERIOD)
    assert "open_months" in await work(ctx)
    rows = await ctx.db.scalars(select(Invoice).order_by(col(Invoice.number)))
    invoices = {row.tenant_id: row for row in rows}
    assert [row.number for row in invoices.values()] == [
        f"TP-2026-{number:05d}" for number in range(1, len(invoices) + 1)
    ]
    for number, tenant in enumerate(tenants):
        devices = number % 3
        row = await ctx.db.scalar(
            select(BillingPeriod).where(col(BillingPeriod.tenant_id) == tenant.id)
        )
        assert row is not None
        assert (row.status, row.step) == (RunStatus.DONE, "shared")
        if not devices:
            assert (tenant.id in invoices, row.invoice_id) == (False, None)
            continue
        invoice = invoices[tenant.id]
        price = Money.of("17.50" if tenant.currency == "CNY" else "2.50", tenant.currency)
        owed = price.times(devices) + price.times(devices).times(Decimal("0.19"))
        kept = Money(invoice.carried_out_micros, invoice.currency)
        assert invoice.total + kept == owed
        assert row.carried_micros == kept.micros
        receivable = await ledger.balance(ctx, tenant.id, AccountKind.RECEIVABLE, invoice.currency)
        assert receivable == invoice.total
        counted = await ctx.db.scalar(
            select(func.count()).where(col(InvoiceDevice.invoice_id) == invoice.id)
        )
        assert counted == devices
    assert len(await mails(ctx, "invoice")) == len(invoices)
    assert (await billing_runs.progress(ctx, PERIOD)).status is RunStatus.DONE
    await close_books(ctx)


async def test_a_batch_done_again_does_nothing(ctx: Context, clock: FixedClock) -> None:
    tenants = [one.id for one in await _vendors(ctx, 5)]
    until(clock, NOVEMBER.end)
    await billing_runs.start_run(ctx, PERIOD)
    assert await billing_batches.open_months(ctx, tenants, PERIOD) == 3
    waiting = [job.business_key for job in await jobs(ctx)]
    for _ in range(2):
        assert await billing_batches.open_months(ctx, tenants, PERIOD) == 0
    assert [job.business_key for job in await jobs(ctx)] == waiting
    assert await ctx.db.scalar(select(func.count()).select_from(LedgerEntry)) == 3


async def test_one_that_cannot_be_billed_stops_nobody_else(ctx: Context, clock: FixedClock) -> None:
    good, bad = await make_vendor(ctx, name="Good"), await make_vendor(ctx, name="Bad")
    await used(ctx, good, 1)
    await used(ctx, bad, 1)
    await ctx.db.execute(delete(PriceContract).where(col(PriceContract.tenant_id) == bad.id))
    until(clock, NOVEMBER.end)
    await billing_runs.start_run(ctx, PERIOD)
    both = [good.id, bad.id]
    with pytest.raises(ConflictError) as caught:
        await billing_batches.open_months(ctx, both, PERIOD)
    await billing_batches.one_by_one(ctx, both, PERIOD, caught.value)
    alone = {job.tenant_id for job in await jobs(ctx, "bill_tenant")}
    assert alone == {good.id, bad.id}


async def test_only_the_system_opens_batches(ctx: Context, clock: FixedClock) -> None:
    until(clock, NOVEMBER.end)
    staff = as_ops(ctx)
    for call in (
        billing_batches.drain(staff, PERIOD),
        billing_batches.open_months(staff, [], PERIOD),
        billing_batches.one_by_one(staff, [], PERIOD, RuntimeError("x")),
    ):
        with pytest.raises(ForbiddenError):
            await call


async def test_batches_and_single_months_at_once_bill_each_once(
    own_run: Runtime, clock: FixedClock
) -> None:
    """The same batch from two workers, beside another that gives numbers too."""
    async with own_run.context(SYSTEM) as ctx:
        tenants = [one.id for one in await _vendors(ctx, 12)]
    until(clock, NOVEMBER.end)
    async with own_run.context(SYSTEM) as ctx:
        await billing_runs.start_run(ctx, PERIOD)

    async def open_(batch: list[UUID]) -> int:
        async with own_run.context(SYSTEM) as ctx:
            return await billing_batches.open_months(ctx, batch, PERIOD)

    halves = (tenants[:6], tenants[6:])
    opened = await asyncio.gather(*(open_(half) for half in halves * 3))
    assert sum(opened) == 8
    async with own_run.context(SYSTEM) as ctx:
        numbers = sorted(await ctx.db.scalars(select(Invoice.number)))
        assert numbers == [f"TP-2026-{number:05d}" for number in range(1, 9)]
        await close_books(ctx)


async def test_a_lost_batch_is_begun_again_one_by_one(ctx: Context, clock: FixedClock) -> None:
    await _vendors(ctx, 2)
    until(clock, NOVEMBER.end)
    await billing_runs.start_run(ctx, PERIOD)
    clock.advance(billing_runs.STUCK + dt.timedelta(seconds=1))
    assert await billing_runs.retry_due(ctx) == 2
    assert len(await jobs(ctx, "bill_tenant")) == 2
