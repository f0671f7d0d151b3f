"""From free to paid by the call: a card stored on the provider's page, and only its word upgrades."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.core.errors import ConflictError, NotFoundError
from app.rules.quota import Tier
from app.rules.statuses import PaymentMethodStatus
from app.services import agent_links, agents, payments, quotas
from app.services.agent_links import Purpose
from app.services.context import Context
from app.services.rails import PROVIDER_OF
from models.agent import Agent, PaymentState
from models.tenant import Programme, Rail, Tenant

PAGE: Final = "/agent/upgrade"
"""Where the human behind an agent comes back to; coming back proves nothing."""


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


@dataclass(frozen=True, slots=True)
class CardState:
    """What the acting agent pays with, and how long by the call; ``label`` is empty without a card."""

    is_paid: bool
    state: PaymentState
    label: str
    since: dt.datetime | None
    upgraded_at: dt.datetime | None
    paid_until: dt.datetime | None
    is_page_open: bool


async def card(ctx: Context) -> CardState:
    """Return what the acting agent pays with."""
    agent = await agents.reading(ctx)
    binding = await payments.binding_state(ctx)
    has_card = binding.status is PaymentMethodStatus.CONNECTED
    return CardState(
        quotas.tier_of(ctx, agent) is Tier.PAID,
        agent.payment_state,
        (binding.label or "Your card") if has_card else "",
        binding.connected_at if has_card else None,
        agent.upgraded_at,
        agent.paid_until,
        binding.is_page_open,
    )


async def store_card(ctx: Context) -> str:
    """Return the page where the acting agent's human stores a card, the first one or another one."""
    agent = await agents.reading(ctx)
    page = await _start(ctx, agent.tenant_id, ctx.site_url + PAGE, again=True)
    return page.url


async def remove_card(ctx: Context) -> None:
    """Let go of the acting agent's card; it pays to the month's end and is free again from then on.

    Raises ``ConflictError`` ``no_payment_method`` or, while something is to be paid, ``invoices_open``.
    """
    await agents.reading(ctx)
    await payments.detach(ctx)


async def _start(
    ctx: Context, tenant_id: UUID, back: str = "", cancel: str = "", *, again: bool = False
) -> UpgradePage:
    await ctx.db.get(Tenant, tenant_id, with_for_update=True)  # the tenant first, as everywhere
    agent = await _agent(ctx, tenant_id, lock=True)
    has_card = agent.payment_state is PaymentState.ACTIVE
    if has_card and not again and quotas.tier_of(ctx, agent) is Tier.PAID:
        raise ConflictError("This agent is upgraded already.", reason="already_upgraded")
    if not has_card:  # one that is replaced stays good until the other one is there
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
