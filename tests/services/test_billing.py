"""The monthly run: counted right, opened once, resumable anywhere, blocked by nobody."""

from __future__ import annotations

import asyncio
import datetime as dt
from uuid import UUID

import pytest
from sqlmodel import col, func, select

from app.core.clock import FixedClock
from app.core.errors import ConflictError, ForbiddenError, ProviderDownError
from app.core.money import Money
from app.rules.statuses import InvoiceStatus, RunStatus
from app.runtime import Runtime
from app.services import billing, billing_runs, explanations, invoices
from app.services.context import SYSTEM, Context
from models.audit import AuditEvent
from models.billing import BillingPeriod, BillingRun
from models.exchange import OutboxItem
from models.invoice import Invoice, InvoiceDevice, NumberSeries
from models.payment import ChargeAttempt
from models.stored_file import StoredFile
from models.tenant import Rail, Tenant
from models.usage import DeviceDay, UsageEvent
from tests.factories import as_ops, as_vendor, make_device, make_vendor
from tests.fakes import FakeProviders
from tests.money_kit import (
    NOVEMBER,
    balances,
    close_books,
    jobs,
    mails,
    until,
    usd,
    used,
    work,
)

PERIOD = "2026-11"


async def _vendor(ctx: Context, devices: int = 3, **options: object) -> Tenant:
    tenant = await make_vendor(ctx, **options)  # type: ignore[arg-type]
    await used(ctx, tenant, devices)
    return tenant


async def _run(ctx: Context, tenant: Tenant) -> Invoice | None:
    for step in billing.STEPS:
        await step(ctx, tenant.id, PERIOD)
    query = select(Invoice).where(col(Invoice.tenant_id) == tenant.id)
    return await ctx.db.scalar(query)


@pytest.fixture
def december(ctx: Context, clock: FixedClock) -> None:
    """The first instant after November; asked for after the context, whose rows come before it."""
    until(clock, NOVEMBER.end)


async def test_the_first_invoice_is_right(
    ctx: Context, clock: FixedClock, providers: FakeProviders
) -> None:
    tenant = await _vendor(ctx)
    until(clock, NOVEMBER.end)
    assert await billing_runs.start_run(ctx, PERIOD) == 1
    done = await work(ctx)
    assert done == ["open_months", "bill_tenant", "collect_invoice"]
    invoice = (await ctx.db.scalars(select(Invoice))).one()
    assert (invoice.number, invoice.business_key) == (
        "TP-2026-00001",
        f"vendor:{tenant.id}:{PERIOD}",
    )
    assert (invoice.total, invoice.status) == (usd("7.50"), InvoiceStatus.OPEN)
    assert (invoice.period_start, invoice.period_end) == (NOVEMBER.start, NOVEMBER.end)
    assert invoice.due_at == dt.datetime(2026, 12, 16, tzinfo=dt.UTC)
    assert invoice.buyer["name"] == "Acme Toys Ltd"
    assert await balances(ctx, tenant) == {"receivable": "7.50", "house revenue": "-7.50"}
    opened = providers.stripe.named("open_invoice")[0]
    assert (opened["total"], opened["idempotency_key"]) == (usd("7.50"), f"invoice:{invoice.id}")
    assert len(providers.stripe.named("charge_invoice")) == 1
    mail = (await mails(ctx, "invoice"))[0]
    assert mail.attachments == [str(invoice.pdf_id)]
    file = await ctx.db.get_one(StoredFile, invoice.pdf_id)
    assert file.content.startswith(b"%PDF")
    progress = await billing_runs.progress(ctx, PERIOD)
    assert (progress.counts, progress.invoices) == ({RunStatus.DONE: 1}, 1)
    assert progress.claimed == (usd("7.50"),)
    assert (progress.status, progress.finished_at) == (RunStatus.DONE, ctx.now())


