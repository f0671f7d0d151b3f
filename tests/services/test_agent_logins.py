"""The human behind an agent: in by mail once, and in nothing but the agent's own account."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import col, select

from app.core.errors import ForbiddenError, NotFoundError, NotSignedInError, RateLimitedError
from app.core.ids import new_id
from app.rules.gateway import CallerType, Scope
from app.rules.statuses import TenantStatus
from app.services import (
    accounts,
    agent_logins,
    agents,
    credentials,
    gateway,
    outbox,
    people,
    profiles,
    sessions,
)
from app.services.context import ActorKind, Context
from app.services.gateway import Call
from app.services.session_tokens import SignedIn
from models.agent import Agent, AgentCall
from models.exchange import OutboxItem
from models.person import MailedLink
from models.tenant import Tenant
from tests.factories import as_customer, as_nobody, make_agent

EMAIL = "agent@example.com"


async def mailed(ctx: Context) -> list[dict[str, Any]]:
    rows = await ctx.db.scalars(
        select(OutboxItem).where(col(OutboxItem.name) == "agent_login").order_by(col(OutboxItem.id))
    )
    return [outbox.mail_params(ctx, one) for one in rows]


def token_of(params: dict[str, Any]) -> str:
    return params["url"].removeprefix("/v1/enter/").partition("?")[0]


async def ask(ctx: Context, onward: str = "") -> str:
    await agent_logins.request(as_nobody(ctx), EMAIL, onward)
    return token_of((await mailed(ctx))[-1])


async def signed_in(ctx: Context, signed: SignedIn) -> Context:
    actor = await sessions.authenticate(as_nobody(ctx), signed.token, sessions.ANYBODY)
    return replace(ctx, actor=actor)


async def test_a_mailed_link_lets_the_human_in_once(ctx: Context) -> None:
    agent = (await make_agent(ctx)).agent
    token = await ask(ctx)
    shown = await agent_logins.show(as_nobody(ctx), token)
    assert [one.agent_id for one in shown.agents] == ["scout"]
    signed = await agent_logins.enter(as_nobody(ctx), token)
    assert signed.home == "/agent"
    me = await signed_in(ctx, signed)
    assert (me.actor.kind, me.tenant_id) == (ActorKind.CUSTOMER, agent.tenant_id)
    assert me.actor.scopes == {one.value for one in Scope}
    profile = await profiles.mine(me)
    assert (profile.name, profile.email, profile.role, profile.home) == (
        "scout",
        EMAIL,
        None,
        "/agent",
    )
    for door in (agent_logins.show, agent_logins.enter):
        with pytest.raises(NotFoundError):
            await door(as_nobody(ctx), token)


async def test_coming_in_by_mail_confirms_the_address(ctx: Context) -> None:
    agent = (await make_agent(ctx)).agent
    assert agent.confirmed_at is None
    await agent_logins.enter(as_nobody(ctx), await ask(ctx))
    assert agent.confirmed_at == ctx.now()


async def test_only_a_hash_of_the_link_is_stored_and_it_lasts_a_quarter_of_an_hour(
    ctx: Context, clock: Any
) -> None:
    await make_agent(ctx)
    token = await ask(ctx)
    link = (await ctx.db.scalars(select(MailedLink))).one()
    assert link.token_hash == ctx.keyring.hash_token(token)
    assert link.expires_at - link.created_at == dt.timedelta(minutes=15)
    clock.advance(dt.timedelta(minutes=15))
    with pytest.raises(NotFoundError):
        await agent_logins.enter(as_nobody(ctx), token)


async def test_a_newer_link_ends_the_older_one(ctx: Context) -> None:
    await make_agent(ctx)
    first, second = await ask(ctx), await ask(ctx)
    with pytest.raises(NotFoundError):
        await agent_logins.enter(as_nobody(ctx), first)
    assert (await agent_logins.enter(as_nobody(ctx), second)).token


@pytest.mark.parametrize("address", [EMAIL, "nobody@example.com"])
async def test_an_answer_takes_as_long_whether_there_is_an_agent_or_not(
    ctx: Context, address: str
) -> None:
    await make_agent(ctx)
    began = time.monotonic()
    await agent_logins.request(as_nobody(ctx), address)
    assert time.monotonic() - began >= agent_logins.EVERY_ANSWER_TAKES.total_seconds()
    assert bool(await mailed(ctx)) == (address == EMAIL)


async def test_too_many_asked_for_are_refused_for_known_and_unknown_alike(ctx: Context) -> None:
    await make_agent(ctx)
    ctx.settings.limit_mail = "1/hour"
    for address in (EMAIL, "nobody@example.com"):
        await agent_logins.request(as_nobody(ctx), address)
        with pytest.raises(RateLimitedError):
            await agent_logins.request(as_nobody(ctx), address)


async def test_several_agents_of_an_address_come_in_one_mail(ctx: Context) -> None:
    first = (await make_agent(ctx)).agent
    tenant = await ctx.db.get_one(Tenant, first.tenant_id)
    other = Tenant(**tenant.model_dump(exclude={"id"}), id=new_id())
    ctx.db.add(other)
    await ctx.db.flush()
    second = Agent(
        tenant_id=other.id, product="other", agent_id="digger", email=EMAIL, onboarded_at=ctx.now()
    )
    ctx.db.add(second)
    await ctx.db.flush()
    token = await ask(ctx)
    assert [one["agents"] for one in await mailed(ctx)] == ["scout (leadscoring), digger (other)"]
    with pytest.raises(NotFoundError):
        await agent_logins.enter(as_nobody(ctx), token, new_id())
    me = await signed_in(ctx, await agent_logins.enter(as_nobody(ctx), token, second.tenant_id))
    assert me.tenant_id == second.tenant_id


async def test_a_link_opens_no_agent_of_another_address(ctx: Context) -> None:
    await make_agent(ctx)
    other = (await make_agent(ctx, "other@example.com")).agent
    with pytest.raises(NotFoundError):
        await agent_logins.enter(as_nobody(ctx), await ask(ctx), other.tenant_id)


async def test_a_link_of_an_agent_is_none_of_a_person(ctx: Context) -> None:
    await make_agent(ctx)
    token = await ask(ctx)
    for door in (accounts.show_link, accounts.confirm_email):
        with pytest.raises(NotFoundError):
            await door(as_nobody(ctx), token)


@pytest.mark.parametrize(
    ("wanted", "leads"),
    [
        ("/agent/keys?open=1", "/agent/keys?open=1"),
        ("/agent", "/agent"),
        ("/agents", "/agent"),
        ("/vendor", "/agent"),
        ("/agent/login", "/agent"),
        ("//elsewhere.example/agent", "/agent"),
        ("", "/agent"),
    ],
)
async def test_the_way_on_leads_to_pages_of_agents_only(wanted: str, leads: str) -> None:
    assert agent_logins.onward_path(wanted) == leads


async def test_the_session_of_a_closed_account_ends(ctx: Context) -> None:
    agent = (await make_agent(ctx)).agent
    signed = await agent_logins.enter(as_nobody(ctx), await ask(ctx))
    (await ctx.db.get_one(Tenant, agent.tenant_id)).status = TenantStatus.CLOSED
    await ctx.db.flush()
    with pytest.raises(NotSignedInError):
        await signed_in(ctx, signed)


async def test_a_session_ended_by_its_cookie_is_over_and_leads_to_the_agents_login(
    ctx: Context,
) -> None:
    await make_agent(ctx)
    signed = await agent_logins.enter(as_nobody(ctx), await ask(ctx))
    assert await sessions.end(as_nobody(ctx), signed.token) == "/agent/login"
    with pytest.raises(NotSignedInError):
        await signed_in(ctx, signed)


async def test_a_tenant_is_no_person(ctx: Context) -> None:
    agent = (await make_agent(ctx)).agent
    signed = await agent_logins.enter(as_nobody(ctx), await ask(ctx))
    with pytest.raises(ForbiddenError) as refusal:
        await sessions.authenticate(as_nobody(ctx), signed.token)
    assert refusal.value.reason == "wrong_login"
    with pytest.raises(ForbiddenError):
        await people.me(as_customer(ctx, agent))


async def test_a_suspended_agents_human_may_look_and_not_act(ctx: Context) -> None:
    agent = (await make_agent(ctx)).agent
    (await ctx.db.get_one(Tenant, agent.tenant_id)).status = TenantStatus.SUSPENDED
    await ctx.db.flush()
    me = as_customer(ctx, agent)
    assert (await agents.reading(me)).agent_id == "scout"
    with pytest.raises(ForbiddenError) as refusal:
        await agents.acting(me)
    assert refusal.value.reason == "account_suspended"


async def test_a_call_of_the_human_says_so_in_its_row(ctx: Context) -> None:
    agent = (await make_agent(ctx)).agent
    reply = await gateway.run(as_customer(ctx, agent), Call("meta.version"))
    assert reply.status == 200
    row = (await ctx.db.scalars(select(AgentCall))).one()
    assert (row.actor_type, row.actor_id) == (CallerType.USER, str(agent.tenant_id))


async def test_a_key_made_by_the_human_is_told_as_theirs(ctx: Context) -> None:
    agent = (await make_agent(ctx)).agent
    await credentials.issue(as_customer(ctx, agent), "laptop", family=credentials.AGENT)
    rows = await ctx.db.scalars(select(OutboxItem).where(col(OutboxItem.name) == "key_issued"))
    assert [one.payload["by"] for one in rows] == [EMAIL]
