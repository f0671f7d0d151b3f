"""An agent's calls of a month: taken before the action runs, given back with it when it fails."""

from __future__ import annotations

from typing import Final

from sqlalchemy import update
from sqlmodel import col, select

from app.core.errors import PaymentRequiredError
from app.rules import quota as rules
from app.rules.periods import BillingMonth
from app.rules.quota import Quota, Tier
from app.services.context import Context
from app.services.outbox import insert_or_ignore
from models.agent import Agent, CallCounter

_COUNTER: Final = CallCounter.__table__  # type: ignore[attr-defined]


async def take(ctx: Context, agent: Agent) -> Quota:
    """Take one billable call of the running month, in the transaction of the action itself.

    The counter's row is locked until that ends, so of many at once exactly as many run as are left;
    whatever undoes the action undoes this. Raises ``PaymentRequiredError`` ``upgrade_required``.
    """
    limit = _limit(ctx, agent)
    period = str(BillingMonth.containing(ctx.now()))
    used = await _count_up(ctx, agent, period, limit)
    if used is None:
        first = {"tenant_id": agent.tenant_id, "period": period, "used": 0}
        await ctx.db.execute(insert_or_ignore(ctx, CallCounter, first, "tenant_id", "period"))
        used = await _count_up(ctx, agent, period, limit)
    if used is None:
        raise PaymentRequiredError(
            _why(agent, limit),
            reason="upgrade_required",
            usage={"calls_used": limit, "calls_limit": limit, "tier": Tier.FREE.value},
        )
    return Quota(tier_of(ctx, agent), used, limit)


def tier_of(ctx: Context, agent: Agent) -> Tier:
    """Return an agent's tier as of now."""
    return rules.tier_at(agent.tier, agent.paid_until, ctx.now())


async def current(ctx: Context, agent: Agent) -> Quota:
    """Return what is used of the running month."""
    used = await ctx.db.scalar(
        select(CallCounter.used).where(
            col(CallCounter.tenant_id) == agent.tenant_id,
            col(CallCounter.period) == str(BillingMonth.containing(ctx.now())),
        )
    )
    return Quota(tier_of(ctx, agent), used or 0, _limit(ctx, agent))


async def _count_up(ctx: Context, agent: Agent, period: str, limit: int | None) -> int | None:
    """Return the number of the call taken, None where none is left or nobody counted yet."""
    query = update(_COUNTER).where(
        _COUNTER.c.tenant_id == agent.tenant_id, _COUNTER.c.period == period
    )
    if limit is not None:
        query = query.where(_COUNTER.c.used < limit)
    return await ctx.db.scalar(query.values(used=_COUNTER.c.used + 1).returning(_COUNTER.c.used))


def _limit(ctx: Context, agent: Agent) -> int | None:
    return rules.limit_of(
        tier_of(ctx, agent),
        is_confirmed=agent.confirmed_at is not None,
        must_confirm=ctx.settings.agents_must_confirm,
    )


def _why(agent: Agent, limit: int | None) -> str:
    if limit == rules.UNCONFIRMED_CALLS:
        return f"Confirm {agent.email} to use the rest of this month's free calls."
    return f"The {limit} free calls of this month are used up. Upgrade to go on."