@pytest.mark.parametrize(
    ("rail", "leads"), [(Rail.CARD, "vendor/invoices"), (Rail.INVOICE, "v1/pay")]
)
async def test_the_mail_leads_to_where_its_reader_can_act(
    ctx: Context, clock: FixedClock, rail: Rail, leads: str
) -> None:
    """A card is charged by itself; an Alipay payer needs the page to pay on."""
    await _vendor(ctx, rail=rail)
    until(clock, NOVEMBER.end)
    await billing_runs.start_run(ctx, PERIOD)
    await work(ctx)
    (mail,) = await mails(ctx, "invoice")
    assert mail.payload["url"].startswith(f"/{leads}/")


@pytest.mark.parametrize(
    ("day", "counts"),
    [
        (dt.date(2026, 10, 31), False),
        (dt.date(2026, 11, 1), True),
        (dt.date(2026, 11, 30), True),
        (dt.date(2026, 12, 1), False),
    ],
)
async def test_the_window_is_the_thirty_days_before_the_end(
    ctx: Context, clock: FixedClock, day: dt.date, counts: bool
) -> None:
    tenant = await make_vendor(ctx)
    await used(ctx, tenant, 1, day=day)
    until(clock, dt.datetime(2026, 12, 2, tzinfo=dt.UTC))
    await billing_runs.start_run(ctx, PERIOD)
    assert (await _run(ctx, tenant) is not None) is counts


async def test_registering_is_no_activity_and_a_released_device_still_counts(
    ctx: Context, clock: FixedClock
) -> None:
    tenant = await make_vendor(ctx)
    await make_device(ctx, tenant, "SN-quiet")
    device = (await used(ctx, tenant, 1))[0]
    device.released_at = ctx.now()
    until(clock, NOVEMBER.end)
    await billing_runs.start_run(ctx, PERIOD)
    invoice = await _run(ctx, tenant)
    assert invoice is not None
    why = await explanations.why(as_vendor(ctx, tenant), invoice.id)
    assert [one.device_id for one in why.devices.rows] == ["SN-0000"]


async def test_no_active_device_means_no_invoice_and_a_month_done(
    ctx: Context, clock: FixedClock
) -> None:
    tenant = await _vendor(ctx, 0)
    until(clock, NOVEMBER.end)
    await billing_runs.start_run(ctx, PERIOD)
    assert await _run(ctx, tenant) is None
    row = (await ctx.db.scalars(select(BillingPeriod))).one()
    assert (row.status, row.invoice_id) == (RunStatus.DONE, None)
    assert await mails(ctx) == []
    assert (await ctx.db.scalars(select(NumberSeries))).all() == []


async def test_why_this_amount_goes_down_to_the_devices(ctx: Context, clock: FixedClock) -> None:
    tenant = await _vendor(ctx, 5)
    until(clock, NOVEMBER.end)
    await billing_runs.start_run(ctx, PERIOD)
    invoice = await _run(ctx, tenant)
    assert invoice is not None
    me = as_vendor(ctx, tenant)
    seen: list[str] = []
    cursor = None
    for _ in range(3):
        why = await explanations.why(me, invoice.id, limit=2, cursor=cursor)
        seen += [one.device_id for one in why.devices.rows]
        cursor = why.devices.next_cursor
    assert seen == [f"SN-{number:04d}" for number in range(5)]
    assert cursor is None
    assert why.device_count == 5
    assert [(one.quantity, one.unit_price, one.amount) for one in why.sums] == [
        (5, usd("2.50"), usd("12.50"))
    ]
    assert why.subtotal + why.tax + why.carried_in == why.total + why.carried_out
    assert (why.counted_from, why.counted_until) == (dt.date(2026, 11, 1), dt.date(2026, 12, 1))


async def test_a_month_that_is_not_over_is_not_billed(ctx: Context) -> None:
    with pytest.raises(ConflictError, match="not over"):
        await billing_runs.start_run(ctx, PERIOD)


