"""Agents when things go wrong: a month interrupted at every step, notifications twice and in any order, two processes."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import Callable
from itertools import permutations

import pytest
from sqlmodel import col, func, select

from app.core.clock import FixedClock, wall_now
from app.database import Database
from app.rules.quota import Tier
from app.rules.statuses import InvoiceStatus, RunStatus
from app.runtime import Runtime
from app.services import billing, billing_runs, gateway, ledger, quotas, spend, upgrades
from app.services.context import SYSTEM, Context
from app.services.ports import EventKind
from models.agent import Agent, AgentCall, PaymentState
from models.billing import BillingPeriod
from models.invoice import Invoice
from models.ledger import AccountKind
from models.payment import Checkout
from tests.factories import as_agent, make_agent
from tests.fakes import FakeProvider, FakeProviders
from tests.money_kit import NOVEMBER, mails, told, until, usd
from tests.services.test_agent_billing import called, paid_agent
from tests.services.test_gateway import lead


class DiedError(Exception):
    """What stands for a process that ends before its transaction does."""


async def died(run: Runtime, step: Callable[..., object], *arguments: object) -> None:
    """Do a step up to its end, and lose what it has not saved."""
    with contextlib.suppress(DiedError):
        async with run.context(SYSTEM) as ctx:
            await step(ctx, *arguments)  # type: ignore[misc]
            raise DiedError


@pytest.mark.parametrize("victim", [step.__name__ for step in billing.STEPS])
async def test_an_agents_month_interrupted_at_any_step_ends_with_one_invoice(
    own_run: Runtime, clock: FixedClock, providers: FakeProviders, victim: str
) -> None:
    async with own_run.context(SYSTEM) as ctx:
        agent = await paid_agent(ctx)
        await called(ctx, agent, 640, dt.datetime(2026, 11, 25, tzinfo=dt.UTC))
        tenant_id = agent.tenant_id
    until(clock, NOVEMBER.end)
    await died(own_run, billing_runs.start_run, "2026-11")
    async with own_run.context(SYSTEM) as ctx:
        await billing_runs.start_run(ctx, "2026-11")
    for step in billing.STEPS:
        if step.__name__ == victim:
            await died(own_run, step, tenant_id, "2026-11")
        for _ in range(2):  # a step is done at least once, and may be done again
            async with own_run.context(SYSTEM) as ctx:
                await step(ctx, tenant_id, "2026-11")
    async with own_run.context(SYSTEM) as ctx:
        invoice = (await ctx.db.scalars(select(Invoice))).one()
        assert (invoice.total, invoice.status) == (usd("0.64"), InvoiceStatus.OPEN)
        assert (await ctx.db.scalars(select(BillingPeriod.status))).one() is RunStatus.DONE
        assert len(await mails(ctx, "invoice")) == 1
        owed = await ledger.balances(ctx, [tenant_id], AccountKind.RECEIVABLE)
        assert owed == {(tenant_id, "USD"): usd("0.64")}
    stripe = providers.payment("stripe")
    assert isinstance(stripe, FakeProvider)
    assert len(stripe.invoices) == 1


async def page_of(ctx: Context, tenant_id: object) -> str:
    """Open the card's page; the provider's id of it."""
    await upgrades.start(as_agent(ctx, await ctx.db.get_one(Agent, tenant_id)), tenant_id)  # type: ignore[arg-type]
    found = await ctx.db.scalars(
        select(Checkout.provider_ref)
        .where(col(Checkout.tenant_id) == tenant_id)
        .order_by(col(Checkout.id).desc())
    )
    return str(found.first())


@pytest.mark.parametrize(
    "order", [(0, 1), (0, 0, 1), (0, 1, 1), (0, 1, 0), (0, 1, 0, 1), (0, 0, 1, 1)]
)
async def test_notifications_told_again_and_late_change_nothing_twice(
    ctx: Context, order: tuple[int, ...]
) -> None:
    """However often the card's coming and going are told, it came once and went once."""
    tenant_id = (await make_agent(ctx)).agent.tenant_id
    page, began = await page_of(ctx, tenant_id), wall_now()
    for one in order:
        if one == 0:
            await told(
                ctx, EventKind.METHOD_CONNECTED, event_id="evt_0", at=began, checkout_ref=page,
                method_ref="pm_1", customer_ref="cus_1", label="Visa ending 4242",
            )  # fmt: skip
        else:
            await told(
                ctx, EventKind.METHOD_DETACHED, event_id="evt_1",
                at=began + dt.timedelta(seconds=5), method_ref="pm_1", customer_ref="cus_1",
            )  # fmt: skip
    await ctx.db.flush()
    agent = await ctx.db.get_one(Agent, tenant_id, populate_existing=True)
    assert (agent.payment_state, agent.paid_until) == (PaymentState.NONE, NOVEMBER.end)
    assert quotas.tier_of(ctx, agent) is Tier.PAID
    assert len(await mails(ctx, "agent_upgraded")) == 1


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_a_new_card_outlives_the_going_of_the_old_one_in_any_order(
    ctx: Context, order: tuple[int, ...]
) -> None:
    tenant_id = (await make_agent(ctx)).agent.tenant_id
    page, began = await page_of(ctx, tenant_id), wall_now()
    old = {"checkout_ref": page, "method_ref": "pm_1", "label": "Visa ending 4242"}
    await told(
        ctx, EventKind.METHOD_CONNECTED, event_id="evt_old", at=began, customer_ref="cus_1", **old
    )
    gone_at = began + dt.timedelta(seconds=1)
    await told(
        ctx, EventKind.METHOD_DETACHED, event_id="evt_gone", at=gone_at, method_ref="pm_1",
        customer_ref="cus_1",
    )  # fmt: skip
    second = await page_of(ctx, tenant_id)
    late: list[tuple[EventKind, str, dict[str, str]]] = [
        (EventKind.METHOD_CONNECTED, "evt_new", {
            "checkout_ref": second, "method_ref": "pm_2", "label": "Visa ending 1111"}),
        (EventKind.METHOD_DETACHED, "evt_gone", {"method_ref": "pm_1"}),
        (EventKind.METHOD_CONNECTED, "evt_old", old),
    ]  # fmt: skip
    seconds = {"evt_new": 10, "evt_gone": 1, "evt_old": 0}
    for one in order:
        kind, event_id, facts = late[one]
        at = began + dt.timedelta(seconds=seconds[event_id])
        await told(ctx, kind, event_id=event_id, at=at, customer_ref="cus_1", **facts)
    await ctx.db.flush()
    agent = await ctx.db.get_one(Agent, tenant_id, populate_existing=True)
    assert (agent.tier, agent.payment_state, agent.paid_until) == (
        Tier.PAID, PaymentState.ACTIVE, None,
    )  # fmt: skip


