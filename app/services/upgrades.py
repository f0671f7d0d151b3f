"""From free to paid by the call: a card stored on the provider's page, and only its word upgrades."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from app.core.errors import ConflictError, NotFoundError
from app.rules.quota import Tier
from app.services import agent_links, payments, quotas
from app.services.agent_links import Purpose
from app.services.context import Context
from app.services.rails import PROVIDER_OF
from models.agent import Agent, PaymentState
from models.tenant import Programme, Rail, Tenant


@dataclass(frozen=True, slots=True)
class UpgradePage:
    """Where a card is stored for an agent, until when."""

    url: str
    expires_at: dt.datetime


@dataclass(frozen=True, slots=True)
class UpgradeView:
    """What an upgrade link shows to whoever follows it."""

    name: str
    is_paid: bool
    used: int
    limit: int | None


async def start(ctx: Context, tenant_id: UUID, *, back: str = "", cancel: str = "") -> UpgradePage:
    """Open the page where the acting agent's card is stored; nothing is charged there.

    It leads ``back`` when it is done, and to ``cancel`` for whoever gives up. Raises ``NotFoundError`` for another tenant's id, ``ConflictError`` ``already_upgraded``.
    """
    if tenant_id != ctx.tenant_id:
        raise NotFoundError("There is no such thing here.")
    return await _start(ctx, tenant_id, back, cancel)


async def show(ctx: Context, secret: str) -> UpgradeView:
    """Tell what an upgrade link is about and change nothing; raises ``NotFoundError``."""
    agent = await _agent(ctx, agent_links.tenant_of(ctx, secret, Purpose.UPGRADE))
    quota = await quotas.current(ctx, agent)
    return UpgradeView(agent.agent_id, quota.tier is Tier.PAID, quota.used, quota.limit)


async def follow(ctx: Context, secret: str) -> str:
    """Return the address of the card page that an upgrade link leads to; raises ``NotFoundError``."""
    page = await _start(ctx, agent_links.tenant_of(ctx, secret, Purpose.UPGRADE))
    return page.url


async def _start(ctx: Context, tenant_id: UUID, back: str = "", cancel: str = "") -> UpgradePage:
    await ctx.db.get(Tenant, tenant_id, with_for_update=True)  # the tenant first, as everywhere
    agent = await _agent(ctx, tenant_id, lock=True)
    if quotas.tier_of(ctx, agent) is Tier.PAID and agent.payment_state is PaymentState.ACTIVE:
        raise ConflictError("This agent is upgraded already.", reason="already_upgraded")
    agent.payment_state = PaymentState.SETUP_PENDING
    back = back or agent_links.upgrade_url(ctx, tenant_id)
    slug = PROVIDER_OF[Rail.CARD]
    page = await payments.open_setup(ctx, tenant_id, slug, "USD", back, cancel_url=cancel)
    return UpgradePage(page.url, page.expires_at)


async def _agent(ctx: Context, tenant_id: UUID, *, lock: bool = False) -> Agent:
    """Return an agent to whoever proved a right to it by key, link or the provider's word."""
    agent = await ctx.db.get(Agent, tenant_id, with_for_update=lock, populate_existing=lock)
    tenant = await ctx.db.get(Tenant, tenant_id)
    if agent is None or tenant is None or tenant.programme is not Programme.AGENT:
        raise NotFoundError("There is no such thing here.")
    return agent
