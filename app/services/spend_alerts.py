"""Mails that tell an agent's owner how much is gone: of a budget, or of the free calls of a month."""

from __future__ import annotations

from app.core.phrases import Phrase, to_json
from app.rules import spending
from app.rules.periods import BillingMonth
from app.rules.quota import PRICE
from app.services import agent_links, outbox
from app.services.agent_links import Purpose
from app.services.context import Context
from models.agent import Agent
from models.tenant import Tenant

PAGE = "/agent/alerts"
"""Where a budget is changed."""


async def after_charged(
    ctx: Context,
    agent: Agent,
    month: BillingMonth,
    before: int,
    after: int,
    budget_calls: int | None,
) -> None:
    """Tell of the part of the budget that charged calls came to, in their own transaction."""
    if budget_calls is None:
        return
    percent = spending.crossed(before, after, budget_calls, spending.ALERTS)
    if percent is not None:
        await tell_spent(ctx, agent, month, percent, after)


async def tell_spent(
    ctx: Context, agent: Agent, month: BillingMonth, percent: int, charged: int
) -> None:
    """Mail that a part of the budget is spent; each part is told once a month."""
    budget = agent.budget
    if budget is None:
        return
    consequence = "spend.open" if not agent.hard_stop else "spend.near"
    if percent >= 100 and agent.hard_stop:
        consequence = "spend.stopped"
    await _mail(
        ctx,
        agent,
        "spend_alert",
        f"spend_alert/{agent.tenant_id}/{month}/{percent}",
        percent=percent,
        spent=str(PRICE.times(charged)),
        budget=str(budget),
        consequence=to_json(Phrase.of(consequence)),
        renews_on=month.next.first_day.isoformat(),
        url=PAGE,
    )


async def after_free(
    ctx: Context, agent: Agent, month: BillingMonth, before: int, used: int, limit: int
) -> None:
    """Tell of the part of the month's free calls that calls came to; each is told once a month."""
    percent = spending.crossed(before, used, limit, spending.FREE_ALERTS)
    if percent is None:
        return
    await _mail(
        ctx,
        agent,
        "free_calls_used",
        f"free_calls_used/{agent.tenant_id}/{month}/{percent}",
        used=used,
        limit=limit,
        renews_on=month.next.first_day.isoformat(),
        url=agent_links.path(ctx, agent.tenant_id, Purpose.UPGRADE),
    )


async def _mail(ctx: Context, agent: Agent, template: str, key: str, **params: object) -> None:
    tenant = await ctx.db.get_one(Tenant, agent.tenant_id)
    await outbox.mail(
        ctx,
        template,
        to=agent.email,
        key=key,
        params={"agent": agent.agent_id, **params},
        tenant_id=agent.tenant_id,
        locale=tenant.locale,
    )
