"""Agents as operations see them: found, counted, given calls with a reason, and never their secrets."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlmodel import col, select

from app.core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from app.rules.gateway import CallStatus
from app.rules.quota import FREE_CALLS, Tier
from app.services import (
    credentials,
    finding,
    gateway,
    ops_agents,
    ops_overview,
    ops_tenants,
    ops_usage,
    spend,
)
from app.services.context import Context
from app.services.gateway import Call
from app.services.ops_lists import Search
from models.agent import Agent, AgentCall
from models.audit import AuditEvent
from models.credential import Credential
from models.person import Role
from models.tenant import Tenant
from tests.factories import as_agent, as_ops, as_vendor, make_agent, make_vendor
from tests.money_kit import mails, usd
from tests.services.test_gateway import PACK, lead, use_up


async def made(ctx: Context, email: str, *, paid: bool = False, organisation: str = "") -> Context:
    """Onboard an agent; the context of its key."""
    agent = (await make_agent(ctx, email)).agent
    agent.tier, agent.organisation = Tier.PAID if paid else Tier.FREE, organisation
    agent.agent_id = email.partition("@")[0]
    await ctx.db.flush()
    return as_agent(ctx, agent)


async def found(ctx: Context, **search: Any) -> list[str]:
    page = await ops_tenants.TENANTS.page(as_ops(ctx, Role.OPS_VIEWER), Search(**search))
    assert page.total == len(page.rows)
    return sorted(line.tenant.email for line in page.rows)


async def used(ctx: Context, **search: Any) -> list[ops_usage.UsageLine]:
    page = await ops_usage.USAGE.page(as_ops(ctx, Role.OPS_VIEWER), Search(**search))
    return list(page.rows)


async def test_customers_are_narrowed_down_by_programme_and_found_by_agent(ctx: Context) -> None:
    await make_vendor(ctx, email="toys@example.com")
    me = await made(ctx, "scout@example.com")
    assert await found(ctx) == ["scout@example.com", "toys@example.com"]
    assert await found(ctx, programme="agent") == ["scout@example.com"]
    assert await found(ctx, programme="vendor") == ["toys@example.com"]
    assert await found(ctx, q="SCOUT") == await found(ctx, q=str(me.tenant_id))
    with pytest.raises(InvalidInputError, match="programme"):
        await found(ctx, programme="ops")
    await gateway.run(me, lead())
    (line,) = (await ops_tenants.TENANTS.page(as_ops(ctx), Search(programme="agent"))).rows
    assert (line.calls, line.devices) == (1, 0)


async def test_the_palette_finds_agents_by_name_address_and_id(ctx: Context) -> None:
    me = await made(ctx, "scout@example.com")
    for text in ("scout", "scout@example", str(me.tenant_id)):
        assert [one.id for one in await finding.find_any(as_ops(ctx), text)] == [me.tenant_id]


async def test_an_agent_is_never_stuck_on_its_way_to_a_device(ctx: Context) -> None:
    me = await made(ctx, "scout@example.com")
    tenant = await ctx.db.get_one(Tenant, me.tenant_id)
    tenant.created_at = ctx.now() - dt.timedelta(days=30)
    await ctx.db.flush()
    assert await found(ctx, status="stuck") == []
    assert (await ops_overview.attention(as_ops(ctx))).stuck_tenants == 0


async def test_the_overview_counts_agents_apart_and_what_they_owe(ctx: Context) -> None:
    await make_vendor(ctx)
    free, paid = await made(ctx, "a@example.com"), await made(ctx, "b@example.com", paid=True)
    for number in range(3):
        await gateway.run(paid, lead(number))
    await gateway.run(free, lead())
    pulse = await ops_overview.pulse(as_ops(ctx))
    assert (pulse.active_vendors, pulse.active_agents, pulse.paying_agents) == (1, 2, 1)
    assert (pulse.calls, pulse.estimate) == (4, (usd("0.003"),))


async def test_an_agents_page_says_its_month_and_no_secret(ctx: Context) -> None:
    me = await made(ctx, "scout@example.com", paid=True)
    await spend.set_limits(me, usd("5"), hard_stop=True)
    await gateway.run(me, lead())
    await gateway.run(me, Call("meta.version"))
    await gateway.run(me, Call("nothing.there"))
    detail = await ops_agents.get(as_ops(ctx, Role.OPS_VIEWER), me.tenant_id)
    assert detail is not None
    assert (detail.quota.used, detail.limits.budget, detail.limits.charged) == (1, usd("5"), 1)
    assert {(one.action, one.calls, one.successful, one.charged) for one in detail.actions} == {
        (f"{PACK}.leads.create", 1, 1, 1), ("meta.version", 1, 1, 0), ("", 1, 0, 0),
    }  # fmt: skip
    whole = await ops_tenants.get(as_ops(ctx), me.tenant_id)
    assert [one.label for one in whole.tokens] == ["First key"]
    assert await ops_agents.get(as_ops(ctx), (await make_vendor(ctx)).id) is None


async def test_an_agents_calls_are_listed_filtered_and_of_one_agent_only(ctx: Context) -> None:
    me, other = await made(ctx, "a@example.com"), await made(ctx, "b@example.com")
    for key in (me, other):
        await gateway.run(key, lead())
        await gateway.run(key, Call("nothing.there"))

    async def listed(**search: Any) -> list[AgentCall]:
        of = Search(tenant_id=me.tenant_id, **search)
        return list((await ops_agents.CALLS.page(as_ops(ctx), of)).rows)

    assert {one.tenant_id for one in await listed()} == {me.tenant_id}
    assert [one.action for one in await listed(status="denied")] == ["nothing.there"]
    assert [one.status for one in await listed(q="leads.create")] == [CallStatus.SUCCESS]


async def test_free_calls_are_added_to_one_month_with_a_reason(ctx: Context) -> None:
    made_here = await make_agent(ctx)
    me, operator = as_agent(ctx, made_here.agent), as_ops(ctx, Role.OPS_OPERATOR)
    await use_up(ctx, made_here, FREE_CALLS)
    assert (await gateway.run(me, lead(1))).status == 402
    assert await ops_agents.grant(operator, me.tenant_id, 2, reason="Our outage") == 2
    assert [(await gateway.run(me, lead(number))).status for number in range(3)] == [200, 200, 402]
    assert await ops_agents.grant(operator, me.tenant_id, 1, reason="Again") == 3
    await ctx.db.flush()
    rows = await ctx.db.scalars(
        select(AuditEvent.body).where(col(AuditEvent.kind) == "ops.calls_granted")
    )
    assert next(iter(rows)) == {"calls": 2, "month": "2026-11", "reason": "Our outage"}
    for calls in (0, -1, 10_000):
        with pytest.raises(InvalidInputError, match="calls"):
            await ops_agents.grant(operator, me.tenant_id, calls, reason="x")
    with pytest.raises(InvalidInputError, match="reason"):
        await ops_agents.grant(operator, me.tenant_id, 1, reason=" ")


async def test_who_pays_by_the_call_needs_no_calls_added(ctx: Context) -> None:
    me = await made(ctx, "a@example.com", paid=True)
    with pytest.raises(ConflictError) as refused:
        await ops_agents.grant(as_ops(ctx), me.tenant_id, 1, reason="x")
    assert refused.value.reason == "pays_by_the_call"


async def test_a_key_is_revoked_once_and_its_owner_told(ctx: Context) -> None:
    me, other = await made(ctx, "a@example.com"), await made(ctx, "b@example.com")
    operator = as_ops(ctx, Role.OPS_OPERATOR)
    (key,) = await credentials.list_tokens(me, credentials.AGENT)
    with pytest.raises(NotFoundError):  # not a key of that one
        await ops_agents.revoke_key(operator, other.tenant_id, key.id, reason="Leaked")
    await ops_agents.revoke_key(operator, me.tenant_id, key.id, reason="Leaked")
    assert (await ctx.db.get_one(Credential, key.id)).revoked_at == ctx.now()
    assert [one.recipient for one in await mails(ctx, "key_revoked")] == ["a@example.com"]
    with pytest.raises(ConflictError):
        await ops_agents.revoke_key(operator, me.tenant_id, key.id, reason="Leaked")
    vendor = await make_vendor(ctx)
    token = (await credentials.issue(as_vendor(ctx, vendor), "servers")).row
    with pytest.raises(NotFoundError):  # a vendor's token is no agent's key
        await ops_agents.revoke_key(operator, vendor.id, token.id, reason="x")


async def test_a_suspended_agent_is_told_so_in_its_own_words(ctx: Context) -> None:
    me = await made(ctx, "a@example.com")
    await ops_tenants.suspend(as_ops(ctx), me.tenant_id, reason="Calls in a loop")
    assert (await gateway.run(me, lead())).status == 403
    await ops_tenants.resume(as_ops(ctx), me.tenant_id, reason="Mended")
    assert (await gateway.run(me, lead())).status == 200
    assert len(await mails(ctx, "agent_suspended")) == len(await mails(ctx, "agent_resumed")) == 1
    assert await mails(ctx, "tenant_suspended") == []


async def test_usage_says_who_called_most_is_near_was_refused_or_fails(ctx: Context) -> None:
    busy = await made(ctx, "busy@example.com", paid=True)
    near = await make_agent(ctx, "near@example.com")
    quiet = await made(ctx, "quiet@example.com")
    for number in range(3):
        await gateway.run(busy, lead(number))
    await gateway.run(busy, Call(f"{PACK}.leads.create", {}))
    await use_up(ctx, near, 99)
    me = as_agent(ctx, near.agent)
    await gateway.run(me, lead(1))
    await gateway.run(me, lead(2))
    await gateway.run(quiet, Call("meta.version"))
    lines = await used(ctx)
    assert [(one.agent.email, one.calls, one.refused, one.failed) for one in lines] == [
        ("busy@example.com", 4, 0, 1), ("near@example.com", 2, 1, 0), ("quiet@example.com", 1, 0, 0),
    ]  # fmt: skip
    assert (lines[0].charged, lines[0].cost, lines[0].limit) == (3, usd("0.003"), None)
    assert [one.is_near for one in lines] == [False, True, False]
    for status, who in (("near", "near"), ("refused", "near"), ("failing", "busy")):
        assert [one.agent.email for one in await used(ctx, status=status)] == [f"{who}@example.com"]
    assert (
        next(one.agent.email for one in await used(ctx, sort="calls", q="E")) == "quiet@example.com"
    )
    assert await used(ctx, month="2026-10") == []
    with pytest.raises(InvalidInputError, match="month"):
        await used(ctx, month="soon")


async def test_a_budget_that_is_nearly_spent_is_near(ctx: Context) -> None:
    me = await made(ctx, "a@example.com", paid=True)
    await spend.set_limits(me, usd("0.01"), hard_stop=False)
    for number in range(7):
        await gateway.run(me, lead(number))
    assert await used(ctx, status="near") == []
    await gateway.run(me, lead(8))
    (line,) = await used(ctx, status="near")
    assert (line.is_near, line.budget_calls) == (True, 10)


async def test_an_organisation_is_the_sum_of_its_agents(ctx: Context) -> None:
    for email, organisation, count in (
        ("a@example.com", "Acme", 2), ("b@example.com", "Acme", 1), ("c@example.com", "", 1),
    ):  # fmt: skip
        me = await made(ctx, email, paid=True, organisation=organisation)
        for number in range(count):
            await gateway.run(me, lead(number))
    page = await ops_usage.ORGANISATIONS.page(as_ops(ctx), Search())
    assert page.total == 2
    assert [(one.organisation, one.tenants, one.calls, one.cost) for one in page.rows] == [
        ("Acme", 2, 3, usd("0.003")), ("", 1, 1, usd("0.001")),
    ]  # fmt: skip


async def test_agents_vendors_and_viewers_get_only_what_is_theirs(ctx: Context) -> None:
    me = await made(ctx, "a@example.com")
    for other in (me, as_vendor(ctx, await make_vendor(ctx))):
        for attempt in (
            ops_usage.USAGE.page(other, Search()),
            ops_usage.ORGANISATIONS.page(other, Search()),
            ops_agents.CALLS.page(other, Search()),
            ops_agents.get(other, me.tenant_id),
            ops_agents.grant(other, me.tenant_id, 1, reason="x"),
        ):
            with pytest.raises(ForbiddenError):
                await attempt
    viewer = as_ops(ctx, Role.OPS_VIEWER)
    with pytest.raises(ForbiddenError):
        await ops_agents.grant(viewer, me.tenant_id, 1, reason="x")
    (key,) = await credentials.list_tokens(me, credentials.AGENT)
    with pytest.raises(ForbiddenError):
        await ops_agents.revoke_key(viewer, me.tenant_id, key.id, reason="x")
    assert (await ctx.db.get_one(Agent, me.tenant_id)).tier is Tier.FREE
