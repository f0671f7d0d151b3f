from __future__ import annotations

import asyncio
import datetime as dt

import pytest
from sqlalchemy import select
from sqlmodel import col

from app.core.clock import FixedClock
from app.core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from app.core.ids import new_id
from app.runtime import Runtime
from app.services import action_policies, gateway
from app.services.context import SYSTEM, Context
from app.services.gateway import Call, Reply
from models.action_policy import ActionApproval, ApprovalStatus
from models.agent import Agent, AgentCall
from models.lead import LeadModel
from models.person import Role
from tests.factories import as_agent, as_ops, make_agent

MAKE = "domain.leadscoring.models.create"
ALL = "domain.leadscoring.*"


def create(key: str = "fit") -> Call:
    return Call(MAKE, {"key": key, "name": "Fit"})


@pytest.fixture
async def agent(ctx: Context) -> Agent:
    made = (await make_agent(ctx)).agent
    await ctx.db.commit()
    return made


async def ask(ctx: Context, agent: Agent, call: Call | None = None) -> Reply:
    reply = await gateway.run(as_agent(ctx, agent), call or create())
    await ctx.db.commit()
    await ctx.db.refresh(agent)
    return reply


async def models(ctx: Context) -> int:
    return len((await ctx.db.scalars(select(LeadModel))).all())


async def deny(ctx: Context, effect: str = "deny", **more: object) -> None:
    admin = as_ops(ctx, Role.OPS_ADMIN)
    await action_policies.set_policy(admin, ALL, effect, **more)  # type: ignore[arg-type]
    await ctx.db.commit()


async def test_what_a_policy_forbids_does_not_run_and_says_why(ctx: Context, agent: Agent) -> None:
    await deny(ctx, reason="Ask sales first.")
    refused = await ask(ctx, agent)
    assert (refused.status, refused.body["code"]) == (403, "AUTHORIZATION_ERROR")
    assert "Ask sales first." in refused.body["error"]
    assert await models(ctx) == 0
    (row,) = await ctx.db.scalars(select(AgentCall))
    assert (row.status, row.is_billable, row.policy_id is not None) == ("denied", False, True)


async def test_reading_and_trying_dry_need_no_leave(ctx: Context, agent: Agent) -> None:
    await deny(ctx)
    assert (await ask(ctx, agent, Call("domain.leadscoring.models.list"))).status == 200
    dry = Call("domain.leadscoring.models.upsert_bulk", {"models": [{"key": "a", "name": "A"}]})
    dry = Call(dry.action, dry.params, is_dry_run=True)
    assert (await ask(ctx, agent, dry)).status == 200


async def test_a_policy_may_be_for_one_agent_and_another_an_exception(
    ctx: Context, agent: Agent
) -> None:
    other = (await make_agent(ctx, "other@example.com")).agent
    await ctx.db.commit()
    await deny(ctx)
    await deny(ctx, "allow", tenant_id=other.tenant_id)
    assert (await ask(ctx, agent)).status == 403
    assert (await ask(ctx, other)).status == 200
    rows = await action_policies.list_policies(as_ops(ctx))
    assert [(row.effect, name) for row, name in rows] == [("deny", ""), ("allow", "scout")]
    await action_policies.remove_policy(as_ops(ctx, Role.OPS_ADMIN), rows[0][0].id)
    await ctx.db.commit()
    assert (await ask(ctx, agent)).status == 200


async def test_said_again_it_replaces(ctx: Context) -> None:
    await deny(ctx)
    await deny(ctx, "require_approval")
    rows = await action_policies.list_policies(as_ops(ctx))
    assert [row.effect for row, _ in rows] == ["require_approval"]


async def test_an_approved_call_runs_once(ctx: Context, agent: Agent) -> None:
    await deny(ctx, "require_approval")
    asked = await ask(ctx, agent)
    again = await ask(ctx, agent)
    assert [one.body["code"] for one in (asked, again)] == ["REQUIRES_APPROVAL"] * 2
    assert asked.body["approval_id"] == again.body["approval_id"]
    ((row, name),) = await action_policies.waiting(as_ops(ctx))
    assert (row.action, row.params, name) == (MAKE, {"key": "fit", "name": "Fit"}, "scout")
    await action_policies.settle(as_ops(ctx, Role.OPS_OPERATOR), row.id, approve=True)
    await ctx.db.commit()
    assert (await ask(ctx, agent, create("other"))).body["code"] == "REQUIRES_APPROVAL"
    assert (await ask(ctx, agent)).status == 200
    assert await models(ctx) == 1
    assert (await ask(ctx, agent)).body["code"] == "REQUIRES_APPROVAL"
    assert len(await action_policies.waiting(as_ops(ctx))) == 2