async def test_usage_that_waits_is_folded_before_it_is_counted(
    ctx: Context, clock: FixedClock
) -> None:
    tenant = await make_vendor(ctx)
    device = await make_device(ctx, tenant)
    ctx.db.add(
        UsageEvent(
            source_id=tenant.id,
            event_id="e1",
            type="authority.memory_read",
            occurred_at=ctx.now(),
            content_hash="0" * 64,
            data=f'{{"actor_omni": "{device.actor_omni}"}}',
            received_at=ctx.now(),
        )
    )
    until(clock, NOVEMBER.end)
    await billing_runs.start_run(ctx, PERIOD)
    assert await billing.count_and_open(ctx, tenant.id, PERIOD)
    evidence = (await ctx.db.scalars(select(InvoiceDevice))).one()
    assert (evidence.device_pk, evidence.events) == (device.id, 1)


@pytest.mark.parametrize("broken", range(len(billing.STEPS)))
async def test_interrupted_after_any_step_it_goes_on_and_does_nothing_twice(
    ctx: Context, clock: FixedClock, providers: FakeProviders, broken: int
) -> None:
    tenant = await _vendor(ctx)
    until(clock, NOVEMBER.end)
    await billing_runs.start_run(ctx, PERIOD)
    for step in billing.STEPS[: broken + 1]:
        await step(ctx, tenant.id, PERIOD)
    await _run(ctx, tenant)
    await _run(ctx, tenant)
    assert await ctx.db.scalar(select(func.count()).select_from(Invoice)) == 1
    assert await ctx.db.scalar(select(func.count()).select_from(ChargeAttempt)) == 1
    assert await ctx.db.scalar(select(func.count()).select_from(StoredFile)) == 1
    assert len(await mails(ctx, "invoice")) == 1
    assert len(providers.stripe.invoices) == 1
    assert (await ctx.db.scalars(select(BillingPeriod))).one().status is RunStatus.DONE
    await close_books(ctx)


@pytest.mark.parametrize("call", ["create_customer", "open_invoice", "charge_invoice"])
async def test_a_provider_that_does_not_answer_delays_and_loses_nothing(
    ctx: Context, clock: FixedClock, providers: FakeProviders, call: str
) -> None:
    tenant = await _vendor(ctx)
    until(clock, NOVEMBER.end)
    await billing_runs.start_run(ctx, PERIOD)
    providers.stripe.down = 1
    with pytest.raises(ProviderDownError):
        await _run(ctx, tenant)
    await ctx.db.rollback()
    invoice = await _run(ctx, tenant)
    assert invoice is not None
    assert invoice.provider_ref
    keys = {one["idempotency_key"] for one in providers.stripe.named("open_invoice")}
    assert len(keys) == 1


async def test_started_again_a_run_only_adds_what_is_missing_or_failed(
    ctx: Context, clock: FixedClock
) -> None:
    first = await _vendor(ctx)
    until(clock, NOVEMBER.end)
    assert await billing_runs.start_run(ctx, PERIOD) == 1
    assert await billing_runs.start_run(ctx, PERIOD) == 0
    second = await make_vendor(ctx, name="Second")
    second.activated_at = NOVEMBER.start
    await ctx.db.flush()
    assert await billing_runs.start_run(ctx, PERIOD) == 1
    await billing.note_failure(ctx, first.id, PERIOD, RuntimeError("broken"))
    assert await billing_runs.start_run(ctx, PERIOD) == 1
    assert [job.business_key for job in await jobs(ctx)] == [
        f"open_months:{first.id}:{PERIOD}",
        f"open_months:{second.id}:{PERIOD}",
        f"bill_tenant:{first.id}:{PERIOD}:1",
    ]
    assert await ctx.db.scalar(select(func.count()).select_from(BillingRun)) == 1


