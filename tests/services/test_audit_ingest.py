"""Calls of a runtime of its own: written down once, counted and charged once, whatever is sent again."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, func, select

from app.core.clock import FixedClock
from app.core.errors import ConflictError, ForbiddenError, InvalidInputError
from app.core.ids import new_id
from app.rules.gateway import CallerType, CallStatus
from app.rules.quota import Tier
from app.runtime import Runtime
from app.services import audit_ingest, billing_runs, call_usage, quotas, spend
from app.services.audit_ingest import AuditEvent
from app.services.context import SYSTEM, Actor, ActorKind, Context
from models.agent import Agent, AgentCall, CallCounter, IngestedCall
from models.invoice import Invoice
from tests.factories import as_agent, as_nobody, as_ops, as_vendor, make_agent, make_vendor
from tests.money_kit import NOVEMBER, mails, until, usd, work


def as_kernel(ctx: Context) -> Context:
    return replace(ctx, actor=Actor(ActorKind.KERNEL_TOKEN, str(new_id())))


async def agent_of(ctx: Context, email: str = "agent@example.com", *, paid: bool = True) -> Agent:
    agent = (await make_agent(ctx, email)).agent
    if paid:
        agent.tier, agent.upgraded_at = Tier.PAID, ctx.now() - dt.timedelta(days=3)
    await ctx.db.flush()
    return agent


def event(ctx: Context, agent: Agent, **more: Any) -> AuditEvent:
    given: dict[str, Any] = {
        "event_id": new_id().hex,
        "at": ctx.now(),
        "tenant_id": agent.tenant_id,
        "pack": "shop",
        "action": "domain.shop.orders.create",
        "actor_id": "agk_1234",
        "actor_type": CallerType.API_KEY,
        "request_hash": "0" * 64,
        "status": CallStatus.SUCCESS,
        "is_billable": True,
    }
    return AuditEvent(**given | more)


async def counter(ctx: Context, agent: Agent, period: str = "2026-11") -> tuple[int, int]:
    row = await ctx.db.get(CallCounter, (agent.tenant_id, period), populate_existing=True)
    return (row.used, row.charged) if row else (0, 0)


async def calls(ctx: Context) -> list[AgentCall]:
    return list(await ctx.db.scalars(select(AgentCall).order_by(col(AgentCall.seq))))


async def test_calls_are_counted_and_charged_like_our_own(ctx: Context) -> None:
    agent = await agent_of(ctx)
    done = await audit_ingest.store(
        as_kernel(ctx),
        [
            event(ctx, agent),
            event(ctx, agent, status=CallStatus.ERROR, error_code="INTERNAL_ERROR"),
            event(ctx, agent, is_billable=False),
            event(ctx, agent, is_dry_run=True),
            event(ctx, agent, at=agent.upgraded_at - dt.timedelta(microseconds=1)),
        ],
    )
    assert (done.accepted, done.duplicates) == (5, 0)
    assert await counter(ctx, agent) == (2, 1)
    assert [(row.is_billable, row.is_charged) for row in await calls(ctx)] == [
        (True, True), (False, False), (False, False), (False, False), (True, False),
    ]  # fmt: skip
    counted = await call_usage.count(ctx, [agent.tenant_id], NOVEMBER.start, NOVEMBER.end)
    assert (counted[agent.tenant_id].charged, counted[agent.tenant_id].billable) == (1, 2)


async def test_an_event_is_written_down_once_however_often_it_comes(ctx: Context) -> None:
    agent = await agent_of(ctx)
    one, two = event(ctx, agent), event(ctx, agent)
    kernel = as_kernel(ctx)
    await audit_ingest.store(kernel, [one])
    done = await audit_ingest.store(as_kernel(ctx), [two, one, two])
    assert (done.accepted, done.duplicates) == (3, 2)
    assert (len(await calls(ctx)), await counter(ctx, agent)) == (2, (2, 2))
    for other in (replace(one, status=CallStatus.ERROR), replace(one, request_hash="1" * 64)):
        with pytest.raises(ConflictError) as refused:
            async with ctx.db.begin_nested():
                await audit_ingest.store(kernel, [event(ctx, agent), other])
        assert refused.value.details["index"] == 1
    assert (len(await calls(ctx)), await counter(ctx, agent)) == (2, (2, 2))


async def test_two_batches_at_once_with_the_same_events_count_them_once(own_run: Runtime) -> None:
    async with own_run.context(SYSTEM) as ctx:
        agent = await agent_of(ctx)
        batch = [event(ctx, agent) for _ in range(30)]

    async def send(events: list[AuditEvent]) -> int:
        async with own_run.context(SYSTEM) as ctx:
            return (await audit_ingest.store(as_kernel(ctx), events)).duplicates

    doubled = await asyncio.gather(*(send(part) for part in (batch, batch[::-1], batch[10:])))
    assert sum(doubled) == 50
    async with own_run.context(SYSTEM) as ctx:
        assert await counter(ctx, agent) == (30, 30)
        assert len(await calls(ctx)) == 30


async def test_with_one_bad_event_none_is_kept(ctx: Context) -> None:
    agent, vendor = await agent_of(ctx), await make_vendor(ctx)
    good = event(ctx, agent)
    for bad, field in (
        (event(ctx, agent, at=ctx.now() - dt.timedelta(days=35, seconds=1)), "1.ts"),
        (event(ctx, agent, at=ctx.now() + dt.timedelta(minutes=5, seconds=1)), "1.ts"),
        (event(ctx, agent, tenant_id=new_id()), "1.tenant_id"),
        (event(ctx, agent, tenant_id=vendor.id), "1.tenant_id"),
    ):
        with pytest.raises(InvalidInputError) as refused:
            await audit_ingest.store(as_kernel(ctx), [good, bad])
        assert refused.value.fields[0][0] == field
        assert refused.value.details["index"] == 1
    assert await calls(ctx) == []
    assert await ctx.db.scalar(select(func.count()).select_from(IngestedCall)) == 0


async def test_secrets_are_hidden_again_before_anything_is_stored(ctx: Context) -> None:
    agent = await agent_of(ctx)
    secret = "agk_verysecret1234567"
    meta = {"resource_type": "order", "count": 1, "ids_created": [secret], "answer": "all of it"}
    await audit_ingest.store(
        as_kernel(ctx),
        [event(ctx, agent, status=CallStatus.ERROR, error=f"refused {secret} " + "x" * 900,
               actor_id=secret, idempotency_key=secret, result_meta=meta)],
    )  # fmt: skip
    (row,) = await calls(ctx)
    assert secret not in repr(row.model_dump())
    assert (len(row.error), "answer" in row.result_meta) == (500, False)


async def test_what_is_told_ahead_of_the_clock_counts_now(ctx: Context, clock: FixedClock) -> None:
    agent = await agent_of(ctx)
    until(clock, NOVEMBER.end - dt.timedelta(minutes=2))
    await audit_ingest.store(as_kernel(ctx), [event(ctx, agent, at=NOVEMBER.end)])
    assert (await calls(ctx))[0].at == ctx.now()
    assert await counter(ctx, agent) == (1, 1)


async def test_a_late_call_is_invoiced_once_with_the_month_in_which_it_came(
    ctx: Context, clock: FixedClock
) -> None:
    agent = await agent_of(ctx)
    kernel = as_kernel(ctx)
    early = [event(ctx, agent) for _ in range(600)]
    late = [event(ctx, agent) for _ in range(700)]
    await audit_ingest.store(kernel, early)
    until(clock, NOVEMBER.end)
    await billing_runs.start_run(ctx, "2026-11")
    await work(ctx)
    clock.advance(dt.timedelta(days=5))
    await audit_ingest.store(kernel, [*late, *early])
    free = event(ctx, agent, at=NOVEMBER.start)  # from before the upgrade
    await audit_ingest.store(kernel, [free])
    assert await counter(ctx, agent) == (601, 600)
    assert await counter(ctx, agent, "2026-12") == (700, 700)
    told = (await ctx.db.scalars(select(IngestedCall.occurred_at))).all()
    assert {one.month for one in told} == {11}
    until(clock, NOVEMBER.next.end)
    await billing_runs.start_run(ctx, "2026-12")
    await work(ctx)
    invoices = await ctx.db.scalars(select(Invoice).order_by(col(Invoice.period_start)))
    assert [one.total for one in invoices] == [usd("0.60"), usd("0.70")]


async def test_limits_and_budgets_count_what_they_cannot_stop_and_say_so(ctx: Context) -> None:
    free, paid = await agent_of(ctx, "a@example.com", paid=False), await agent_of(ctx)
    await spend.set_limits(as_agent(ctx, paid), usd("0.01"), hard_stop=True)
    await audit_ingest.store(
        as_kernel(ctx), [event(ctx, one) for one in (free, paid) for _ in range(120)]
    )
    assert (await quotas.current(ctx, free)).remaining == 0
    assert (await spend.show(as_agent(ctx, paid))).is_stopped
    assert [one.payload["percent"] for one in await mails(ctx, "spend_alert")] == [100]
    assert len(await mails(ctx, "free_calls_used")) == 1


async def test_only_runtimes_tell_of_calls(ctx: Context) -> None:
    agent = await agent_of(ctx)
    for other in (as_nobody(ctx), as_ops(ctx), as_agent(ctx, agent), ctx,
                  as_vendor(ctx, await make_vendor(ctx))):  # fmt: skip
        with pytest.raises(ForbiddenError):
            await audit_ingest.store(other, [event(ctx, agent)])


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(batches=st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=8), max_size=6))
async def test_in_whatever_batches_events_come_each_counts_once(
    ctx: Context, batches: list[list[int]]
) -> None:
    ctx.settings.limit_onboard = ctx.settings.limit_onboard_domain = "1000/hour"
    agent = await agent_of(ctx, f"{new_id()}@example.com")
    pool = [event(ctx, agent) for _ in range(10)]
    kernel, seen = as_kernel(ctx), set[int]()
    for batch in batches:
        done = await audit_ingest.store(kernel, [pool[one] for one in batch])
        assert done.duplicates == len(batch) - len(set(batch) - seen)
        seen |= set(batch)
    assert await counter(ctx, agent) == (len(seen), len(seen))
    rows = select(func.count()).where(col(AgentCall.tenant_id) == agent.tenant_id)
    assert await ctx.db.scalar(rows) == len(seen)
    assert isinstance(agent.tenant_id, UUID)