async def test_an_approval_of_what_fails_is_not_used_up(ctx: Context, agent: Agent) -> None:
    assert (await ask(ctx, agent)).status == 200
    await deny(ctx, "require_approval")
    await ask(ctx, agent)
    ((row, _),) = await action_policies.waiting(as_ops(ctx))
    await action_policies.settle(as_ops(ctx, Role.OPS_OPERATOR), row.id, approve=True)
    await ctx.db.commit()
    assert (await ask(ctx, agent)).body["code"] == "CONFLICT"
    await ctx.db.refresh(row)
    assert row.status is ApprovalStatus.APPROVED


async def test_a_rejected_call_is_refused_until_a_week_is_over(
    ctx: Context, agent: Agent, clock: FixedClock
) -> None:
    await deny(ctx, "require_approval")
    await ask(ctx, agent)
    ((row, _),) = await action_policies.waiting(as_ops(ctx))
    await action_policies.settle(as_ops(ctx, Role.OPS_OPERATOR), row.id, approve=False)
    await ctx.db.commit()
    with pytest.raises(ConflictError):
        await action_policies.settle(as_ops(ctx, Role.OPS_OPERATOR), row.id, approve=True)
    assert "not approved" in (await ask(ctx, agent)).body["error"]
    assert list(await action_policies.waiting(as_ops(ctx))) == []
    clock.advance(dt.timedelta(days=7))
    assert "it was asked for" in (await ask(ctx, agent)).body["error"]
    assert len(await action_policies.waiting(as_ops(ctx))) == 1


async def test_of_many_at_once_an_approval_lets_one_run(own_run: Runtime) -> None:
    async with own_run.context(SYSTEM) as ctx:
        made = (await make_agent(ctx)).agent
        await deny(ctx, "require_approval")
        await ask(ctx, made, Call(f"{ALL[:-2]}.leads.create", {"external_id": "L", "answers": {}}))
        ((row, _),) = await action_policies.waiting(ctx)
        await action_policies.settle(ctx, row.id, approve=True)

    async def once() -> int:
        async with own_run.context(SYSTEM) as ctx:
            call = Call(f"{ALL[:-2]}.leads.create", {"external_id": "L", "answers": {}})
            return (await gateway.run(as_agent(ctx, made), call)).status

    found = await asyncio.gather(*(once() for _ in range(8)))
    assert sorted(found) == [200, *[403] * 7]


async def test_secrets_are_hidden_from_whoever_approves(ctx: Context, agent: Agent) -> None:
    await deny(ctx, "require_approval")
    call = Call("domain.leadscoring.leads.create", {"external_id": "x", "answers": {"token": 1}})
    other = Call(call.action, {"external_id": "x", "answers": {"token": 2}})
    first, second = await ask(ctx, agent, call), await ask(ctx, agent, other)
    assert first.body["approval_id"] != second.body["approval_id"]
    rows = await ctx.db.scalars(select(col(ActionApproval.params)))
    assert {row["answers"]["token"] for row in rows} == {"[redacted]"}  # type: ignore[index]


async def test_only_administrators_set_policies_and_only_operators_decide(ctx: Context) -> None:
    for role in (Role.OPS_VIEWER, Role.OPS_OPERATOR):
        with pytest.raises(ForbiddenError):
            await action_policies.set_policy(as_ops(ctx, role), ALL, "deny")
        with pytest.raises(ForbiddenError):
            await action_policies.remove_policy(as_ops(ctx, role), new_id())
    with pytest.raises(ForbiddenError):
        await action_policies.settle(as_ops(ctx, Role.OPS_VIEWER), new_id(), approve=True)
    with pytest.raises(NotFoundError):
        await action_policies.settle(as_ops(ctx, Role.OPS_OPERATOR), new_id(), approve=True)


async def test_nonsense_is_refused(ctx: Context) -> None:
    admin = as_ops(ctx, Role.OPS_ADMIN)
    with pytest.raises(InvalidInputError):
        await action_policies.set_policy(admin, "no such thing!", "deny")
    with pytest.raises(InvalidInputError):
        await action_policies.set_policy(admin, ALL, "forbid")
    with pytest.raises(NotFoundError):
        await action_policies.set_policy(admin, ALL, "deny", tenant_id=new_id())