async def test_only_tenants_of_that_month_are_billed_and_the_smallest_come_first(
    ctx: Context, clock: FixedClock
) -> None:
    large = await _vendor(ctx, 4, name="Large")
    small = await _vendor(ctx, 1, name="Small")
    later = await make_vendor(ctx, name="Later")
    later.activated_at = NOVEMBER.end
    never = await make_vendor(ctx, name="Never")
    never.activated_at = None
    closed = await make_vendor(ctx, name="Closed")
    closed.closed_at = NOVEMBER.start - dt.timedelta(days=1)
    leaving = await make_vendor(ctx, name="Leaving")
    leaving.closed_at = NOVEMBER.start
    until(clock, NOVEMBER.end)
    assert await billing_runs.start_run(ctx, PERIOD) == 3
    (batch,) = await jobs(ctx, "open_months")
    assert batch.payload["tenant_ids"] == [str(one.id) for one in (leaving, small, large)]


async def test_a_failed_tenant_is_shown_and_retried_and_blocks_nobody(
    ctx: Context, clock: FixedClock
) -> None:
    """A swallowed exception must not make the same month come up again and again, nor vanish."""
    bad, good = await _vendor(ctx, 1, name="Bad"), await _vendor(ctx, 2, name="Good")
    until(clock, NOVEMBER.end)
    await billing_runs.start_run(ctx, PERIOD)
    assert await _run(ctx, good) is not None
    waits: list[dt.timedelta] = []
    for _ in range(3):
        await billing.note_failure(ctx, bad.id, PERIOD, RuntimeError("no price"))
        progress = await billing_runs.progress(ctx, PERIOD)
        assert progress.counts == {RunStatus.DONE: 1, RunStatus.FAILED: 1}
        failed = progress.failed[0]
        assert (failed.name, failed.error) == ("Bad", "RuntimeError: no price")
        assert failed.retry_at is not None
        waits.append(failed.retry_at - ctx.now())
        assert await billing_runs.retry_due(ctx) == 0
        clock.advance(waits[-1])
        assert await billing_runs.retry_due(ctx) == 1
        assert await billing_runs.retry_due(ctx) == 0
    assert waits == [billing.FIRST_WAIT, 2 * billing.FIRST_WAIT, 4 * billing.FIRST_WAIT]
    assert (await billing_runs.progress(ctx, PERIOD)).status is RunStatus.RUNNING
    await _run(ctx, bad)
    await billing.note_failure(ctx, bad.id, PERIOD, RuntimeError("too late"))
    assert (await billing_runs.progress(ctx, PERIOD)).status is RunStatus.DONE


async def test_a_run_without_anybody_is_over_at_once(ctx: Context, december: None) -> None:
    assert await billing_runs.start_run(ctx, PERIOD) == 0
    assert (await billing_runs.progress(ctx, PERIOD)).status is RunStatus.DONE


async def test_the_last_of_many_at_once_closes_the_run_and_closes_it_once(
    own_run: Runtime, clock: FixedClock
) -> None:
    """None of them sees another's end before it is durable, and still one of them is the last."""
    async with own_run.context(SYSTEM) as ctx:
        tenants = [await make_vendor(ctx, name=f"Vendor {number}") for number in range(8)]
    until(clock, NOVEMBER.end)
    async with own_run.context(SYSTEM) as ctx:
        await billing_runs.start_run(ctx, PERIOD)

    async def end(tenant: Tenant) -> None:
        async with own_run.context(SYSTEM) as ctx:
            await billing.finish(ctx, tenant.id, PERIOD)

    await asyncio.gather(*(end(tenant) for tenant in tenants))
    async with own_run.context(SYSTEM) as ctx:
        assert (await billing_runs.progress(ctx, PERIOD)).status is RunStatus.DONE
        kinds = (await ctx.db.scalars(select(AuditEvent.kind))).all()
        assert kinds.count("billing.run_finished") == 1


