"""Onboarding: one call, one free tier an address, and no key for whoever only knows one."""

from __future__ import annotations

import asyncio

import pytest
from sqlmodel import col, func, select

from app.core.errors import ForbiddenError, InvalidInputError, NotFoundError, RateLimitedError
from app.rules.gateway import Scope
from app.rules.quota import Tier
from app.runtime import Runtime
from app.services import agents, credentials
from app.services.context import SYSTEM, Context
from models.agent import Agent
from models.audit import AuditEvent
from models.credential import Credential, CredentialKind
from models.tenant import Programme, Tenant
from tests.factories import as_agent, as_nobody, as_vendor, make_agent, make_vendor
from tests.money_kit import jobs, mails


async def test_one_call_makes_tenant_key_and_customer_job(ctx: Context) -> None:
    made = await agents.onboard(
        as_nobody(ctx),
        "leadscoring",
        agent_id="scout",
        email="Bob@Example.com",
        organisation="Acme",
    )
    assert made is not None
    tenant = await ctx.db.get_one(Tenant, made.agent.tenant_id)
    assert (tenant.programme, tenant.email) == (Programme.AGENT, "bob@example.com")
    assert (made.quota.tier, made.quota.remaining) == (Tier.FREE, 100)
    row = (
        await ctx.db.scalars(select(Credential).where(col(Credential.tenant_id) == tenant.id))
    ).one()
    assert made.api_key.startswith("agk_")
    assert row.kind is CredentialKind.API_KEY
    assert made.api_key not in (row.lookup, row.secret_hash)
    assert [job.tenant_id for job in await jobs(ctx, "create_customer")] == [tenant.id]


async def test_a_known_address_gets_a_mail_and_nobody_a_key(ctx: Context) -> None:
    """Whoever posts a known address must not be handed the key of the agent behind it."""
    first = await make_agent(ctx, "known@example.com")
    again = await agents.onboard(
        as_nobody(ctx), "leadscoring", agent_id="thief", email="KNOWN@example.com"
    )
    assert again is None
    assert await ctx.db.scalar(select(func.count()).select_from(Agent)) == 1
    assert await ctx.db.scalar(select(func.count()).select_from(Tenant)) == 1
    assert await ctx.db.scalar(select(func.count()).select_from(Credential)) == 1
    (mail,) = await mails(ctx, "agent_known")
    assert mail.recipient == "known@example.com"
    assert first.api_key not in str(mail.payload)


async def test_many_at_once_with_one_address_are_one_agent(own_run: Runtime) -> None:
    async def go(number: int) -> bool:
        async with own_run.context(SYSTEM) as ctx:
            made = await agents.onboard(
                ctx, "leadscoring", agent_id=f"a{number}", email="race@example.com"
            )
            return made is not None

    own_run.settings.limit_mail = "100/hour"
    won = await asyncio.gather(*(go(number) for number in range(8)))
    assert sum(won) == 1
    async with own_run.context(SYSTEM) as ctx:
        assert await ctx.db.scalar(select(func.count()).select_from(Tenant)) == 1
        assert await ctx.db.scalar(select(func.count()).select_from(Credential)) == 1


async def test_bad_input_stores_nothing(ctx: Context) -> None:
    for product, agent_id, email, error in (
        ("nothing", "scout", "a@example.com", NotFoundError),
        ("leadscoring", "", "a@example.com", InvalidInputError),
        ("leadscoring", "scout", "nobody", InvalidInputError),
    ):
        with pytest.raises(error):
            await agents.onboard(as_nobody(ctx), product, agent_id=agent_id, email=email)
    assert await ctx.db.scalar(select(func.count()).select_from(Tenant)) == 0


async def test_a_network_onboards_only_so_many(ctx: Context) -> None:
    ctx.settings.limit_onboard = "2/hour"
    for number in range(2):
        await make_agent(ctx, f"a{number}@example.com")
    with pytest.raises(RateLimitedError):
        await make_agent(ctx, "a3@example.com")


async def test_keys_are_handled_within_the_scopes_of_the_asking_one(ctx: Context) -> None:
    made = await make_agent(ctx)
    me = as_agent(ctx, made.agent, Scope.IAM, Scope.READ)
    assert agents.narrowed(me, None) == [Scope.IAM, Scope.READ]
    with pytest.raises(InvalidInputError):
        agents.narrowed(me, [Scope.DOMAIN])
    with pytest.raises(ForbiddenError):
        await agents.acting(as_agent(ctx, made.agent, Scope.READ), Scope.IAM)
    issued = await credentials.issue(me, "Second", family=credentials.AGENT, scopes=["manage.read"])
    rotated = await credentials.rotate(me, issued.row.id, family=credentials.AGENT)
    assert rotated.row.scopes == ["manage.read"]
    with pytest.raises(NotFoundError):  # an agent has no vendor tokens
        await credentials.revoke(me, issued.row.id)
    await credentials.revoke(me, issued.row.id, family=credentials.AGENT)
    kinds = set(await ctx.db.scalars(select(AuditEvent.kind)))
    assert {"agent.key_issued", "agent.key_rotated", "agent.key_revoked"} <= kinds


async def test_nobody_else_is_an_agent(ctx: Context) -> None:
    vendor = await make_vendor(ctx)
    for other in (as_nobody(ctx), as_vendor(ctx, vendor), ctx):
        with pytest.raises(ForbiddenError):
            await agents.acting(other)
