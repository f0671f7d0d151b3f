"""Invoices beside the provider's copies: what differs is found, kept, and gone when it agrees."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from uuid import UUID

import pytest
from sqlmodel import col, select

from app.core.clock import FixedClock
from app.core.errors import ConflictError, ForbiddenError, ProviderDownError
from app.core.money import Money
from app.rules.reconciliation import Difference
from app.rules.statuses import InvoiceStatus, RunStatus
from app.services import ops_overview, reconciliation
from app.services.context import Context
from app.services.ops_lists import Search
from app.services.ports import ProviderInvoice
from models.billing import BillingRun
from models.invoice import Invoice
from models.person import Role
from models.reconciliation import Reconciliation, ReconciliationFinding
from tests.factories import as_agent, as_ops, as_vendor, make_agent, make_vendor
from tests.fakes import FakeProvider, FakeProviders
from tests.money_kit import NOVEMBER, jobs, make_invoice, until, usd, work

PERIOD = "2026-11"


@pytest.fixture
def stripe(providers: FakeProviders) -> FakeProvider:
    return providers.payment("stripe")  # type: ignore[return-value]


async def bills(ctx: Context, clock: FixedClock, count: int) -> list[Invoice]:
    tenant = await make_vendor(ctx)
    made = [await make_invoice(ctx, tenant) for _ in range(count)]
    until(clock, NOVEMBER.end)
    return made


async def findings(ctx: Context) -> dict[UUID, Difference]:
    rows = await ctx.db.scalars(
        select(ReconciliationFinding).execution_options(populate_existing=True)
    )
    return {one.invoice_id: one.difference for one in rows}


async def looked(ctx: Context) -> Reconciliation:
    run = await reconciliation.start(as_ops(ctx, Role.OPS_OPERATOR), PERIOD)
    await work(ctx)
    return await ctx.db.get_one(Reconciliation, run.id, populate_existing=True)


def tamper(stripe: FakeProvider, invoice: Invoice, **more: object) -> None:
    ref = invoice.provider_ref or ""
    stripe.invoices[ref] = replace(stripe.invoices[ref], **more)  # type: ignore[arg-type]


async def test_where_all_agrees_nothing_is_found(
    ctx: Context, clock: FixedClock, stripe: FakeProvider
) -> None:
    await bills(ctx, clock, 3)
    run = await looked(ctx)
    assert (run.status, run.checked) == (RunStatus.DONE, 3)
    assert await findings(ctx) == {}
    look = await reconciliation.newest(as_ops(ctx, Role.OPS_VIEWER), PERIOD)
    assert look is not None
    assert (look.invoices, look.findings) == (3, 0)


async def test_each_difference_is_found_and_gone_once_it_agrees(
    ctx: Context, clock: FixedClock, stripe: FakeProvider
) -> None:
    paid, amount, void, missing, fine, here, bare = await bills(ctx, clock, 7)
    tamper(stripe, paid, status="paid")
    tamper(stripe, amount, total=usd("1"))
    tamper(stripe, void, status="void")
    kept = stripe.invoices.pop(missing.provider_ref or "")
    here.status, here.paid_micros = InvoiceStatus.PAID, here.total_micros
    ref, bare.provider_ref = bare.provider_ref, None
    await ctx.db.flush()
    await looked(ctx)
    assert await findings(ctx) == {
        paid.id: Difference.PAID_THERE,
        amount.id: Difference.AMOUNT_DIFFERS,
        void.id: Difference.VOID_THERE,
        missing.id: Difference.MISSING_THERE,
        here.id: Difference.PAID_HERE,
        bare.id: Difference.NO_COPY,
    }
    assert fine.id not in await findings(ctx)
    assert (await ops_overview.attention(as_ops(ctx))).differences == 6
    page = await reconciliation.FINDINGS.page(as_ops(ctx), Search(status="amount_differs"))
    (line,) = page.rows
    assert (line.customer, line.number) == ("Acme Toys", amount.number)
    assert (line.finding.ours, line.finding.theirs) == (
        "open, 25.00 USD left of 25.00 USD", "open, 1.00 USD",
    )  # fmt: skip
    began = ctx.now()
    clock.advance(dt.timedelta(hours=1))
    for one in (paid, void):
        tamper(stripe, one, status="open")
    tamper(stripe, here, status="paid")
    stripe.invoices[kept.provider_ref] = kept
    bare.provider_ref = ref
    await ctx.db.flush()
    await looked(ctx)
    assert await findings(ctx) == {amount.id: Difference.AMOUNT_DIFFERS}
    (row,) = await ctx.db.scalars(select(ReconciliationFinding))
    assert (row.found_at, row.seen_at) == (began, ctx.now())


async def test_a_provider_that_goes_down_half_way_is_asked_on_from_there(
    ctx: Context, clock: FixedClock, stripe: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciliation, "PART", 2)
    made = sorted(await bills(ctx, clock, 5), key=lambda one: one.id)
    tamper(stripe, made[0], status="paid")
    tamper(stripe, made[4], status="paid")
    run = await reconciliation.start(as_ops(ctx), PERIOD)
    await reconciliation.look(ctx, run.id)
    assert await findings(ctx) == {made[0].id: Difference.PAID_THERE}
    stripe.down = 1
    with pytest.raises(ProviderDownError):
        await reconciliation.look(ctx, run.id)
    asked = len(stripe.named("fetch_invoice"))
    await work(ctx)
    run = await ctx.db.get_one(Reconciliation, run.id, populate_existing=True)
    assert (run.status, run.checked) == (RunStatus.DONE, 5)
    assert len(stripe.named("fetch_invoice")) - asked == 3, "what was looked at is not asked again"
    assert set(await findings(ctx)) == {made[0].id, made[4].id}


async def test_what_changes_with_us_meanwhile_is_left_to_the_next_look(
    ctx: Context, clock: FixedClock, stripe: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    (one,) = await bills(ctx, clock, 1)

    async def slow(provider_ref: str) -> ProviderInvoice:
        one.status, one.paid_micros = InvoiceStatus.PAID, one.total_micros
        await ctx.db.flush()
        return ProviderInvoice(provider_ref, "open", usd("25"), Money.zero("USD"))

    monkeypatch.setattr(stripe, "fetch_invoice", slow)
    await looked(ctx)
    assert await findings(ctx) == {}


async def test_a_provider_that_refuses_to_say_is_a_finding_and_stops_nothing(
    ctx: Context, clock: FixedClock, stripe: FakeProvider
) -> None:
    made = await bills(ctx, clock, 2)
    stripe.refuse = True
    run = await looked(ctx)
    assert run.status is RunStatus.DONE
    assert await findings(ctx) == {one.id: Difference.NOT_TOLD for one in made}


async def test_a_month_is_looked_at_once_at_a_time_and_only_when_it_is_over(
    ctx: Context, clock: FixedClock, stripe: FakeProvider
) -> None:
    with pytest.raises(ConflictError) as refused:
        await reconciliation.start(as_ops(ctx), PERIOD)
    assert refused.value.reason == "period_not_over"
    until(clock, NOVEMBER.end)
    await reconciliation.start(as_ops(ctx), PERIOD)
    with pytest.raises(ConflictError) as refused:
        await reconciliation.start(as_ops(ctx), PERIOD)
    assert refused.value.reason == "in_progress"
    clock.advance(reconciliation.STUCK)  # its job was lost
    await reconciliation.start(as_ops(ctx), PERIOD)
    assert len(await jobs(ctx, "reconcile")) == 2


async def test_every_month_is_looked_at_by_itself_once(
    ctx: Context, clock: FixedClock, stripe: FakeProvider
) -> None:
    until(clock, NOVEMBER.end)
    run = BillingRun(
        period=PERIOD, status=RunStatus.DONE, started_at=ctx.now(), finished_at=ctx.now()
    )
    ctx.db.add(run)
    await ctx.db.flush()
    assert await reconciliation.schedule(ctx) == 0
    clock.advance(reconciliation.AFTER)
    assert [await reconciliation.schedule(ctx) for _ in range(2)] == [1, 0]
    await work(ctx)
    rows = await ctx.db.scalars(select(Reconciliation.status).order_by(col(Reconciliation.id)))
    assert list(rows) == [RunStatus.DONE]


async def test_only_operators_begin_and_only_operations_see_it(
    ctx: Context, clock: FixedClock
) -> None:
    until(clock, NOVEMBER.end)
    with pytest.raises(ForbiddenError):
        await reconciliation.start(as_ops(ctx, Role.OPS_VIEWER), PERIOD)
    agent = as_agent(ctx, (await make_agent(ctx)).agent)
    for other in (agent, as_vendor(ctx, await make_vendor(ctx))):
        for attempt in (
            reconciliation.start(other, PERIOD),
            reconciliation.newest(other, PERIOD),
            reconciliation.count_open(other),
            reconciliation.FINDINGS.page(other, Search()),
        ):
            with pytest.raises(ForbiddenError):
                await attempt
