"""Sums of calls are the same whatever was folded by then, and whatever the period's ends are."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from app.core.errors import InvalidInputError
from app.core.ids import new_id
from app.rules.gateway import CallStatus
from app.runtime import Runtime
from app.services import call_days, call_folding, call_usage, gateway
from app.services.context import SYSTEM, Context
from app.services.gateway import Call
from models.agent import AgentCall, CallDay
from tests.conftest import START
from tests.factories import as_agent, make_agent, make_vendor

ACTIONS = ("domain.leadscoring.leads.create", "domain.leadscoring.leads.export", "meta.version")
DAY = dt.timedelta(days=1)
MIDNIGHT = START.replace(hour=0, minute=0, second=0, microsecond=0)
INSTANTS = st.integers(0, 4 * 24).map(lambda hours: MIDNIGHT + dt.timedelta(hours=hours))


def made(tenant_id: Any, at: dt.datetime, action: str, status: CallStatus, paid: bool) -> AgentCall:
    ran = status is CallStatus.SUCCESS
    return AgentCall(
        at=at,
        tenant_id=tenant_id,
        action=action,
        pack="leadscoring",
        status=status,
        is_billable=ran,
        is_charged=ran and paid,
        actor_id="key",
        request_id="req",
        request_hash="0" * 64,
    )


CALLS = st.tuples(INSTANTS, st.sampled_from(ACTIONS), st.sampled_from(CallStatus), st.booleans())
STEPS = st.lists(st.one_of(CALLS, st.just("fold")), max_size=12)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS, period=st.tuples(INSTANTS, INSTANTS).filter(lambda both: both[0] < both[1]))
async def test_a_sum_counts_each_call_once(
    ctx: Context, steps: list[Any], period: tuple[dt.datetime, dt.datetime]
) -> None:
    start, end = period
    tenant_id = (await make_vendor(ctx)).id
    wanted = [0, 0, 0, 0]
    for step in steps:
        if step == "fold":
            await call_folding.fold(ctx)
            continue
        at, action, status, paid = step
        ctx.db.add(made(tenant_id, at, action, status, paid))
        await ctx.db.flush()
        if start <= at < end and action.startswith("domain."):
            ran = status is CallStatus.SUCCESS
            for place, counts in enumerate((True, ran, ran, ran and paid)):
                wanted[place] += counts
    found = await call_days.totals(ctx, [tenant_id], start, end, "domain.")
    assert list(found.get(tenant_id, (0, 0, 0, 0))) == wanted


async def test_days_are_told_by_action_and_outcome(ctx: Context) -> None:
    agent = (await make_agent(ctx)).agent
    other = (await make_agent(ctx, "other@example.com")).agent
    for offset, action in ((0, ACTIONS[0]), (0, ACTIONS[0]), (1, ACTIONS[1])):
        at = MIDNIGHT + offset * DAY
        ctx.db.add(made(agent.tenant_id, at, action, CallStatus.SUCCESS, True))
    ctx.db.add(made(other.tenant_id, MIDNIGHT, ACTIONS[0], CallStatus.SUCCESS, True))
    await ctx.db.flush()
    before = await call_usage.by_day(as_agent(ctx, agent), MIDNIGHT.date(), MIDNIGHT.date() + DAY)
    assert [(row.action, row.calls) for row in before] == [(ACTIONS[0], 2), (ACTIONS[1], 1)]
    await call_folding.fold(ctx)
    after = await call_usage.by_day(as_agent(ctx, agent), MIDNIGHT.date(), MIDNIGHT.date() + DAY)
    assert after == before


async def test_names_that_no_action_has_fill_no_table(ctx: Context) -> None:
    agent = (await make_agent(ctx)).agent
    for number in range(5):
        assert (await gateway.run(as_agent(ctx, agent), Call(f"no.such.{number}"))).status == 404
    await call_folding.fold(ctx)
    rows = (await ctx.db.scalars(select(CallDay))).all()
    assert [(row.action, row.status, row.calls) for row in rows] == [("", CallStatus.DENIED, 5)]


async def test_a_call_is_folded_once(ctx: Context) -> None:
    agent = (await make_agent(ctx)).agent
    ctx.db.add(made(agent.tenant_id, START, ACTIONS[0], CallStatus.SUCCESS, True))
    await ctx.db.flush()
    assert [await call_folding.fold(ctx) for _ in range(2)] == [1, 0]
    assert await ctx.db.scalar(select(func.sum(CallDay.calls))) == 1


async def test_a_period_that_ends_before_it_begins_is_refused(ctx: Context) -> None:
    with pytest.raises(InvalidInputError):
        await call_usage.count(ctx, [new_id()], START, START)


async def test_sums_hold_while_calls_come_and_are_folded(own_run: Runtime) -> None:
    """A reader in between must see neither a call twice nor one too few."""
    async with own_run.context(SYSTEM) as ctx:
        tenant_id = (await make_agent(ctx)).agent.tenant_id
    written = 0
    over = asyncio.Event()

    async def write() -> None:
        nonlocal written
        for _ in range(60):
            async with own_run.context(SYSTEM) as ctx:
                ctx.db.add(made(tenant_id, START, ACTIONS[0], CallStatus.SUCCESS, True))
            written += 1
        over.set()

    async def fold() -> None:
        while not over.is_set():
            async with own_run.context(SYSTEM) as ctx:
                await call_folding.fold(ctx, limit=7)

    async def read() -> None:
        while not over.is_set():
            least = written
            async with own_run.as_system(readonly=True) as ctx:
                found = await call_days.totals(ctx, [tenant_id], MIDNIGHT, MIDNIGHT + DAY)
            assert least <= found.get(tenant_id, (0,))[0] <= written + 1

    await asyncio.gather(write(), fold(), read())
    async with own_run.context(SYSTEM) as ctx:
        while await call_folding.fold(ctx):
            pass
        assert await ctx.db.scalar(select(func.sum(CallDay.calls))) == 60