@pytest.mark.parametrize(("budget", "runs"), [(None, 100), ("0.05", 50)])
async def test_two_processes_that_call_at_once_run_as_many_as_there_are(
    own_run: Runtime,
    own_database: Database,
    make_runtime: Callable[[Database], Runtime],
    budget: str | None,
    runs: int,
) -> None:
    async with own_run.context(SYSTEM) as ctx:
        agent = (await make_agent(ctx)).agent
        if budget is not None:
            agent.tier = Tier.PAID
            await ctx.db.flush()
            await spend.set_limits(as_agent(ctx, agent), usd(budget), hard_stop=True)
    other = make_runtime(Database(own_database.url, pool_size=3))

    async def one(run: Runtime, number: int) -> int:
        async with run.context(SYSTEM) as ctx:
            return (await gateway.run(as_agent(ctx, agent), lead(number))).status

    both = [
        (run, 100 * at + number) for at, run in enumerate((own_run, other)) for number in range(75)
    ]
    statuses = await asyncio.gather(*(one(*each) for each in both))
    await other.database.close()
    assert statuses.count(200) == runs
    async with own_run.context(SYSTEM) as ctx:
        billable = select(func.count()).where(col(AgentCall.is_billable))
        assert await ctx.db.scalar(billable) == runs
        assert (await quotas.current(ctx, agent)).used == runs
