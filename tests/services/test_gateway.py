"""The gateway: limits before the action, everything written down, nothing charged that did not succeed."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import pytest
from sqlmodel import col, func, select

from app.core.clock import FixedClock
from app.rules.gateway import CallStatus, Scope
from app.rules.quota import FREE_CALLS, WARN_FROM, Tier
from app.rules.statuses import TenantStatus
from app.runtime import Runtime
from app.services import gateway, quotas
from app.services.actions import ACTIONS
from app.services.context import SYSTEM, Context
from app.services.gateway import Call, Reply
from models.agent import AgentCall, CallCounter
from models.lead import Lead, LeadQuestion
from models.tenant import Tenant
from tests.factories import as_agent, make_agent

PACK = "domain.leadscoring"


def lead(number: int = 1, **more: Any) -> Call:
    params = {"external_id": f"L-{number}", "answers": {"budget": number}}
    return Call(f"{PACK}.leads.create", params, **more)


async def calls(ctx: Context) -> list[AgentCall]:
    await ctx.db.flush()
    return list(await ctx.db.scalars(select(AgentCall).order_by(col(AgentCall.id))))


async def use_up(ctx: Context, made: Any, used: int) -> None:
    period = ctx.now().strftime("%Y-%m")
    ctx.db.add(CallCounter(tenant_id=made.agent.tenant_id, period=period, used=used))
    await ctx.db.flush()


async def test_an_action_runs_and_is_written_down(ctx: Context) -> None:
    made = await make_agent(ctx)
    me = as_agent(ctx, made.agent)
    reply = await gateway.run(me, lead())
    assert (reply.status, reply.body["ok"]) == (200, True)
    (row,) = await calls(ctx)
    assert (row.status, row.is_billable, row.unit) == (CallStatus.SUCCESS, True, "call")
    assert row.actor_id == me.actor.id
    assert row.result_meta["count"] == 1
    assert len(row.request_hash) == 64
    assert (await quotas.current(ctx, made.agent)).used == 1


async def test_what_is_free_stays_free(ctx: Context) -> None:
    made = await make_agent(ctx)
    me = as_agent(ctx, made.agent)
    for name in ("meta.actions", "meta.version", f"{PACK}.questions.list", f"{PACK}.models.list"):
        assert (await gateway.run(me, Call(name))).status == 200
    assert (await quotas.current(ctx, made.agent)).used == 0
    assert {row.is_billable for row in await calls(ctx)} == {False}


def test_every_action_says_whether_it_is_charged_for_and_in_what() -> None:
    for name, one in ACTIONS.items():
        assert one.definition.description, name
        assert one.definition.is_billable is (one.definition.unit is not None), name
        assert one.definition.params_schema["type"] == "object"
        if not one.definition.is_billable:
            assert one.definition.scope is Scope.READ, name


async def test_the_call_after_the_last_free_one_does_not_run(ctx: Context) -> None:
    made = await make_agent(ctx)
    me = as_agent(ctx, made.agent)
    await use_up(ctx, made, FREE_CALLS - 1)
    last = await gateway.run(me, lead(1))
    assert last.body["warning"]["calls_remaining"] == 0
    stopped = await gateway.run(me, lead(2))
    assert (stopped.status, stopped.body["code"]) == (402, "UPGRADE_REQUIRED")
    assert stopped.body["usage"] == {"calls_used": 100, "calls_limit": 100, "tier": "free"}
    assert "/v1/upgrade/" in stopped.body["upgrade_url"]
    assert await ctx.db.scalar(select(func.count()).select_from(Lead)) == 1
    assert [row.status for row in await calls(ctx)] == [CallStatus.SUCCESS, CallStatus.DENIED]
    assert (await gateway.run(me, Call("meta.actions"))).status == 200


@pytest.mark.parametrize(("used", "warns"), [(WARN_FROM - 2, False), (WARN_FROM - 1, True)])
async def test_it_warns_from_the_ninetieth_call(ctx: Context, used: int, warns: bool) -> None:
    made = await make_agent(ctx)
    await use_up(ctx, made, used)
    reply = await gateway.run(as_agent(ctx, made.agent), lead())
    assert ("warning" in reply.body) is warns


async def test_a_new_month_has_its_own_calls(ctx: Context, clock: FixedClock) -> None:
    made = await make_agent(ctx)
    await use_up(ctx, made, FREE_CALLS)
    me = as_agent(ctx, made.agent)
    clock.advance(dt.datetime(2026, 11, 30, 23, 59, 59, 999_999, tzinfo=dt.UTC) - clock.now())
    assert (await gateway.run(me, lead())).status == 402
    clock.advance(dt.timedelta(microseconds=1))
    assert (await gateway.run(me, lead())).status == 200


async def test_a_paid_agent_has_no_limit(ctx: Context) -> None:
    made = await make_agent(ctx)
    await use_up(ctx, made, 5_000)
    made.agent.tier = Tier.PAID
    reply = await gateway.run(as_agent(ctx, made.agent), lead())
    assert (reply.status, "warning" in reply.body) == (200, False)


async def test_of_two_hundred_at_once_exactly_a_hundred_run(own_run: Runtime) -> None:
    """Check-then-act would let parallel calls pass the limit."""
    async with own_run.context(SYSTEM) as ctx:
        made = await make_agent(ctx)

    async def one(number: int) -> Reply:
        async with own_run.context(SYSTEM) as ctx:
            return await gateway.run(as_agent(ctx, made.agent), lead(number))

    replies = await asyncio.gather(*(one(number) for number in range(200)))
    statuses = [reply.status for reply in replies]
    assert (statuses.count(200), statuses.count(402)) == (100, 100)
    async with own_run.context(SYSTEM) as ctx:
        assert await ctx.db.scalar(select(func.count()).select_from(Lead)) == 100
        assert (await quotas.current(ctx, made.agent)).used == 100
        rows = await calls(ctx)
        assert sum(row.is_billable for row in rows) == 100
        assert len(rows) == 200


async def test_what_fails_takes_no_call_and_leaves_nothing(ctx: Context) -> None:
    made = await make_agent(ctx)
    me = as_agent(ctx, made.agent)
    rules = [{"key": "r", "question": "none", "operator": "equals", "value": 1, "points": 5}]
    await gateway.run(me, Call(f"{PACK}.models.create", {"key": "fit", "name": "Fit"}))
    failed = await gateway.run(
        me, Call(f"{PACK}.rules.upsert_bulk", {"model": "fit", "rules": rules})
    )
    assert (failed.status, failed.body["code"]) == (400, "VALIDATION_ERROR")
    again = await gateway.run(me, Call(f"{PACK}.models.create", {"key": "fit", "name": "Fit"}))
    assert (again.status, again.body["code"]) == (409, "CONFLICT")
    await ctx.db.refresh(made.agent)
    assert (await quotas.current(ctx, made.agent)).used == 1
    rows = await calls(ctx)
    assert [(row.status, row.is_billable) for row in rows] == [
        (CallStatus.SUCCESS, True),
        (CallStatus.ERROR, False),
        (CallStatus.ERROR, False),
    ]


@pytest.mark.parametrize(
    ("call", "status", "code", "stored"),
    [
        (Call("no.such.action"), 404, "NOT_FOUND", CallStatus.DENIED),
        (Call(f"{PACK}.leads.create", {"answers": {}}), 400, "VALIDATION_ERROR", CallStatus.ERROR),
        (Call("meta.version", {"extra": 1}), 400, "VALIDATION_ERROR", CallStatus.ERROR),
        (Call(f"{PACK}.scores.recompute", {"model": "x"}, is_dry_run=True), 400, "VALIDATION_ERROR",
         CallStatus.ERROR),
    ],
)  # fmt: skip
async def test_a_refusal_is_an_answer_and_written_down(
    ctx: Context, call: Call, status: int, code: str, stored: CallStatus
) -> None:
    made = await make_agent(ctx)
    reply = await gateway.run(as_agent(ctx, made.agent), call)
    assert (reply.status, reply.body["ok"], reply.body["code"]) == (status, False, code)
    (row,) = await calls(ctx)
    assert (row.status, row.error_code, row.is_billable) == (stored, code, False)


async def test_scopes_are_denied_by_default(ctx: Context) -> None:
    made = await make_agent(ctx)
    reply = await gateway.run(as_agent(ctx, made.agent, Scope.READ), lead())
    assert (reply.status, reply.body["code"]) == (403, "SCOPE_DENIED")


async def test_a_suspended_agent_is_refused(ctx: Context) -> None:
    made = await make_agent(ctx)
    tenant = await ctx.db.get_one(Tenant, made.agent.tenant_id)
    tenant.status = TenantStatus.SUSPENDED
    reply = await gateway.run(as_agent(ctx, made.agent), lead())
    assert (reply.status, reply.body["code"]) == (403, "AUTHORIZATION_ERROR")


async def test_a_dry_run_tells_and_keeps_nothing(ctx: Context) -> None:
    made = await make_agent(ctx)
    me = as_agent(ctx, made.agent)
    questions = {"questions": [{"key": "budget", "text": "How much?"}]}
    reply = await gateway.run(me, Call(f"{PACK}.questions.upsert_bulk", questions, is_dry_run=True))
    assert reply.body["dry_run"] is True
    assert reply.body["data"]["creates"] == [{"type": "question", "key": "budget"}]
    assert await ctx.db.scalar(select(func.count()).select_from(LeadQuestion)) == 0
    (row,) = await calls(ctx)
    assert (row.is_dry_run, row.is_billable) == (True, False)
    assert (await quotas.current(ctx, made.agent)).used == 0


async def test_the_same_key_does_the_same_action_once_and_a_replay_is_not_charged(
    ctx: Context,
) -> None:
    made = await make_agent(ctx)
    me = as_agent(ctx, made.agent)
    first = await gateway.run(me, lead(1, idempotency_key="k1"))
    second = await gateway.run(me, lead(1, idempotency_key="k1"))
    assert second.body["code"] == "IDEMPOTENT_REPLAY"
    assert second.body["data"] == first.body["data"]
    other = await gateway.run(me, lead(2, idempotency_key="k1"))
    assert (other.status, other.body["code"]) == (409, "CONFLICT")
    assert (await quotas.current(ctx, made.agent)).used == 1
    rows = await calls(ctx)
    assert [(row.is_billable, row.is_replay) for row in rows] == [
        (True, False),
        (False, True),
        (False, False),
    ]


async def test_a_key_whose_call_was_refused_may_be_used_again(ctx: Context) -> None:
    made = await make_agent(ctx)
    me = as_agent(ctx, made.agent)
    await use_up(ctx, made, FREE_CALLS)
    assert (await gateway.run(me, lead(1, idempotency_key="k1"))).status == 402
    made.agent.tier = Tier.PAID
    assert (await gateway.run(me, lead(1, idempotency_key="k1"))).status == 200
