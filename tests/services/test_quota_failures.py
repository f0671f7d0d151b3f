"""S2-116: where calls cannot be counted, who has free ones is refused and who pays passes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import col, func, select

from app.rules.gateway import CallStatus
from app.rules.quota import Tier
from app.runtime import Runtime
from app.services import gateway, quotas
from app.services.context import SYSTEM, Context
from app.services.gateway import Call, Reply
from app.services.idempotency import STALE
from models.agent import Agent, AgentCall, CallCounter
from models.exchange import StoredAnswer
from models.lead import Lead
from tests.factories import as_agent, make_agent

LEAD = "domain.leadscoring.leads.create"
BREAK = {
    "sqlite": [
        "CREATE TRIGGER broken BEFORE UPDATE ON call_counter"
        " BEGIN SELECT RAISE(ABORT, 'the counter is broken'); END"
    ],
    "postgresql": [
        "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN RAISE EXCEPTION 'the counter is broken'; END$$",
        "CREATE TRIGGER broken BEFORE UPDATE ON call_counter"
        " FOR EACH ROW EXECUTE FUNCTION broken()",
    ],
}


async def _agent(ctx: Context, tier: Tier) -> Agent:
    made = await make_agent(ctx)
    made.agent.tier = tier
    period = ctx.now().strftime("%Y-%m")
    ctx.db.add(CallCounter(tenant_id=made.agent.tenant_id, period=period, used=7))
    await ctx.db.flush()
    return made.agent


def _lead(number: int, **more: Any) -> Call:
    return Call(LEAD, {"external_id": f"L-{number}", "answers": {}}, **more)


async def _call(run: Runtime, agent: Agent, call: Call) -> Reply:
    async with run.context(SYSTEM) as ctx:
        return await gateway.run(as_agent(ctx, agent), call)


async def _left(ctx: Context, agent: Agent) -> tuple[int, int, list[AgentCall]]:
    leads = await ctx.db.scalar(select(func.count()).select_from(Lead))
    used = (await quotas.current(ctx, agent)).used
    rows = await ctx.db.scalars(select(AgentCall).order_by(col(AgentCall.id)))
    return leads or 0, used, list(rows)


@pytest.mark.parametrize("tier", list(Tier))
async def test_a_counter_that_fails_stops_who_is_free_and_nobody_who_pays(
    own_run: Runtime, dialect: str, tier: Tier
) -> None:
    async with own_run.context(SYSTEM) as ctx:
        agent = await _agent(ctx, tier)
        for statement in BREAK[dialect]:
            await ctx.db.execute(text(statement))
    reply = await _call(own_run, agent, _lead(1, idempotency_key="k"))
    again = await _call(own_run, agent, _lead(1, idempotency_key="k"))
    async with own_run.context(SYSTEM) as ctx:
        leads, used, (row, repeated) = await _left(ctx, agent)
    assert used == 7
    if tier is Tier.FREE:
        assert (reply.status, reply.body["code"], reply.retry_after) == (503, "UNAVAILABLE", 5)
        assert (leads, row.status, row.is_billable) == (0, CallStatus.ERROR, False)
        assert again.body["code"] == "UNAVAILABLE"  # the key was given back
    else:
        assert (reply.status, leads) == (200, 1)
        assert (row.status, row.is_billable, row.is_charged) == (CallStatus.SUCCESS, True, True)
        assert (again.body["code"], repeated.is_charged) == ("IDEMPOTENT_REPLAY", False)


@pytest.mark.parametrize("tier", list(Tier))
async def test_a_counter_that_somebody_holds_is_not_waited_for_longer_than_said(
    own_run: Runtime, dialect: str, tier: Tier, monkeypatch: pytest.MonkeyPatch
) -> None:
    if dialect == "sqlite":
        pytest.skip("SQLite has one lock for everything: who waits for it has not begun")
    monkeypatch.setattr(quotas, "PATIENCE", "200ms")
    async with own_run.context(SYSTEM) as ctx:
        agent = await _agent(ctx, tier)
    async with own_run.database.session() as holder:
        await holder.execute(text("UPDATE call_counter SET used = used"))
        async with asyncio.timeout(60):
            reply = await _call(own_run, agent, _lead(1))
        await holder.rollback()
    assert reply.status == (503 if tier is Tier.FREE else 200)
    async with own_run.context(SYSTEM) as ctx:
        leads, used, (row,) = await _left(ctx, agent)
    assert (leads, used) == ((0, 7) if tier is Tier.FREE else (1, 7))
    assert row.is_charged is (tier is Tier.PAID)
    assert (await _call(own_run, agent, _lead(2))).status == 200


async def test_the_wait_is_bounded_in_a_month_without_a_counter_too(
    own_run: Runtime, dialect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if dialect == "sqlite":
        pytest.skip("SQLite has one lock for everything: who waits for it has not begun")
    monkeypatch.setattr(quotas, "PATIENCE", "200ms")
    async with own_run.context(SYSTEM) as ctx:
        agent = (await make_agent(ctx)).agent
        period = ctx.now().strftime("%Y-%m")
    async with own_run.database.session() as holder:
        holder.add(CallCounter(tenant_id=agent.tenant_id, period=period, used=0))
        await holder.flush()
        async with asyncio.timeout(60):
            assert (await _call(own_run, agent, _lead(1))).status == 503
        await holder.rollback()
    assert (await _call(own_run, agent, _lead(1))).status == 200


async def test_the_bound_ends_with_the_counting(ctx: Context, dialect: str) -> None:
    if dialect == "sqlite":
        pytest.skip("SQLite knows no such bound")
    agent = await _agent(ctx, Tier.FREE)
    await quotas.take(ctx, agent)
    assert await ctx.db.scalar(text("SHOW lock_timeout")) == "0"


async def test_what_was_done_under_a_key_that_another_took_over_does_not_stand(
    own_run: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request so slow that it was taken for dead must not have its effect twice."""
    async with own_run.context(SYSTEM) as ctx:
        agent = await _agent(ctx, Tier.FREE)
    action = gateway.ACTIONS[LEAD]

    async def slow(ctx: Context, params: Any) -> Any:
        result = await action.run(ctx, params)
        row = (await ctx.db.scalars(select(StoredAnswer))).one()
        row.created_at -= STALE
        row.id = type(row.id)(int=row.id.int + 1)  # as whoever takes it over does
        await ctx.db.flush()
        return result

    monkeypatch.setitem(gateway.ACTIONS, LEAD, replace(action, run=slow))
    reply = await _call(own_run, agent, _lead(1, idempotency_key="k"))
    assert (reply.status, reply.body["code"]) == (409, "CONFLICT")
    async with own_run.context(SYSTEM) as ctx:
        leads, used, (row,) = await _left(ctx, agent)
    assert (leads, used, row.is_billable) == (0, 7, False)


async def test_whose_budget_stops_calls_does_not_pass_uncounted(
    own_run: Runtime, dialect: str
) -> None:
    async with own_run.context(SYSTEM) as ctx:
        agent = await _agent(ctx, Tier.PAID)
        agent.budget_micros, agent.hard_stop = 5_000_000, True
        for statement in BREAK[dialect]:
            await ctx.db.execute(text(statement))
    reply = await _call(own_run, agent, _lead(1))
    assert (reply.status, reply.body["code"]) == (503, "UNAVAILABLE")
    async with own_run.context(SYSTEM) as ctx:
        assert (await _left(ctx, agent))[0] == 0