async def test_a_run_left_open_by_a_crash_is_closed_by_the_sweep(
    ctx: Context, december: None
) -> None:
    await billing_runs.start_run(ctx, PERIOD)
    run = (await ctx.db.scalars(select(BillingRun))).one()
    run.status, run.finished_at = RunStatus.RUNNING, None
    await ctx.db.flush()
    assert await billing_runs.retry_due(ctx) == 0
    assert (await billing_runs.progress(ctx, PERIOD)).status is RunStatus.DONE


async def test_a_month_whose_job_got_lost_is_begun_again(ctx: Context, clock: FixedClock) -> None:
    await _vendor(ctx)
    until(clock, NOVEMBER.end)
    await billing_runs.start_run(ctx, PERIOD)
    assert await billing_runs.retry_due(ctx) == 0
    clock.advance(billing_runs.STUCK)
    assert await billing_runs.retry_due(ctx) == 1
    assert await billing_runs.retry_due(ctx) == 0
    assert len(await jobs(ctx, "bill_tenant")) == 1


async def test_every_month_that_is_over_is_scheduled_once(ctx: Context, clock: FixedClock) -> None:
    assert await billing_runs.schedule(ctx) == 0
    await _vendor(ctx)
    assert await billing_runs.schedule(ctx) == 0
    until(clock, NOVEMBER.end)
    assert await billing_runs.schedule(ctx) == 1
    assert await billing_runs.schedule(ctx) == 0
    until(clock, dt.datetime(2027, 2, 1, tzinfo=dt.UTC))
    assert await billing_runs.schedule(ctx) == 2
    periods = [job.payload["period"] for job in await jobs(ctx, "billing_run")]
    assert periods == ["2026-11", "2026-12", "2027-01"]


async def test_operations_retry_one_month_and_strangers_nothing(
    ctx: Context, clock: FixedClock
) -> None:
    tenant = await _vendor(ctx)
    until(clock, NOVEMBER.end)
    await billing_runs.start_run(as_ops(ctx), PERIOD)
    with pytest.raises(ConflictError):
        await billing_runs.retry_tenant(as_ops(ctx), tenant.id, PERIOD)
    await billing.note_failure(ctx, tenant.id, PERIOD, RuntimeError("x"))
    await billing_runs.retry_tenant(as_ops(ctx), tenant.id, PERIOD)
    for call in (
        lambda: billing_runs.start_run(as_vendor(ctx, tenant), PERIOD),
        lambda: billing_runs.progress(as_vendor(ctx, tenant), PERIOD),
        lambda: billing.count_and_open(as_ops(ctx), tenant.id, PERIOD),
    ):
        with pytest.raises(ForbiddenError):
            await call()


async def test_the_invoice_rail_gets_a_link_and_no_charge(
    ctx: Context, clock: FixedClock, providers: FakeProviders
) -> None:
    tenant = await _vendor(ctx, 2, rail=Rail.INVOICE, currency="CNY", price_micros=17_500_000)
    until(clock, NOVEMBER.end)
    await billing_runs.start_run(ctx, PERIOD)
    invoice = await _run(ctx, tenant)
    assert invoice is not None
    assert invoice.total == Money.of("35", "CNY")
    assert providers.stripe.calls == []
    assert providers.alipay.calls == []
    assert await ctx.db.scalar(select(func.count()).select_from(ChargeAttempt)) == 0
    assert len(await mails(ctx, "invoice")) == 1


