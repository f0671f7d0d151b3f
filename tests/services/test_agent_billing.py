"""Agents in the monthly run: exactly the calls after the upgrade, small sums carried, nothing twice."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import pytest
from sqlmodel import col, func, select

from app.core.clock import FixedClock
from app.core.money import Money
from app.rules.gateway import CallStatus
from app.rules.quota import Tier
from app.rules.statuses import RunStatus
from app.services import billing_runs, explanations, gateway, invoice_docs, ledger
from app.services.context import Context
from app.services.gateway import Call
from models.agent import Agent, AgentCall
from models.billing import BillingPeriod
from models.invoice import Invoice, InvoiceLine
from models.ledger import AccountKind
from tests.factories import as_agent, make_agent, make_vendor
from tests.money_kit import NOVEMBER, balances, close_books, mails, until, usd, used, work

PERIOD = "2026-11"


async def called(
    ctx: Context, agent: Agent, count: int, at: dt.datetime, *, charged: bool = True
) -> None:
    """Write down calls as the gateway does."""
    for number in range(count):
        ctx.db.add(
            AgentCall(
                at=at,
                tenant_id=agent.tenant_id,
                action="domain.leadscoring.leads.export",
                pack="leadscoring",
                status=CallStatus.SUCCESS,
                is_billable=True,
                is_charged=charged,
                actor_id="key",
                request_id=f"req_{number}",
                request_hash="0" * 64,
            )
        )
    await ctx.db.flush()


async def paid_agent(ctx: Context, email: str = "agent@example.com") -> Agent:
    made = await make_agent(ctx, email)
    made.agent.tier, made.agent.upgraded_at = Tier.PAID, ctx.now()
    return made.agent


@pytest.fixture
def at() -> dt.datetime:
    return dt.datetime(2026, 11, 25, tzinfo=dt.UTC)


async def test_exactly_the_charged_calls_of_the_month_are_invoiced(
    ctx: Context, clock: FixedClock, at: dt.datetime
) -> None:
    agent = await paid_agent(ctx)
    await called(ctx, agent, 20, at, charged=False)
    await called(ctx, agent, 700, at)
    await called(ctx, agent, 1, NOVEMBER.start)
    await called(ctx, agent, 5, NOVEMBER.end)
    until(clock, NOVEMBER.end)
    await billing_runs.start_run(ctx, PERIOD)
    await work(ctx)
    invoice = (await ctx.db.scalars(select(Invoice))).one()
    assert (invoice.tenant_id, invoice.business_key) == (
        agent.tenant_id,
        f"agent:{agent.tenant_id}:{PERIOD}",
    )
    assert invoice.total == usd("0.70")
    assert Money(invoice.carried_out_micros, "USD") == usd("0.001")
    line = (await ctx.db.scalars(select(InvoiceLine))).one()
    assert (line.quantity, line.amount_micros) == ("701", 701_000)
    assert await balances_of(ctx, agent) == {"receivable": "0.70", "rounding": "0.001"}
    (mail,) = await mails(ctx, "invoice")
    assert mail.payload["url"].startswith("/v1/pay/")  # it needs no login
    why = await explanations.why(ctx, invoice.id)
    assert (why.sums[0].quantity, why.device_count) == (701, 0)
    doc = await invoice_docs.document_of(ctx, invoice)
    assert ctx.documents.pdf(doc).startswith(b"%PDF")
    await close_books(ctx)


async def balances_of(ctx: Context, agent: Agent) -> dict[str, str]:
    found = {
        kind.value: await ledger.balance(ctx, agent.tenant_id, kind, "USD")
        for kind in (AccountKind.RECEIVABLE, AccountKind.ROUNDING)
    }
    return {name: amount.text() for name, amount in found.items() if amount}


async def test_a_small_sum_waits_until_it_is_worth_an_invoice(
    ctx: Context, clock: FixedClock, at: dt.datetime
) -> None:
    agent = await paid_agent(ctx)
    await called(ctx, agent, 494, at)
    until(clock, NOVEMBER.end)
    for _ in range(2):
        await billing_runs.start_run(ctx, PERIOD)
        await work(ctx)
    assert await ctx.db.scalar(select(func.count()).select_from(Invoice)) == 0
    assert await balances_of(ctx, agent) == {"rounding": "0.494"}
    row = (await ctx.db.scalars(select(BillingPeriod))).one()
    assert (row.status, row.carried_micros) == (RunStatus.DONE, 494_000)
    await called(ctx, agent, 7, dt.datetime(2026, 12, 5, tzinfo=dt.UTC))
    until(clock, dt.datetime(2027, 1, 1, tzinfo=dt.UTC))
    await billing_runs.start_run(ctx, "2026-12")
    await work(ctx)
    invoice = (await ctx.db.scalars(select(Invoice))).one()
    assert invoice.total == usd("0.50")
    assert await balances_of(ctx, agent) == {"receivable": "0.50", "rounding": "0.001"}
    await close_books(ctx)


async def test_a_free_agent_owes_nothing(ctx: Context, clock: FixedClock, at: dt.datetime) -> None:
    made = await make_agent(ctx)
    await called(ctx, made.agent, 100, at, charged=False)
    until(clock, NOVEMBER.end)
    await billing_runs.start_run(ctx, PERIOD)
    await work(ctx)
    assert await ctx.db.scalar(select(func.count()).select_from(Invoice)) == 0
    assert (await ctx.db.scalars(select(BillingPeriod))).one().status is RunStatus.DONE


async def test_one_run_bills_vendors_and_agents(
    ctx: Context, clock: FixedClock, at: dt.datetime
) -> None:
    vendor = await make_vendor(ctx)
    await used(ctx, vendor, 2)
    agent = await paid_agent(ctx)
    await called(ctx, agent, 1_000, at)
    until(clock, NOVEMBER.end)
    assert await billing_runs.start_run(ctx, PERIOD) == 2
    await work(ctx)
    rows = await ctx.db.scalars(select(Invoice).order_by(col(Invoice.total_micros)))
    assert [(row.tenant_id, row.total) for row in rows] == [
        (agent.tenant_id, usd("1")),
        (vendor.id, usd("5")),
    ]
    assert (await balances(ctx, vendor))["house revenue"] == "-6.00"
    await close_books(ctx)


async def test_what_the_gateway_writes_is_what_is_billed(ctx: Context, clock: FixedClock) -> None:
    """From the call to the invoice line: free before the upgrade, charged after it."""
    made = await make_agent(ctx)
    me = as_agent(ctx, made.agent)
    export = Call("domain.leadscoring.leads.export")
    await gateway.run(me, export)
    made.agent.tier = Tier.PAID
    for _ in range(3):
        await gateway.run(me, export)
    await gateway.run(me, Call("meta.actions"))
    await gateway.run(me, Call("domain.leadscoring.models.list"))
    await ctx.db.flush()
    until(clock, NOVEMBER.end)
    await billing_runs.start_run(ctx, PERIOD)
    await work(ctx)
    assert await balances_of(ctx, made.agent) == {"rounding": "0.003"}
    assert isinstance(made.agent.tenant_id, UUID)
