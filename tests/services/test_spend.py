"""Budgets of agents: told of on the way, stopping exactly where the money ends, in force at once."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, func, select

from app.core.clock import FixedClock
from app.core.errors import ForbiddenError, InvalidInputError
from app.core.ids import new_id
from app.rules import spending
from app.rules.gateway import CallStatus, Scope
from app.rules.periods import BillingMonth
from app.rules.quota import PRICE, Tier
from app.runtime import Runtime
from app.services import credentials, gateway, quotas, spend
from app.services.context import SYSTEM, Context
from app.services.gateway import Call, Reply
from models.agent import Agent, AgentCall, CallCounter
from models.audit import AuditEvent
from models.lead import Lead
from tests.factories import as_agent, as_nobody, as_vendor, make_agent, make_vendor
from tests.money_kit import mails, until, usd
from tests.services.test_gateway import PACK, lead, use_up


async def paid(ctx: Context, email: str = "agent@example.com") -> Agent:
    made = await make_agent(ctx, email)
    made.agent.tier = Tier.PAID
    await ctx.db.flush()
    return made.agent


async def spent(me: Context, charged: int) -> None:
    """Have so many calls of the running month be charged already."""
    counter = await me.db.get_one(CallCounter, (me.tenant_id, "2026-11"), populate_existing=True)
    counter.used = counter.charged = charged
    await me.db.flush()


async def alerts(ctx: Context, template: str = "spend_alert") -> list[str]:
    return [mail.business_key.rpartition("/")[2] for mail in await mails(ctx, template)]


async def test_a_budget_stops_the_call_that_it_does_not_pay_for(ctx: Context) -> None:
    agent = await paid(ctx)
    me = as_agent(ctx, agent)
    await spend.set_limits(me, usd("0.01"), hard_stop=True)
    for number in range(10):
        assert (await gateway.run(me, lead(number))).status == 200
    stopped = await gateway.run(me, lead(10))
    assert (stopped.status, stopped.body["code"]) == (403, "CEILING_EXCEEDED")
    said = stopped.body["error"]
    assert "0.01 USD" in said
    assert "It was set by a key on 2026-11-20" in said
    assert "PUT /api/spend-limits" in said
    assert "2026-12-01" in said
    assert stopped.body["usage"] == {
        "budget": "0.01", "currency": "USD", "period_end": "2026-12-01T00:00:00Z"
    }  # fmt: skip
    assert await ctx.db.scalar(select(func.count()).select_from(Lead)) == 10
    await ctx.db.flush()
    last = (await ctx.db.scalars(select(AgentCall).order_by(col(AgentCall.id).desc()))).first()
    assert last is not None
    assert (last.status, last.is_charged, last.error_code) == (
        CallStatus.DENIED, False, "CEILING_EXCEEDED",
    )  # fmt: skip
    assert (await gateway.run(me, Call("meta.actions"))).status == 200, "what is free goes on"
    assert (await spend.show(me)).is_stopped


async def test_the_sentence_names_the_key_that_set_it(ctx: Context) -> None:
    agent = await paid(ctx)
    (key,) = await credentials.list_tokens(as_agent(ctx, agent), credentials.AGENT)
    me = as_agent(ctx, agent)
    object.__setattr__(me.actor, "id", str(key.id))
    limits = await spend.set_limits(me, usd("5"), hard_stop=True)
    assert limits.set_by == f"the key {key.prefix}… (First key)"


async def test_of_two_hundred_at_once_exactly_as_many_run_as_the_budget_pays(
    own_run: Runtime,
) -> None:
    async with own_run.context(SYSTEM) as ctx:
        agent = await paid(ctx)
        await spend.set_limits(as_agent(ctx, agent), usd("0.07"), hard_stop=True)

    async def one(number: int) -> Reply:
        async with own_run.context(SYSTEM) as ctx:
            return await gateway.run(as_agent(ctx, agent), lead(number))

    replies = await asyncio.gather(*(one(number) for number in range(200)))
    statuses = [reply.status for reply in replies]
    assert (statuses.count(200), statuses.count(403)) == (70, 130)
    async with own_run.context(SYSTEM) as ctx:
        charged = select(func.count()).where(col(AgentCall.is_charged))
        assert await ctx.db.scalar(charged) == 70
        assert (await spend.show(as_agent(ctx, agent))).spent == usd("0.07")
        assert await alerts(ctx) == ["50", "80", "100"]


@pytest.mark.parametrize("hard_stop", [False, True])
async def test_each_part_of_a_budget_is_told_of_once_by_the_call_that_comes_to_it(
    ctx: Context, hard_stop: bool
) -> None:
    agent = await paid(ctx)
    me = as_agent(ctx, agent)
    await spend.set_limits(me, usd("0.10"), hard_stop=hard_stop)
    for before, told in ((48, []), (49, ["50"]), (78, ["50"]), (79, ["50", "80"]),
                         (99, ["50", "80", "100"])):  # fmt: skip
        await spent(me, before)
        assert (await gateway.run(me, lead(before))).status == 200
        assert await alerts(ctx) == told
    last = (await mails(ctx, "spend_alert"))[-1]
    assert (last.recipient, last.payload["spent"]) == ("agent@example.com", "0.10 USD")
    said = last.payload["consequence"]["phrase"]
    assert said == ("spend.stopped" if hard_stop else "spend.open")
    assert (await gateway.run(me, lead(500))).status == (403 if hard_stop else 200)


async def test_a_call_that_fails_tells_nobody_and_spends_nothing(ctx: Context) -> None:
    agent = await paid(ctx)
    me = as_agent(ctx, agent)
    await spend.set_limits(me, usd("0.10"), hard_stop=True)
    await spent(me, 49)
    failing = {"model": "none", "rules": [
        {"key": "r", "question": "none", "operator": "equals", "value": 1, "points": 5}]}  # fmt: skip
    assert (await gateway.run(me, Call(f"{PACK}.rules.upsert_bulk", failing))).status >= 400
    assert await alerts(ctx) == []
    assert (await spend.show(me)).charged == 49


async def test_a_changed_budget_is_in_force_at_once_and_told_of_what_is_spent_already(
    ctx: Context,
) -> None:
    agent = await paid(ctx)
    me = as_agent(ctx, agent)
    for number in range(10):
        await gateway.run(me, lead(number))
    assert await alerts(ctx) == []
    limits = await spend.set_limits(me, usd("0.01"), hard_stop=True)
    assert limits.is_stopped
    assert await alerts(ctx) == ["100"]
    assert (await gateway.run(me, lead(10))).status == 403
    limits = await spend.set_limits(me, usd("0.02"), hard_stop=True)
    assert (limits.is_stopped, limits.remaining) == (False, usd("0.01"))
    assert await alerts(ctx) == ["100", "50"]
    assert (await gateway.run(me, lead(10))).status == 200
    await spend.set_limits(me, usd("0.02"), hard_stop=False)
    await spent(me, 20)
    assert (await gateway.run(me, lead(11))).status == 200
    limits = await spend.set_limits(me, None, hard_stop=False)
    assert (limits.budget, limits.remaining, limits.alerts) == (None, None, [])
    assert (await gateway.run(me, lead(12))).status == 200
    kinds = await ctx.db.scalars(
        select(AuditEvent.body).where(col(AuditEvent.kind) == "agent.budget_set")
    )
    assert [body["budget"] for body in kinds] == ["0.01 USD", "0.02 USD", "0.02 USD", None]


async def test_a_budget_begins_anew_with_the_month(ctx: Context, clock: FixedClock) -> None:
    agent = await paid(ctx)
    me = as_agent(ctx, agent)
    await spend.set_limits(me, usd("0.01"), hard_stop=True)
    await spent(me, 10)
    until(clock, dt.datetime(2026, 11, 30, 23, 59, 59, 999_999, tzinfo=dt.UTC))
    assert (await gateway.run(me, lead(1))).status == 403
    clock.advance(dt.timedelta(microseconds=1))
    for number in range(10):
        assert (await gateway.run(me, lead(number + 2))).status == 200
    assert (await gateway.run(me, lead(20))).status == 403
    assert await alerts(ctx) == ["50", "80", "100"]


async def test_a_budget_is_nothing_to_who_has_free_calls(ctx: Context) -> None:
    made = await make_agent(ctx)
    me = as_agent(ctx, made.agent)
    await spend.set_limits(me, usd("0.01"), hard_stop=True)
    await use_up_to(me, 50)
    assert (await gateway.run(me, lead(1))).status == 200
    assert (await spend.show(me)).charged == 0


async def use_up_to(me: Context, used: int) -> None:
    counter = await me.db.get_one(CallCounter, (me.tenant_id, "2026-11"), populate_existing=True)
    counter.used = used
    await me.db.flush()


async def test_who_has_free_calls_is_told_near_their_end_and_at_it(ctx: Context) -> None:
    made = await make_agent(ctx)
    me = as_agent(ctx, made.agent)
    await use_up(ctx, made, 78)
    for used, told in ((78, []), (79, ["80"]), (80, ["80"]), (99, ["80", "100"])):
        await use_up_to(me, used)
        await gateway.run(me, lead(used))
        assert await alerts(ctx, "free_calls_used") == told
    (_, last) = await mails(ctx, "free_calls_used")
    assert last.payload["url"].startswith("/v1/upgrade/")


async def test_free_calls_that_operations_added_count_in_the_month(ctx: Context) -> None:
    made = await make_agent(ctx)
    me = as_agent(ctx, made.agent)
    await use_up(ctx, made, 100)
    assert (await gateway.run(me, lead(1))).status == 402
    counter = await ctx.db.get_one(CallCounter, (me.tenant_id, "2026-11"), populate_existing=True)
    counter.granted = 1
    await ctx.db.flush()
    last = await gateway.run(me, lead(1))
    assert (last.status, last.body["warning"]["calls_remaining"]) == (200, 0)
    stopped = await gateway.run(me, lead(2))
    assert stopped.body["usage"] == {"calls_used": 101, "calls_limit": 101, "tier": "free"}


@pytest.mark.parametrize(
    ("scopes", "may"),
    [((Scope.GOVERNANCE,), True), ((Scope.IAM,), True), ((Scope.READ, Scope.DOMAIN), False)],
)
async def test_only_keys_that_govern_set_a_budget(
    ctx: Context, scopes: tuple[Scope, ...], may: bool
) -> None:
    agent = await paid(ctx)
    me = as_agent(ctx, agent, *scopes)
    if may:
        assert (await spend.set_limits(me, usd("1"), hard_stop=True)).budget == usd("1")
        return
    with pytest.raises(ForbiddenError) as refused:
        await spend.set_limits(me, usd("1"), hard_stop=True)
    assert refused.value.reason == "scope_denied"
    assert (await spend.show(me)).budget is None


async def test_strangers_and_vendors_have_no_budget(ctx: Context) -> None:
    vendor = await make_vendor(ctx)
    for other in (as_nobody(ctx), as_vendor(ctx, vendor), ctx):
        with pytest.raises(ForbiddenError):
            await spend.show(other)
        with pytest.raises(ForbiddenError):
            await spend.set_limits(other, usd("1"), hard_stop=False)


async def test_a_stop_without_a_budget_is_refused(ctx: Context) -> None:
    me = as_agent(ctx, await paid(ctx))
    with pytest.raises(InvalidInputError) as refused:
        await spend.set_limits(me, None, hard_stop=True)
    assert refused.value.fields[0][0] == "hard_stop"


ACTS = st.lists(
    st.one_of(
        st.just("call"),
        st.just("call"),
        st.just("fail"),
        st.tuples(st.integers(1, 3), st.booleans()),
        st.none(),
    ),
    max_size=45,
)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(acts=ACTS)
async def test_whatever_happens_no_more_is_spent_than_allowed_and_each_part_told_once(
    ctx: Context, acts: list[str | tuple[int, bool] | None]
) -> None:
    """Calls, failures and budgets in any order; the counter always says what the rows say."""
    ctx.settings.limit_onboard = ctx.settings.limit_onboard_domain = "1000/hour"
    agent = await paid(ctx, f"{new_id()}@example.com")
    me = as_agent(ctx, agent)
    budget, hard_stop, charged = None, False, 0
    for number, act in enumerate(acts):
        if act == "call":
            stops = hard_stop and budget is not None
            room = not stops or PRICE.times(charged + 1) <= budget  # type: ignore[operator]
            reply = await gateway.run(me, lead(number))
            assert reply.status == (200 if room else 403)
            charged += room
        elif act == "fail":
            await gateway.run(me, Call(f"{PACK}.leads.create", {}))
        elif isinstance(act, tuple):
            budget, hard_stop = usd(f"0.0{act[0]}"), act[1]
            await spend.set_limits(me, budget, hard_stop=hard_stop)
        else:
            budget, hard_stop = None, False
            await spend.set_limits(me, None, hard_stop=False)
    await ctx.db.flush()
    agent = await ctx.db.get_one(Agent, me.tenant_id, populate_existing=True)
    counted = await quotas.counter_of(ctx, agent, BillingMonth(2026, 11))
    rows = select(func.count()).where(
        col(AgentCall.is_charged), col(AgentCall.tenant_id) == agent.tenant_id
    )
    assert counted.charged == charged == await ctx.db.scalar(rows)
    sent = [one for one in await mails(ctx, "spend_alert") if one.tenant_id == agent.tenant_id]
    told = [one.payload["percent"] for one in sent]
    assert len(told) == len(set(told))
    if budget is not None:
        highest = spending.reached(charged, spending.calls_paid_by(budget), spending.ALERTS)
        assert highest is None or highest in told