async def test_a_remainder_is_carried_to_the_next_invoice(ctx: Context, clock: FixedClock) -> None:
    """Tax of 19 % on 2.50 is 0.475: half a cent waits, and is claimed a month later."""
    tenant = await _vendor(ctx, 1)
    tenant.tax_rate = "0.19"
    day = DeviceDay(
        device_pk=(await ctx.db.scalars(select(DeviceDay.device_pk))).one(),
        day=dt.date(2026, 12, 20),
        tenant_id=tenant.id,
        events=1,
        first_at=ctx.now(),
        last_at=ctx.now(),
    )
    ctx.db.add(day)
    until(clock, dt.datetime(2027, 1, 1, tzinfo=dt.UTC))
    found: list[tuple[str, str, str]] = []
    for period in ("2026-11", "2026-12"):
        await billing_runs.start_run(ctx, period)
        invoice_id = await billing.count_and_open(ctx, tenant.id, period)
        invoice = await ctx.db.get_one(Invoice, UUID(invoice_id))
        carried = Money(invoice.carried_in_micros, "USD"), Money(invoice.carried_out_micros, "USD")
        found.append((invoice.total.text(), carried[0].text(), carried[1].text()))
    assert found == [("2.98", "0.00", "-0.005"), ("2.97", "-0.005", "0.00")]
    assert (await balances(ctx, tenant))["house tax"] == "-0.95"
    await close_books(ctx)


async def test_two_schedulers_bill_a_month_once(own_run: Runtime, clock: FixedClock) -> None:
    """Two schedulers claim the same month; two runs read the same unbilled devices."""
    async with own_run.context(SYSTEM) as ctx:
        tenant = await _vendor(ctx)
    until(clock, NOVEMBER.end)

    async def everything() -> None:
        async with own_run.context(SYSTEM) as ctx:
            await billing_runs.start_run(ctx, PERIOD)
        for step in billing.STEPS:
            async with own_run.context(SYSTEM) as ctx:
                await step(ctx, tenant.id, PERIOD)

    await asyncio.gather(*(everything() for _ in range(4)))
    async with own_run.context(SYSTEM) as ctx:
        assert await ctx.db.scalar(select(func.count()).select_from(Invoice)) == 1
        assert await ctx.db.scalar(select(func.count()).select_from(InvoiceDevice)) == 3
        assert await ctx.db.scalar(select(func.count()).select_from(ChargeAttempt)) == 1
        names = (await ctx.db.scalars(select(OutboxItem.name))).all()
        assert names.count("open_months") == 1
        assert names.count("invoice") == 1
        await close_books(ctx)


async def test_numbers_have_no_gap_and_no_double(own_run: Runtime, clock: FixedClock) -> None:
    """Thirty invoices open at once, five of them are rolled back at the last moment."""
    async with own_run.context(SYSTEM) as ctx:
        tenants = [await _vendor(ctx, 1, name=f"Vendor {number}") for number in range(30)]
    until(clock, NOVEMBER.end)
    async with own_run.context(SYSTEM) as ctx:
        await billing_runs.start_run(ctx, PERIOD)

    async def open_one(number: int, tenant: Tenant, *, fails: bool) -> None:
        async with own_run.context(SYSTEM) as ctx:
            await billing.count_and_open(ctx, tenant.id, PERIOD)
            if fails:
                raise RuntimeError(f"killed {number}")

    outcomes = await asyncio.gather(
        *(open_one(number, one, fails=number % 6 == 0) for number, one in enumerate(tenants)),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, RuntimeError) for outcome in outcomes) == 5
    for tenant in tenants:
        await open_one(0, tenant, fails=False)
    async with own_run.context(SYSTEM) as ctx:
        numbers = (await ctx.db.scalars(select(Invoice.number))).all()
        assert sorted(str(one) for one in numbers) == [f"TP-2026-{n:05d}" for n in range(1, 31)]
        await close_books(ctx)


async def test_operations_see_every_invoice_and_a_vendor_its_own(
    ctx: Context, clock: FixedClock
) -> None:
    first, second = await _vendor(ctx, name="First"), await _vendor(ctx, name="Second")
    until(clock, NOVEMBER.end)
    await billing_runs.start_run(ctx, PERIOD)
    for tenant in (first, second):
        await _run(ctx, tenant)
    mine = await invoices.list_page(as_vendor(ctx, first))
    assert [row.vendor for row in mine.rows] == ["First"]
    assert len((await invoices.list_all(as_ops(ctx))).rows) == 2
    with pytest.raises(ForbiddenError):
        await invoices.list_all(as_vendor(ctx, first))
